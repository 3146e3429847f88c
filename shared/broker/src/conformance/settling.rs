//! Settled once, or delivered again, or dead with a reason.

use std::collections::BTreeMap;

use super::{DELIVERY_LIMIT, Pool, message, next, publish, take, text};
use crate::{OutgoingMessage, Queue};

/// Also when the connection closes right after the acknowledgement.
pub async fn an_acked_message_is_gone(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, [message("done")]).await;
    let mut consumer = broker.consume(Queue::Tasks, 10).await.unwrap();
    next(&mut *consumer).await.ack().unwrap();
    broker.close().await;

    let broker = pool.connect().await;
    publish(&*broker, [message("next")]).await;

    let mut consumer = broker.consume(Queue::Tasks, 10).await.unwrap();
    assert_eq!(take(&mut *consumer).await, "next");
}

/// `redelivered` and the count say so.
pub async fn a_requeued_message_comes_again_marked(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, [message("again")]).await;
    let mut consumer = broker.consume(Queue::Tasks, 1).await.unwrap();

    next(&mut *consumer).await.requeue().unwrap();

    let second = next(&mut *consumer).await;
    assert_eq!((second.redelivered, second.delivery_count), (true, 1));
    second.requeue().unwrap();
    let third = next(&mut *consumer).await;
    assert_eq!((third.redelivered, third.delivery_count), (true, 2));
    third.ack().unwrap();
}

/// A panic or a cancelled future must not hide a message until the connection ends.
pub async fn a_dropped_delivery_comes_again(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, [message("dropped")]).await;
    let mut consumer = broker.consume(Queue::Tasks, 1).await.unwrap();

    drop(next(&mut *consumer).await);

    let again = next(&mut *consumer).await;
    assert!(again.redelivered);
    assert_eq!(text(&again), "dropped");
    again.ack().unwrap();
}

/// Joining acknowledgements must neither lose nor add one.
pub async fn settling_out_of_order_settles_each_message_once(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, (0..100).map(|n| message(&n.to_string()))).await;
    let mut consumer = broker.consume(Queue::Tasks, 100).await.unwrap();
    let mut deliveries = Vec::new();
    for _ in 0..100 {
        deliveries.push(next(&mut *consumer).await);
    }

    let (keep, done): (Vec<_>, Vec<_>) =
        deliveries.into_iter().enumerate().partition(|(n, _)| n % 7 == 3);
    for (_, delivery) in done.into_iter().rev() {
        delivery.ack().unwrap();
    }
    broker.close().await;
    drop(keep);

    let broker = pool.connect().await;
    let mut consumer = broker.consume(Queue::Tasks, 100).await.unwrap();
    publish(&*broker, [message("end")]).await;
    let mut left = Vec::new();
    // The last one is no number.
    while let Ok(number) = take(&mut *consumer).await.parse::<u32>() {
        left.push(number);
    }
    left.sort_unstable();
    assert_eq!(left, (0..100).filter(|n| n % 7 == 3).collect::<Vec<u32>>());
}

/// Callers may ignore it; it must not panic or hang.
pub async fn settling_after_the_consumer_is_gone_is_an_error(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, [message("late")]).await;
    let mut consumer = broker.consume(Queue::Tasks, 1).await.unwrap();
    let (body, settler) = next(&mut *consumer).await.into_parts();
    assert_eq!(body, b"late");
    assert!(!settler.is_lost());

    broker.close().await;

    assert!(settler.is_lost());
    assert!(settler.ack().is_err());
}

/// A limit of n means n + 1 deliveries.
pub async fn a_message_returned_too_often_dies_with_the_reason(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, [message("poison")]).await;
    let mut tasks = broker.consume(Queue::Tasks, 1).await.unwrap();

    for count in 0..=DELIVERY_LIMIT {
        let delivery = next(&mut *tasks).await;
        assert_eq!(delivery.delivery_count, count);
        delivery.requeue().unwrap();
    }

    let mut dead = broker.consume(Queue::Dead, 1).await.unwrap();
    let delivery = next(&mut *dead).await;
    assert_eq!(text(&delivery), "poison");
    assert_eq!(delivery.death_reason.as_deref(), Some("delivery_limit"));
    assert_eq!(delivery.died_in, Some(Queue::Tasks));
    delivery.ack().unwrap();
}

/// With body, headers and id.
pub async fn a_dead_lettered_message_dies_with_the_reason(pool: &dyn Pool) {
    let broker = pool.connect().await;
    let headers: BTreeMap<String, String> = [("traceparent".to_owned(), "00-1".to_owned())].into();
    let report = OutgoingMessage::new(Queue::Reports, "id", "unreadable");
    publish(&*broker, [OutgoingMessage { headers: headers.clone(), ..report }]).await;
    let mut reports = broker.consume(Queue::Reports, 1).await.unwrap();

    next(&mut *reports).await.dead_letter().unwrap();

    let mut dead = broker.consume(Queue::Dead, 1).await.unwrap();
    let delivery = next(&mut *dead).await;
    assert_eq!(text(&delivery), "unreadable");
    assert_eq!(delivery.message_id.as_deref(), Some("id"));
    assert_eq!(delivery.headers, headers);
    assert_eq!(delivery.death_reason.as_deref(), Some("rejected"));
    assert_eq!(delivery.died_in, Some(Queue::Reports));
    delivery.dead_letter().unwrap();
}
