//! What is published.

use std::collections::BTreeMap;

use crate::Queue;

/// Largest body that is published, in bytes: RabbitMQ 4.x refuses more than 16 MiB by default and closes
/// the channel over it, which would hit every other message on that channel too.
pub const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// A message to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The `message_id` property: for diagnosis only, never compared by the broker. RabbitMQ carries its first
    /// 255 bytes; the same goes for header names.
    pub id: String,
    /// Where it goes.
    pub queue: Queue,
    /// The content, at most [`MAX_BODY_BYTES`].
    pub body: Vec<u8>,
    /// Text headers, for the trace context. Names that start with `x-` belong to RabbitMQ.
    pub headers: BTreeMap<String, String>,
}

impl OutgoingMessage {
    /// A message without headers.
    pub fn new(queue: Queue, id: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { id: id.into(), queue, body: body.into(), headers: BTreeMap::new() }
    }
}
