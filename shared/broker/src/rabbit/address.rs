//! Addresses without secrets, and cures for failed connections.

use std::io;

use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError},
    uri::AMQPUri,
};

/// Host, port and virtual host: what may be shown.
pub(super) fn shown(uri: &AMQPUri) -> String {
    format!("{}:{}, virtual host {}", uri.authority.host, uri.authority.port, uri.vhost)
}

/// What an admin can do about a failed connection.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign list that grows; the last arm is for what has no cure of its own"
)]
pub(super) fn cure(error: &lapin::Error) -> &'static str {
    match error.kind() {
        ErrorKind::IOError(error) => cure_of_io(error),
        ErrorKind::ProtocolError(error) => match error.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => {
                "check user and password (`guest` may only connect from the broker's own host)"
            }
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => {
                "check that the virtual host exists and the user may use it \
                 (`rabbitmqctl list_permissions -p VHOST`)"
            }
            AMQPErrorKind::Soft(_) | AMQPErrorKind::Hard(_) => CHECK_VERSION,
        },
        _ => CHECK_VERSION,
    }
}

const CHECK_VERSION: &str =
    "check that it is RabbitMQ 3.10 or later and speaks AMQP 0-9-1 on this port";

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign list that grows; the last arm is for what has no cure of its own"
)]
fn cure_of_io(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there: check that the server is running, and the port"
        }
        io::ErrorKind::TimedOut => {
            "nobody answered in time: check host, port and firewall, and whether the server is overloaded"
        }
        // After the handshake, the server's alert and the end of the connection overtake each other.
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            "the server ended the connection: check host and port, and over TLS check the certificates of both sides"
        }
        _ if error.raw_os_error().is_none() => {
            let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            tls.map_or(CHECK_NAME, |error| himekuri_tls::cure(error, NO_TLS))
        }
        _ => "check host and port, and the network between",
    }
}

const CHECK_NAME: &str = "check the host name, and that it is RabbitMQ 3.10 or later and speaks AMQP 0-9-1 on this port \
     (a port for TLS needs `amqps://`)";

const NO_TLS: &str =
    "there is no TLS on this port: use `amqp://`, or the port for `amqps://` (5671)";
