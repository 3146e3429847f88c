//! What is told of messages, after OpenTelemetry's conventions for messaging. There are several for each task, so those that went well
//! are counted here, and read when somebody looks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use himekuri_telemetry::metrics::pool::{
    BROKER_CONNECTED, CONSUMED, PUBLISH_DURATION, QUEUE_WAIT, SENT,
};
use himekuri_telemetry::{
    BoundHistogram, KeyValue, ObservableCounter, followed_counter, gauges, histogram,
};

use crate::{OutgoingMessage, PublishError, Queue};

static SENT_MESSAGES: LazyLock<ObservableCounter<u64>> =
    LazyLock::new(|| followed_counter(&SENT, sent));
static CONSUMED_MESSAGES: LazyLock<ObservableCounter<u64>> =
    LazyLock::new(|| followed_counter(&CONSUMED, consumed));
static PUBLISHING: LazyLock<ByQueue<BoundHistogram<f64>>> = LazyLock::new(|| {
    let all = histogram(&PUBLISH_DURATION);
    ByQueue(Queue::ALL.map(|queue| all.bind(&labels(queue, "publish"))))
});
static WAITED: LazyLock<ByQueue<BoundHistogram<f64>>> = LazyLock::new(|| {
    let all = histogram(&QUEUE_WAIT);
    ByQueue(Queue::ALL.map(|queue| all.bind(&[destination(queue)])))
});

static CONFIRMED: ByQueue<AtomicU64> = ByQueue::none();
static DELIVERED: ByQueue<AtomicU64> = ByQueue::none();
/// Messages that were not confirmed, with the reason.
static UNCONFIRMED: Mutex<BTreeMap<(Queue, &str), u64>> = Mutex::new(BTreeMap::new());

/// Name of the header that says when a message was sent, in milliseconds since 1970.
pub(super) const SENT_AT: &str = "himekuri-sent-ms";

/// Something for each queue, in the order of [`Queue::ALL`].
struct ByQueue<T>([T; Queue::ALL.len()]);

impl<T> ByQueue<T> {
    fn of(&self, queue: Queue) -> Option<&T> {
        self.all().find(|(known, _)| *known == queue).map(|(_, of)| of)
    }

    fn all(&self) -> impl Iterator<Item = (Queue, &T)> {
        Queue::ALL.into_iter().zip(&self.0)
    }
}

impl ByQueue<AtomicU64> {
    const fn none() -> Self {
        Self([const { AtomicU64::new(0) }; Queue::ALL.len()])
    }

    fn count(&self, queue: Queue) {
        if let Some(count) = self.of(queue) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Queues that had any.
    fn seen(&self) -> impl Iterator<Item = (Queue, u64)> {
        let counts = self.all().map(|(queue, count)| (queue, count.load(Ordering::Relaxed)));
        counts.filter(|(_, count)| *count > 0)
    }
}

/// A batch was sent.
pub(super) fn published(
    messages: &[OutgoingMessage],
    results: &[Result<(), PublishError>],
    took: Duration,
) {
    LazyLock::force(&SENT_MESSAGES);
    for (message, result) in messages.iter().zip(results) {
        match result {
            Ok(()) => CONFIRMED.count(message.queue),
            Err(error) => {
                let mut all = UNCONFIRMED.lock().unwrap_or_else(PoisonError::into_inner);
                *all.entry((message.queue, error.kind())).or_default() += 1;
            }
        }
    }
    for (queue, publishing) in PUBLISHING.all() {
        if messages.iter().any(|message| message.queue == queue) {
            publishing.record(took.as_secs_f64());
        }
    }
}

fn sent() -> Vec<(Vec<KeyValue>, u64)> {
    let unconfirmed = UNCONFIRMED.lock().unwrap_or_else(PoisonError::into_inner);
    let unconfirmed = unconfirmed.iter().map(|((queue, error), count)| (*queue, *error, *count));
    let confirmed = CONFIRMED.seen().map(|(queue, count)| (queue, "", count));
    let all = confirmed.chain(unconfirmed).map(|(queue, error, count)| {
        let [system, name, destination] = labels(queue, "publish");
        (vec![system, name, destination, KeyValue::new("error.type", error)], count)
    });
    all.collect()
}

/// A message has come, sent at so many milliseconds since 1970.
pub(super) fn delivered(queue: Queue, sent_at: Option<i64>) {
    LazyLock::force(&CONSUMED_MESSAGES);
    DELIVERED.count(queue);
    if let Some(millis) = sent_at.and_then(|sent_at| now().checked_sub(sent_at)) {
        let waited = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
        if let Some(histogram) = WAITED.of(queue) {
            histogram.record(waited.as_secs_f64());
        }
    }
}

fn consumed() -> Vec<(Vec<KeyValue>, u64)> {
    DELIVERED.seen().map(|(queue, count)| (labels(queue, "process").to_vec(), count)).collect()
}

/// The connection for publishing is up, or is not.
pub(super) fn connected(is_up: bool) {
    gauges::set(&BROKER_CONNECTED, f64::from(u8::from(is_up)));
}

/// For [`SENT_AT`].
pub(super) fn now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}

fn labels(queue: Queue, operation: &'static str) -> [KeyValue; 3] {
    [
        KeyValue::new("messaging.system", "rabbitmq"),
        KeyValue::new("messaging.operation.name", operation),
        destination(queue),
    ]
}

fn destination(queue: Queue) -> KeyValue {
    KeyValue::new("messaging.destination.name", queue.suffix())
}
