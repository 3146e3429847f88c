//! The message broker: a trait, RabbitMQ, and an in-memory form.
//!
//! The pool moves two kinds of message: tasks from the coordinator to the workers, reports back. This
//! crate knows nothing of their content; it promises only how they travel:
//!
//! - a confirmed message is durably in its queue and is delivered **at least once**;
//! - a delivery that is not settled (lost connection, dropped consumer, dropped delivery) comes again
//!   with `redelivered` set and a higher `delivery_count`;
//! - a message returned more often than the delivery limit, or dead-lettered by its reader, goes to
//!   [`Queue::Dead`] with the reason, so that nothing disappears without a trace.
//!
//! Duplicates are therefore normal, and readers decide by what the message says, never by how often it
//! came. [`RabbitBroker`] keeps these promises on RabbitMQ 3.10 and later, [`MemoryBroker`] inside one
//! process; `conformance` (feature `conformance`) is the suite that both pass.

mod broker;
#[cfg(feature = "conformance")]
pub mod conformance;
mod delivery;
mod error;
mod memory;
mod message;
mod rabbit;
mod tls;
mod topology;

pub use broker::{Broker, Consumer};
pub use delivery::{Delivery, Settlement, Settler};
pub use error::{BrokerError, Cause, PublishError, SettleError};
pub use himekuri_tls::{ClientCertificate, Tls, TlsError};
pub use memory::{MemoryBroker, MemoryConfig};
pub use message::{MAX_BODY_BYTES, OutgoingMessage};
pub use rabbit::{RabbitBroker, RabbitConfig};
pub use topology::{Queue, Topology};
