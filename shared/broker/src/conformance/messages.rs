//! Messages arrive as they were sent.

use std::collections::BTreeMap;

use super::{Pool, message, next, publish, take};
use crate::{MAX_BODY_BYTES, OutgoingMessage, PublishError, Queue};

/// Confirm means durably queued.
pub async fn a_confirmed_message_is_received(pool: &dyn Pool) {
    let broker = pool.connect().await;

    publish(&*broker, [message("one")]).await;

    let mut consumer = broker.consume(Queue::Tasks, 10).await.unwrap();
    let delivery = next(&mut *consumer).await;
    assert_eq!(delivery.body, b"one");
    assert_eq!(delivery.message_id.as_deref(), Some("one"));
    assert!(!delivery.redelivered);
    assert_eq!(delivery.delivery_count, 0);
    assert_eq!((delivery.death_reason.as_deref(), delivery.died_in), (None, None));
    delivery.ack().unwrap();
}

/// Any bytes, any text.
pub async fn body_and_headers_arrive_unchanged(pool: &dyn Pool) {
    let broker = pool.connect().await;
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(200_000).collect();
    let headers: BTreeMap<String, String> =
        [("traceparent", "00-ab-cd-01"), ("baggage", "日めくり"), ("empty", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    let sent = OutgoingMessage { headers: headers.clone(), ..message("binary") };

    publish(&*broker, [OutgoingMessage { body: bytes.clone(), ..sent }, message("")]).await;

    let mut consumer = broker.consume(Queue::Tasks, 10).await.unwrap();
    let delivery = next(&mut *consumer).await;
    assert!(delivery.body == bytes, "the body changed on its way");
    assert_eq!(delivery.headers, headers);
    delivery.ack().unwrap();
    let empty = next(&mut *consumer).await;
    assert!(empty.body.is_empty() && empty.headers.is_empty());
    empty.ack().unwrap();
}

/// A task never arrives as a report.
pub async fn queues_are_separate(pool: &dyn Pool) {
    let broker = pool.connect().await;
    let report = OutgoingMessage::new(Queue::Reports, "report", "report");

    publish(&*broker, [message("task"), report]).await;

    let mut reports = broker.consume(Queue::Reports, 10).await.unwrap();
    let mut tasks = broker.consume(Queue::Tasks, 10).await.unwrap();
    assert_eq!(take(&mut *reports).await, "report");
    assert_eq!(take(&mut *tasks).await, "task");
}

/// One publisher, one consumer, nothing returned.
pub async fn a_thousand_messages_keep_their_order(pool: &dyn Pool) {
    let broker = pool.connect().await;
    let names: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    let mut consumer = broker.consume(Queue::Tasks, 100).await.unwrap();

    publish(&*broker, names.iter().map(|name| message(name))).await;

    for name in &names {
        assert_eq!(&take(&mut *consumer).await, name);
    }
}

/// Its neighbours are confirmed.
pub async fn a_body_over_the_limit_fails_alone(pool: &dyn Pool) {
    let broker = pool.connect().await;
    let huge = OutgoingMessage::new(Queue::Tasks, "huge", vec![0; MAX_BODY_BYTES + 1]);

    let results = broker.publish(vec![message("a"), huge, message("b")]).await;

    assert!(
        matches!(results[..], [Ok(()), Err(PublishError::TooLarge { .. }), Ok(())]),
        "{results:?}"
    );
    let mut consumer = broker.consume(Queue::Tasks, 10).await.unwrap();
    assert_eq!(take(&mut *consumer).await, "a");
    assert_eq!(take(&mut *consumer).await, "b");
}
