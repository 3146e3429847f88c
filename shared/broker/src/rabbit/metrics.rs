//! What is told of messages, after OpenTelemetry's conventions for messaging.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use himekuri_telemetry::metrics::pool::{
    BROKER_CONNECTED, CONSUMED, PUBLISH_DURATION, QUEUE_WAIT, SENT,
};
use himekuri_telemetry::{
    Counter, Histogram, KeyValue, ObservableCounter, counter, followed_counter, gauges, histogram,
};

use crate::{OutgoingMessage, PublishError, Queue};

static SENT_MESSAGES: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&SENT));
/// Deliveries by queue, in the order of [`Queue::ALL`].
static DELIVERED: [AtomicU64; Queue::ALL.len()] = [const { AtomicU64::new(0) }; Queue::ALL.len()];
static CONSUMED_MESSAGES: LazyLock<ObservableCounter<u64>> =
    LazyLock::new(|| followed_counter(&CONSUMED, consumed));
static PUBLISHING: LazyLock<Histogram<f64>> = LazyLock::new(|| histogram(&PUBLISH_DURATION));
static WAITED: LazyLock<Histogram<f64>> = LazyLock::new(|| histogram(&QUEUE_WAIT));

/// Name of the header that says when a message was sent, in milliseconds since 1970.
pub(super) const SENT_AT: &str = "himekuri-sent-ms";

/// A batch was sent.
pub(super) fn published(
    messages: &[OutgoingMessage],
    results: &[Result<(), PublishError>],
    took: Duration,
) {
    let mut counts: BTreeMap<(Queue, &str), u64> = BTreeMap::new();
    for (message, result) in messages.iter().zip(results) {
        let error = result.as_ref().err().map_or("", PublishError::kind);
        *counts.entry((message.queue, error)).or_default() += 1;
    }
    for ((queue, error), count) in counts {
        let [system, name, destination] = labels(queue, "publish");
        let sent = [system, name, destination, KeyValue::new("error.type", error)];
        SENT_MESSAGES.add(count, &sent);
        PUBLISHING.record(took.as_secs_f64(), &sent[..3]);
    }
}

/// A message has come.
pub(super) fn delivered(queue: Queue, sent_at: Option<&str>) {
    LazyLock::force(&CONSUMED_MESSAGES);
    let all = Queue::ALL.iter().zip(&DELIVERED);
    if let Some((_, delivered)) = all.into_iter().find(|(known, _)| **known == queue) {
        delivered.fetch_add(1, Ordering::Relaxed);
    }
    let sent_at = sent_at.and_then(|millis| Some(Duration::from_millis(millis.parse().ok()?)));
    if let Some(waited) = sent_at.and_then(|sent_at| now().checked_sub(sent_at)) {
        let destination = KeyValue::new("messaging.destination.name", queue.suffix());
        WAITED.record(waited.as_secs_f64(), &[destination]);
    }
}

fn consumed() -> Vec<(Vec<KeyValue>, u64)> {
    let counts = Queue::ALL.into_iter().zip(&DELIVERED);
    let seen = counts.map(|(queue, count)| (queue, count.load(Ordering::Relaxed)));
    let seen = seen.filter(|(_, count)| *count > 0);
    seen.map(|(queue, count)| (labels(queue, "process").to_vec(), count)).collect()
}

/// The connection for publishing is up, or is not.
pub(super) fn connected(is_up: bool) {
    gauges::set(&BROKER_CONNECTED, f64::from(u8::from(is_up)));
}

/// For [`SENT_AT`].
pub(super) fn sent_at() -> String {
    now().as_millis().to_string()
}

fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn labels(queue: Queue, operation: &'static str) -> [KeyValue; 3] {
    [
        KeyValue::new("messaging.system", "rabbitmq"),
        KeyValue::new("messaging.operation.name", operation),
        KeyValue::new("messaging.destination.name", queue.suffix()),
    ]
}
