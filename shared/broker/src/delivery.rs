//! What is received, and how it is settled.

use std::{collections::BTreeMap, fmt};

use crate::{Queue, SettleError};

/// One delivery of a message.
///
/// It must be settled once: acknowledged, requeued or dead-lettered. A delivery that is dropped unsettled
/// (a panic, a cancelled future) goes back to its queue, as if requeued.
#[derive(Debug)]
pub struct Delivery {
    /// The content.
    pub body: Vec<u8>,
    /// The publisher's id, for diagnosis.
    pub message_id: Option<String>,
    /// Text headers of the publisher, for the trace context.
    pub headers: BTreeMap<String, String>,
    /// Whether the message was delivered before.
    pub redelivered: bool,
    /// How often the message was returned to its queue so far: 0 on the first delivery. For diagnosis:
    /// brokers count differently.
    pub delivery_count: u32,
    /// On [`Queue::Dead`]: why the message died, `rejected` or `delivery_limit` in RabbitMQ's words.
    pub death_reason: Option<String>,
    /// On [`Queue::Dead`]: the queue in which the message died.
    pub died_in: Option<Queue>,
    /// Settles this delivery; take it out with [`Delivery::into_parts`] to settle later or in a batch.
    pub(crate) settler: Settler,
}

impl Delivery {
    /// Removes the message from its queue.
    ///
    /// Settling never waits: it hands the decision to the consumer's channel, which joins neighbouring
    /// acknowledgements into one. [`Broker::close`](crate::Broker::close) sends what is still under way.
    ///
    /// # Errors
    /// When the channel is gone; the message comes again.
    pub fn ack(self) -> Result<(), SettleError> {
        self.settler.settle(Settlement::Ack)
    }

    /// Gives the message back to its queue; it is delivered again at once, and the return counts towards
    /// the delivery limit.
    ///
    /// # Errors
    /// When the channel is gone; the message comes again.
    pub fn requeue(self) -> Result<(), SettleError> {
        self.settler.settle(Settlement::Requeue)
    }

    /// Moves the message to [`Queue::Dead`]. On a delivery of the dead queue itself it removes the message.
    ///
    /// # Errors
    /// When the channel is gone; the message comes again.
    pub fn dead_letter(self) -> Result<(), SettleError> {
        self.settler.settle(Settlement::DeadLetter)
    }

    /// Settles by value, for callers that decide first and act in one place.
    ///
    /// # Errors
    /// When the channel is gone; the message comes again.
    pub fn settle(self, settlement: Settlement) -> Result<(), SettleError> {
        self.settler.settle(settlement)
    }

    /// Tells `observer` how the delivery is settled, just before it is; dropped unsettled, it is requeued. For
    /// simulations, which look at the order of what happens.
    #[must_use]
    pub fn observed(self, observer: impl FnOnce(Settlement) + Send + Sync + 'static) -> Self {
        let Self { settler, .. } = self;
        let settler = Settler::new(Observed { settler, observer: Box::new(observer) });
        Self { settler, ..self }
    }

    /// Splits content and settling: decode the body, keep the [`Settler`] until the result is recorded.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, Settler) {
        (self.body, self.settler)
    }
}

/// What becomes of a delivered message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Done: remove it.
    Ack,
    /// Give it back to the queue.
    Requeue,
    /// Move it to [`Queue::Dead`].
    DeadLetter,
}

/// The right to settle one delivery, once. Requeues when dropped unused.
pub struct Settler {
    sink: Option<Box<dyn SettleSink>>,
}

impl Settler {
    pub(crate) fn new(sink: impl SettleSink + 'static) -> Self {
        Self { sink: Some(Box::new(sink)) }
    }

    /// Whether settling can have no effect any more, because the channel is gone: the message comes again,
    /// and work on this delivery may stop.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.sink.as_ref().is_some_and(|sink| sink.is_lost())
    }

    /// Settles the delivery; never waits.
    ///
    /// # Errors
    /// When the channel is gone; the message comes again.
    pub fn settle(mut self, settlement: Settlement) -> Result<(), SettleError> {
        self.sink.take().map_or(Err(SettleError), |sink| sink.settle(settlement))
    }

    /// [`Settler::settle`] with [`Settlement::Ack`].
    ///
    /// # Errors
    /// When the channel is gone; the message comes again.
    pub fn ack(self) -> Result<(), SettleError> {
        self.settle(Settlement::Ack)
    }
}

impl Drop for Settler {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            // A lost channel has already given the message back.
            let _lost = sink.settle(Settlement::Requeue);
        }
    }
}

impl fmt::Debug for Settler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settler").field("settled", &self.sink.is_none()).finish()
    }
}

/// A settlement with somebody who looks on.
struct Observed {
    settler: Settler,
    observer: Box<dyn FnOnce(Settlement) + Send + Sync>,
}

impl SettleSink for Observed {
    fn settle(self: Box<Self>, settlement: Settlement) -> Result<(), SettleError> {
        (self.observer)(settlement);
        self.settler.settle(settlement)
    }

    fn is_lost(&self) -> bool {
        self.settler.is_lost()
    }
}

/// Where one delivery's settlement goes: each form of the broker has its own.
pub(crate) trait SettleSink: Send + Sync {
    fn settle(self: Box<Self>, settlement: Settlement) -> Result<(), SettleError>;
    /// Whether the channel of this delivery is gone.
    fn is_lost(&self) -> bool;
}
