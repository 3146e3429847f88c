//! Consumers come and go; messages stay.

use tokio::time::timeout;

use super::{LIMIT, Pool, message, next, publish, take, text};
use crate::{PublishError, Queue};

/// Read or unread.
pub async fn a_dropped_consumer_gives_its_deliveries_back(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, ["a", "b", "c"].map(message)).await;
    let mut first = broker.consume(Queue::Tasks, 3).await.unwrap();
    let held = next(&mut *first).await;

    drop(first);

    let mut second = broker.consume(Queue::Tasks, 3).await.unwrap();
    let mut got = Vec::new();
    for _ in 0..3 {
        let delivery = next(&mut *second).await;
        if text(&delivery) == "a" {
            assert!(delivery.redelivered);
            assert!(delivery.delivery_count >= 1);
        }
        got.push(text(&delivery));
        delivery.ack().unwrap();
    }
    got.sort();
    assert_eq!(got, ["a", "b", "c"]);
    assert!(held.ack().is_err());
}

/// Closing is dropping, in good order.
pub async fn a_closed_broker_gives_deliveries_back_and_ends_its_consumers(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, [message("open")]).await;
    let mut consumer = broker.consume(Queue::Tasks, 1).await.unwrap();
    let held = next(&mut *consumer).await;

    broker.close().await;

    assert!(timeout(LIMIT, consumer.next()).await.unwrap().is_none());
    assert!(held.ack().is_err());
    assert!(broker.consume(Queue::Tasks, 1).await.is_err());
    let refused = broker.publish(vec![message("late")]).await;
    assert!(matches!(refused[..], [Err(PublishError::Closed { .. })]), "{refused:?}");
    let other = pool.connect().await;
    let mut consumer = other.consume(Queue::Tasks, 1).await.unwrap();
    assert_eq!(take(&mut *consumer).await, "open");
}

/// A consumer without its broker must not wait for ever.
pub async fn a_dropped_broker_ends_its_consumers(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, [message("open")]).await;
    let mut consumer = broker.consume(Queue::Tasks, 1).await.unwrap();
    let held = next(&mut *consumer).await;

    drop(broker);

    assert!(timeout(LIMIT, consumer.next()).await.unwrap().is_none());
    drop(held);
    let other = pool.connect().await;
    let mut consumer = other.consume(Queue::Tasks, 1).await.unwrap();
    assert_eq!(take(&mut *consumer).await, "open");
}

/// What one consumer has no room for, another gets.
pub async fn prefetch_bounds_the_unsettled_deliveries(pool: &dyn Pool) {
    let broker = pool.connect().await;
    let mut full = broker.consume(Queue::Tasks, 2).await.unwrap();
    publish(&*broker, ["a", "b"].map(message)).await;
    let (a, b) = (next(&mut *full).await, next(&mut *full).await);

    publish(&*broker, ["c", "d"].map(message)).await;

    let mut free = broker.consume(Queue::Tasks, 10).await.unwrap();
    assert_eq!(take(&mut *free).await, "c");
    assert_eq!(take(&mut *free).await, "d");
    free.cancel().await;
    assert!(timeout(LIMIT, free.next()).await.unwrap().is_none());
    a.ack().unwrap();
    publish(&*broker, [message("e")]).await;
    assert_eq!(take(&mut *full).await, "e");
    b.ack().unwrap();
}

/// Nothing twice, nothing lost.
pub async fn cancel_stops_drains_and_leaves_the_rest(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, (0..20).map(|n| message(&format!("{n:02}")))).await;
    let mut first = broker.consume(Queue::Tasks, 5).await.unwrap();
    let held = next(&mut *first).await;
    let mut got = vec![text(&held)];

    first.cancel().await;
    while let Some(delivery) = timeout(LIMIT, first.next()).await.unwrap() {
        got.push(text(&delivery));
        delivery.ack().unwrap();
    }
    held.ack().unwrap();
    assert!(got.len() < 20, "cancel did not stop the deliveries");

    let mut second = broker.consume(Queue::Tasks, 5).await.unwrap();
    while got.len() < 20 {
        got.push(take(&mut *second).await);
    }
    publish(&*broker, [message("end")]).await;
    assert_eq!(take(&mut *second).await, "end");
    got.sort();
    got.dedup();
    assert_eq!(got.len(), 20);
}

/// However many settlements come at once before the end.
pub async fn everything_settled_after_a_cancel_stays_settled(pool: &dyn Pool) {
    let broker = pool.connect().await;
    publish(&*broker, (0..200).map(|n| message(&n.to_string()))).await;
    let mut consumer = broker.consume(Queue::Tasks, 200).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..200 {
        held.push(next(&mut *consumer).await);
    }

    consumer.cancel().await;
    assert!(timeout(LIMIT, consumer.next()).await.unwrap().is_none());
    for delivery in held.into_iter().rev() {
        delivery.ack().unwrap();
    }
    broker.close().await;

    let broker = pool.connect().await;
    let mut consumer = broker.consume(Queue::Tasks, 1).await.unwrap();
    publish(&*broker, [message("end")]).await;
    assert_eq!(take(&mut *consumer).await, "end");
}
