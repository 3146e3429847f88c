//! What can go wrong between the pool and its broker.

use himekuri_tls::TlsError;
use std::{error::Error, time::Duration};

use crate::Queue;

/// An underlying error, kept as the cause without naming the client library.
pub type Cause = Box<dyn Error + Send + Sync + 'static>;

/// The broker could not be reached or set up.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The address is not one of RabbitMQ's form.
    #[error("the broker address is not valid; write it as `amqp://user:password@host:5672/vhost`")]
    Address {
        /// What the parser said; it never repeats the address, which may hold a password.
        #[source]
        source: Cause,
    },
    /// No connection.
    #[error("could not connect to RabbitMQ at `{address}`; {cure}")]
    Connect {
        /// Host, port and virtual host, without user and password.
        address: String,
        /// What the admin can do about it.
        cure: &'static str,
        /// What the connection attempt said.
        #[source]
        source: Cause,
    },
    /// The server lacks what the pool needs, or is no RabbitMQ.
    #[error("the server at `{address}` cannot be used: {why}; {cure}")]
    Unfit {
        /// Host, port and virtual host, without user and password.
        address: String,
        /// What is wrong with it.
        why: String,
        /// What the admin can do about it.
        cure: &'static str,
    },
    /// A certificate or key for TLS cannot be used.
    #[error(transparent)]
    Certificates(#[from] TlsError),
    /// A queue could not be declared.
    #[error("could not declare queue `{queue}` at `{address}`; {cure}")]
    Declare {
        /// Full name of the queue.
        queue: String,
        /// Host, port and virtual host, without user and password.
        address: String,
        /// What the admin can do about it.
        cure: &'static str,
        /// What the broker said.
        #[source]
        source: Cause,
    },
    /// [`Broker::close`](crate::Broker::close) was called.
    #[error("the broker connection is closed")]
    Closed,
}

/// A message was not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The body is larger than every supported broker takes. Publishing it again cannot help.
    #[error("message `{id}` has {size} bytes; the broker takes at most {limit}")]
    TooLarge {
        /// The message.
        id: String,
        /// Size of its body in bytes.
        size: usize,
        /// [`MAX_BODY_BYTES`](crate::MAX_BODY_BYTES).
        limit: usize,
    },
    /// The queue was missing, and the broker returned the message. The queue is declared again.
    #[error("message `{id}` was returned: queue {queue:?} was missing and is declared again")]
    Unroutable {
        /// The message.
        id: String,
        /// Where it should have gone.
        queue: Queue,
    },
    /// The broker refused the message: the queue is full, or the broker failed inside.
    #[error("message `{id}` was refused by queue {queue:?}; is the queue over a length limit?")]
    Refused {
        /// The message.
        id: String,
        /// Where it should have gone.
        queue: Queue,
    },
    /// No confirm in time: whether the message is in the queue is unknown.
    #[error("message `{id}` was not confirmed within {} s", waited.as_secs_f32())]
    Unconfirmed {
        /// The message.
        id: String,
        /// How long the confirm was waited for.
        waited: Duration,
    },
    /// The connection was lost before the confirm: whether the message is in the queue is unknown.
    #[error("the connection to the broker was lost while publishing message `{id}`")]
    ConnectionLost {
        /// The message.
        id: String,
        /// What the connection said, if it said anything.
        #[source]
        source: Option<Cause>,
    },
    /// The broker stayed unreachable; the message was not sent.
    #[error("the broker was unreachable for {} s; message `{id}` was not sent", waited.as_secs_f32())]
    Unreachable {
        /// The message.
        id: String,
        /// How long a connection was waited for.
        waited: Duration,
    },
    /// [`Broker::close`](crate::Broker::close) was called.
    #[error("message `{id}` was not sent: the broker connection is closed")]
    Closed {
        /// The message.
        id: String,
    },
}

impl PublishError {
    /// The variant in a word, for metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Unroutable { .. } => "unroutable",
            Self::Refused { .. } => "refused",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::ConnectionLost { .. } => "connection_lost",
            Self::Unreachable { .. } => "unreachable",
            Self::Closed { .. } => "closed",
        }
    }

    /// Whether publishing the same message again can succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unroutable { .. }
            | Self::Refused { .. }
            | Self::Unconfirmed { .. }
            | Self::ConnectionLost { .. }
            | Self::Unreachable { .. } => true,
            Self::TooLarge { .. } | Self::Closed { .. } => false,
        }
    }
}

/// A delivery could not be settled because its channel is gone. Callers may ignore it: the message comes
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the delivery's channel is gone; the message will be delivered again")]
pub struct SettleError;
