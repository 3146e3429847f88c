//! The seam between the pool and its broker.

use async_trait::async_trait;

use crate::{BrokerError, Delivery, OutgoingMessage, PublishError, Queue};

/// A connection to a message broker with the three queues of the pool.
///
/// Dropping it ends its consumers like [`Broker::close`], but nobody waits for it.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Publishes all messages in order and waits until each is confirmed.
    ///
    /// The result has one entry per message, in the order given. `Ok` means that the message is durably
    /// in its queue. After an error the message may or may not be there: publish it again, readers
    /// expect duplicates. One failed message does not stop the others.
    async fn publish(&self, messages: Vec<OutgoingMessage>) -> Vec<Result<(), PublishError>>;

    /// Opens a stream of deliveries of one queue.
    ///
    /// `prefetch` is the number of deliveries that may be unsettled at a time; it is kept between 1 and
    /// 2,000, the most a quorum queue allows. The stream survives the loss of the connection: it is
    /// opened again and goes on, and what was unsettled is delivered again.
    ///
    /// # Errors
    /// When the broker was closed, or cannot be reached now.
    async fn consume(&self, queue: Queue, prefetch: u16) -> Result<Box<dyn Consumer>, BrokerError>;

    /// Sends the settlements that are still under way and ends all connections.
    ///
    /// Consumers end, and what they left unsettled is delivered again to others.
    async fn close(&self);
}

/// Deliveries of one queue, in the queue's order.
///
/// Dropping a consumer gives its unsettled deliveries back to the queue at once, also those that are
/// still being worked on. To stop in good order: [`Consumer::cancel`], read until `None`, settle what is
/// held, drop.
#[async_trait]
pub trait Consumer: Send {
    /// The next delivery; waits for one as long as it takes, also across reconnections.
    ///
    /// `None` only after [`Consumer::cancel`] once everything received is handed out, or after
    /// [`Broker::close`]. May be dropped while waiting (in a `select!`) without losing a delivery.
    async fn next(&mut self) -> Option<Delivery>;

    /// Stops new deliveries. Those already received can still be read and settled.
    async fn cancel(&mut self);
}
