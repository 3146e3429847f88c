//! How to reach RabbitMQ, and what to ask of it.

use std::{fmt, time::Duration};

use crate::{Tls, Topology};

/// Settings of [`RabbitBroker`](crate::RabbitBroker).
#[derive(Clone)]
pub struct RabbitConfig {
    /// `amqp://user:password@host:5672/vhost`, or `amqps://` for TLS. The virtual host `/` is written `%2f`.
    pub url: String,
    /// Password that replaces the one in the address, as it is: nothing in it is escaped.
    pub password: Option<String>,
    /// Whom to trust, and who we are, for `amqps://`.
    pub tls: Tls,
    /// Names of the queues.
    pub topology: Topology,
    /// Shown in RabbitMQ's list of connections, with the role behind it.
    pub connection_name: String,
    /// How often a message may be returned before it goes to the dead queue; a limit of n means n + 1
    /// deliveries. All processes of a pool must agree: RabbitMQ refuses a second declaration that differs.
    pub delivery_limit: u32,
    /// Longest wait for a connection, its handshake and the declarations.
    pub connect_timeout: Duration,
    /// Longest wait of a publish for its confirm, and before that for a connection.
    pub confirm_timeout: Duration,
    /// Heartbeat in seconds. RabbitMQ notices a frozen client after three times this (measured on 3.10.8:
    /// 30 s at 10).
    pub heartbeat: u16,
}

impl RabbitConfig {
    /// The pool's defaults: queues `himekuri.*`, delivery limit 20, timeouts of 10 s, heartbeat 10 s.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            password: None,
            tls: Tls::default(),
            topology: Topology::default(),
            connection_name: "himekuri".to_owned(),
            delivery_limit: 20,
            connect_timeout: Duration::from_secs(10),
            confirm_timeout: Duration::from_secs(10),
            heartbeat: 10,
        }
    }
}

impl fmt::Debug for RabbitConfig {
    /// Leaves out the address, which may hold a password, and the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitConfig")
            .field("tls", &self.tls)
            .field("topology", &self.topology)
            .field("connection_name", &self.connection_name)
            .field("delivery_limit", &self.delivery_limit)
            .field("connect_timeout", &self.connect_timeout)
            .field("confirm_timeout", &self.confirm_timeout)
            .field("heartbeat", &self.heartbeat)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let password = Some("hunter2".to_owned());
        let config = RabbitConfig { password, ..RabbitConfig::new("amqp://u:hunter3@h") };

        let text = format!("{config:?}");

        assert!(!text.contains("hunter"), "{text}");
    }
}
