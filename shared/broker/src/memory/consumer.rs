//! A consumer of the in-memory broker.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Shared, state::Stored};
use crate::{Consumer, Delivery, Queue, SettleError, Settlement, Settler, delivery::SettleSink};

/// Takes a message from its queue only when its owner asks: nothing is prefetched, so nothing has to be
/// drained.
pub(super) struct MemoryConsumer {
    shared: Arc<Shared>,
    id: u64,
    queue: Queue,
    prefetch: u16,
    cancelled: bool,
}

impl MemoryConsumer {
    pub(super) fn new(shared: Arc<Shared>, id: u64, queue: Queue, prefetch: u16) -> Self {
        Self { shared, id, queue, prefetch: prefetch.max(1), cancelled: false }
    }

    fn delivery(&self, tag: u64, stored: Stored) -> Delivery {
        let (death_reason, died_in) = stored.death.unzip();
        Delivery {
            body: stored.message.body,
            message_id: Some(stored.message.id),
            headers: stored.message.headers,
            redelivered: stored.returned > 0,
            delivery_count: stored.returned,
            death_reason: death_reason.map(str::to_owned),
            died_in,
            settler: Settler::new(Sink { shared: Arc::clone(&self.shared), tag }),
        }
    }
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            // Registered before looking, so that a change in between is not missed.
            let changed = self.shared.changed.notified();
            if self.cancelled {
                return None;
            }
            let (delivered, open) = {
                let mut state = self.shared.state();
                let delivered = state.deliver(self.id, self.queue, self.prefetch);
                (delivered, state.is_subscribed(self.id))
            };
            if let Some((tag, stored)) = delivered {
                return Some(self.delivery(tag, stored));
            }
            if !open {
                return None;
            }
            changed.await;
        }
    }

    async fn cancel(&mut self) {
        self.cancelled = true;
    }
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        self.shared.change(|state| state.unsubscribe(self.id));
    }
}

/// The way from one delivery back to its queue.
struct Sink {
    shared: Arc<Shared>,
    tag: u64,
}

impl SettleSink for Sink {
    fn settle(self: Box<Self>, settlement: Settlement) -> Result<(), SettleError> {
        self.shared.change(|state| state.settle(self.tag, settlement))
    }

    fn is_lost(&self) -> bool {
        !self.shared.state().is_unsettled(self.tag)
    }
}
