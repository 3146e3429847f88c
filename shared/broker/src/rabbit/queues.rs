//! The queues as RabbitMQ must hold them.

use lapin::{
    Channel,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
};

use crate::{Queue, Topology};

/// Declares one queue; does nothing when it exists with the same arguments.
pub(super) async fn declare(
    channel: &Channel,
    topology: &Topology,
    queue: Queue,
    delivery_limit: u32,
) -> lapin::Result<()> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let arguments = match queue {
        // No limit of any kind: what died stays until somebody has seen it.
        Queue::Dead => vec![kind()],
        Queue::Tasks | Queue::Reports => working(&topology.name(Queue::Dead), delivery_limit),
    };
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert(name.into(), value);
    }
    channel.queue_declare(topology.name(queue).into(), options, table).await.map(|_| ())
}

/// Arguments of a queue whose messages may die. At-least-once dead-lettering needs `reject-publish`; without
/// it RabbitMQ silently falls back to at-most-once.
fn working(dead: &str, delivery_limit: u32) -> Vec<(&'static str, AMQPValue)> {
    vec![
        kind(),
        ("x-delivery-limit", AMQPValue::LongLongInt(i64::from(delivery_limit))),
        // The default exchange: it leads to the queue named by the routing key.
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text(dead)),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text("reject-publish")),
    ]
}

fn kind() -> (&'static str, AMQPValue) {
    ("x-queue-type", text("quorum"))
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
