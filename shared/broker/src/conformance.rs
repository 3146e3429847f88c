//! What every form of the broker must do, as tests.
//!
//! [`conformance_tests!`](crate::conformance_tests) runs the suite: its argument is an async function that
//! returns a [`Pool`] with empty queues of its own and the delivery limit [`DELIVERY_LIMIT`].
//!
//! The suite never waits to see that nothing happens: a message that must not come is shown absent by
//! another one that comes in its place.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

mod consumers;
mod messages;
mod settling;

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

pub use consumers::*;
pub use messages::*;
pub use settling::*;

use crate::{Broker, Consumer, Delivery, OutgoingMessage, Queue};

/// Delivery limit of the brokers under test.
pub const DELIVERY_LIMIT: u32 = 3;
/// Longest wait for something that must happen.
const LIMIT: Duration = Duration::from_secs(60);

/// Queues under test.
#[async_trait]
pub trait Pool: Send + Sync {
    /// A new connection to the same queues.
    async fn connect(&self) -> Box<dyn Broker>;
}

/// One `#[tokio::test]` per promise. The argument names an `async fn() -> impl Pool`.
#[macro_export]
macro_rules! conformance_tests {
    ($pool:path) => {
        $crate::conformance_tests!(@each $pool:
            a_confirmed_message_is_received,
            body_and_headers_arrive_unchanged,
            queues_are_separate,
            an_acked_message_is_gone,
            a_requeued_message_comes_again_marked,
            a_dropped_delivery_comes_again,
            a_dropped_consumer_gives_its_deliveries_back,
            a_closed_broker_gives_deliveries_back_and_ends_its_consumers,
            a_dropped_broker_ends_its_consumers,
            prefetch_bounds_the_unsettled_deliveries,
            a_message_returned_too_often_dies_with_the_reason,
            a_dead_lettered_message_dies_with_the_reason,
            a_thousand_messages_keep_their_order,
            settling_out_of_order_settles_each_message_once,
            cancel_stops_drains_and_leaves_the_rest,
            everything_settled_after_a_cancel_stays_settled,
            settling_after_the_consumer_is_gone_is_an_error,
            a_body_over_the_limit_fails_alone,
        );
    };
    (@each $pool:path: $($name:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let pool = $pool().await;
                $crate::conformance::$name(&pool).await;
            }
        )+
    };
}

/// A task message whose body is its id.
#[must_use]
pub fn message(name: &str) -> OutgoingMessage {
    OutgoingMessage::new(Queue::Tasks, name, name)
}

/// Publishes and insists on every confirm.
pub async fn publish(broker: &dyn Broker, messages: impl IntoIterator<Item = OutgoingMessage>) {
    for result in broker.publish(messages.into_iter().collect()).await {
        result.unwrap();
    }
}

/// The next delivery, which must come.
pub async fn next(consumer: &mut dyn Consumer) -> Delivery {
    timeout(LIMIT, consumer.next()).await.expect("no delivery came").expect("the consumer ended")
}

/// Acknowledges the next delivery and returns its body.
pub async fn take(consumer: &mut dyn Consumer) -> String {
    let delivery = next(consumer).await;
    let body = text(&delivery);
    delivery.ack().unwrap();
    body
}

fn text(delivery: &Delivery) -> String {
    String::from_utf8_lossy(&delivery.body).into_owned()
}
