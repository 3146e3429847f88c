//! What a server says of itself when a connection begins: the method `connection.start` of AMQP 0-9-1
//! (<https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf>, sections 1.4.2.1 and 4.2.3).

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use lapin::types::{AMQPValue, FieldTable, parsing::parse_field_table};

/// The first words of a client: AMQP 0-9-1.
const HEADER: &[u8; 8] = b"AMQP\0\0\x09\x01";
/// Type, channel and size before a frame.
const FRAME_HEAD: usize = 7;
/// Frame type of a method.
const METHOD: u8 = 1;
/// Class and method of `connection.start`, then the version of the protocol.
const START: [u8; 4] = [0, 10, 0, 10];
const VERSION_BYTES: usize = 2;
/// Largest greeting that is read: RabbitMQ's has about 500 bytes, and the size comes from whoever answers on that port.
const GREETING_MAX: usize = 64 * 1024;

/// What the server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Greeting {
    /// `RabbitMQ`, or somebody else who speaks AMQP 0-9-1.
    pub(super) product: String,
    /// `4.0.5`; empty if it does not say.
    pub(super) version: String,
    /// Extensions of the protocol that it offers.
    pub(super) capabilities: Vec<String>,
}

/// Says who we are and reads who it is; the stream is of no use afterwards.
pub(super) async fn read(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<Greeting> {
    stream.write_all(HEADER).await?;
    stream.flush().await?;
    let mut head = [0; FRAME_HEAD];
    stream.read_exact(&mut head).await?;
    let mut payload = vec![0; size_of(head)?];
    stream.read_exact(&mut payload).await?;
    // Nothing more is read from it, whether the goodbye arrives or not.
    let _closed = stream.close().await;
    parse(&payload)
}

fn size_of(head: [u8; FRAME_HEAD]) -> io::Result<usize> {
    let [kind, _, _, size @ ..] = head;
    let size = usize::try_from(u32::from_be_bytes(size)).unwrap_or(usize::MAX);
    if kind != METHOD {
        return Err(foreign("its first words are not those of AMQP 0-9-1"));
    }
    if size > GREETING_MAX {
        return Err(foreign("its first frame is too large"));
    }
    Ok(size)
}

fn parse(payload: &[u8]) -> io::Result<Greeting> {
    let table = payload
        .strip_prefix(&START)
        .and_then(|rest| rest.get(VERSION_BYTES..))
        .ok_or_else(|| foreign("its first frame is not `connection.start`"))?;
    let (_, properties) =
        parse_field_table(table).map_err(|_| foreign("its properties cannot be read"))?;
    Ok(Greeting {
        product: text(&properties, "product"),
        version: text(&properties, "version"),
        capabilities: capabilities(&properties),
    })
}

fn text(properties: &FieldTable, name: &str) -> String {
    let value = properties.inner().get(name).and_then(AMQPValue::as_long_string);
    value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

fn capabilities(properties: &FieldTable) -> Vec<String> {
    let table = properties.inner().get("capabilities").and_then(AMQPValue::as_field_table);
    let entries = table.into_iter().flat_map(|table| table.inner());
    let offered = entries.filter(|(_, value)| value.as_bool() == Some(true));
    offered.map(|(name, _)| name.to_string()).collect()
}

fn foreign(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_nobody_sends_in_earnest_is_refused_before_it_is_read() {
        assert!(size_of([METHOD, 0, 0, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert_eq!(size_of([METHOD, 0, 0, 0, 0, 2, 0]).unwrap(), 512);
    }

    #[test]
    fn a_web_server_is_no_broker() {
        assert!(size_of(*b"HTTP/1.").is_err());
        assert!(parse(b"400 Bad Request").is_err());
        assert!(parse(&START).is_err());
    }
}
