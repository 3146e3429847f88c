//! Queues, what is out for delivery, and the rules between them. No waiting happens here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{OutgoingMessage, Queue, SettleError, Settlement};

/// A message in a queue.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) message: OutgoingMessage,
    /// How often it was returned.
    pub(super) returned: u32,
    /// Why it died, and where; on the dead queue.
    pub(super) death: Option<(&'static str, Queue)>,
}

/// A delivery that is not settled.
#[derive(Debug)]
struct Unsettled {
    consumer: u64,
    queue: Queue,
    stored: Stored,
}

/// Everything the broker holds.
#[derive(Debug)]
pub(super) struct State {
    delivery_limit: u32,
    queues: BTreeMap<Queue, VecDeque<Stored>>,
    unsettled: BTreeMap<u64, Unsettled>,
    connections: BTreeSet<u64>,
    /// Open consumers and their connection.
    consumers: BTreeMap<u64, u64>,
    /// Last number given to a connection, a consumer or a delivery.
    last_number: u64,
}

impl State {
    pub(super) fn new(delivery_limit: u32) -> Self {
        Self {
            delivery_limit,
            queues: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            connections: BTreeSet::new(),
            consumers: BTreeMap::new(),
            last_number: 0,
        }
    }

    pub(super) fn connect(&mut self) -> u64 {
        let connection = self.number();
        self.connections.insert(connection);
        connection
    }

    pub(super) fn is_connected(&self, connection: u64) -> bool {
        self.connections.contains(&connection)
    }

    /// Ends a connection with its consumers.
    pub(super) fn disconnect(&mut self, connection: u64) {
        self.connections.remove(&connection);
        let of_it = |(consumer, of): (&u64, &u64)| (*of == connection).then_some(*consumer);
        let consumers: Vec<u64> = self.consumers.iter().filter_map(of_it).collect();
        for consumer in consumers {
            self.unsubscribe(consumer);
        }
    }

    /// Number of a new consumer; `None` when the connection is closed.
    pub(super) fn subscribe(&mut self, connection: u64) -> Option<u64> {
        if !self.is_connected(connection) {
            return None;
        }
        let consumer = self.number();
        self.consumers.insert(consumer, connection);
        Some(consumer)
    }

    pub(super) fn is_subscribed(&self, consumer: u64) -> bool {
        self.consumers.contains_key(&consumer)
    }

    pub(super) fn publish(&mut self, message: OutgoingMessage) {
        let queue = message.queue;
        self.queue(queue).push_back(Stored { message, returned: 0, death: None });
    }

    /// Takes the oldest message of a queue for a consumer that has room; returns its delivery tag.
    pub(super) fn deliver(
        &mut self,
        consumer: u64,
        queue: Queue,
        prefetch: u16,
    ) -> Option<(u64, Stored)> {
        let held = self.unsettled.values().filter(|open| open.consumer == consumer).count();
        if !self.is_subscribed(consumer) || held >= usize::from(prefetch) {
            return None;
        }
        let stored = self.queue(queue).pop_front()?;
        let tag = self.number();
        self.unsettled.insert(tag, Unsettled { consumer, queue, stored: stored.clone() });
        Some((tag, stored))
    }

    pub(super) fn is_unsettled(&self, tag: u64) -> bool {
        self.unsettled.contains_key(&tag)
    }

    pub(super) fn settle(&mut self, tag: u64, settlement: Settlement) -> Result<(), SettleError> {
        let open = self.unsettled.remove(&tag).ok_or(SettleError)?;
        match settlement {
            Settlement::Ack => {}
            Settlement::Requeue => self.give_back(open),
            Settlement::DeadLetter => self.bury(open, "rejected"),
        }
        Ok(())
    }

    /// Ends a consumer and gives back everything it holds, newest first, so that the oldest ends up in front.
    pub(super) fn unsubscribe(&mut self, consumer: u64) {
        self.consumers.remove(&consumer);
        let held: Vec<u64> = self
            .unsettled
            .iter()
            .filter(|(_, open)| open.consumer == consumer)
            .map(|(tag, _)| *tag)
            .collect();
        for tag in held.into_iter().rev() {
            if let Some(open) = self.unsettled.remove(&tag) {
                self.give_back(open);
            }
        }
    }

    const fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn give_back(&mut self, mut open: Unsettled) {
        open.stored.returned = open.stored.returned.saturating_add(1);
        let limited = match open.queue {
            Queue::Tasks | Queue::Reports => true,
            Queue::Dead => false,
        };
        if limited && open.stored.returned > self.delivery_limit {
            self.bury(open, "delivery_limit");
        } else {
            self.queue(open.queue).push_front(open.stored);
        }
    }

    /// To the dead queue; from there, out of the world.
    fn bury(&mut self, open: Unsettled, reason: &'static str) {
        match open.queue {
            Queue::Tasks | Queue::Reports => {
                let death = Some((reason, open.queue));
                self.queue(Queue::Dead).push_back(Stored { returned: 0, death, ..open.stored });
            }
            Queue::Dead => {}
        }
    }

    fn queue(&mut self, queue: Queue) -> &mut VecDeque<Stored> {
        self.queues.entry(queue).or_default()
    }
}
