//! From our message to RabbitMQ's.

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, ShortString},
};

use super::metrics::{SENT_AT, now};
use crate::OutgoingMessage;

/// Longest short string of AMQP 0-9-1, in bytes.
const SHORT_STRING_MAX: usize = 255;
/// `delivery_mode` of a message that survives a restart.
const PERSISTENT: u8 = 2;

/// Everything but body and address.
pub(super) fn properties(message: &OutgoingMessage) -> BasicProperties {
    let mut headers = FieldTable::default();
    for (name, value) in &message.headers {
        headers.insert(short(name), AMQPValue::LongString(value.as_str().into()));
    }
    headers.insert(short(SENT_AT), AMQPValue::LongLongInt(now()));
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(short(&message.id))
        .with_headers(headers)
}

/// Cut to what AMQP can carry.
fn short(text: &str) -> ShortString {
    text[..text.floor_char_boundary(SHORT_STRING_MAX)].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_too_long_for_amqp_is_cut_between_characters() {
        let long = "日".repeat(100);

        assert_eq!(short(&long).as_str(), "日".repeat(85));
        assert_eq!(short("trace").as_str(), "trace");
    }
}
