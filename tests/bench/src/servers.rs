//! The pool against a bare lapin program on the same broker.

use anyhow::Context;
use himekuri_testkit::{RabbitMq, RedisServer};

use crate::measurement::{Figure, Measurement, ROUNDS, Rounds};
use crate::{bare, pool};

/// Independent no-op tasks: enough that starting up does not count.
const PARALLEL_TASKS: u32 = 10_000;

/// No-op tasks one after another.
const SEQUENTIAL_TASKS: u32 = 500;

pub(crate) async fn measure() -> anyhow::Result<Vec<Measurement>> {
    let rabbitmq = RabbitMq::start().context("could not start RabbitMQ")?;
    let redis = RedisServer::start().context("could not start Redis")?;
    let (amqp, store) = (rabbitmq.url(), redis.url());
    let once = |tasks, order| {
        let load = pool::Load { sessions: 1, tasks, order };
        pool::tasks_per_second(&amqp, &store, load, 0.0)
    };
    let mut throughput = Rounds::default();
    let mut sequential = Rounds::default();
    for _ in 0..ROUNDS {
        throughput
            .floor
            .push(bare::tasks_per_second(&rabbitmq.url(), PARALLEL_TASKS, 1_000).await?);
        throughput.value.push(once(PARALLEL_TASKS, pool::Order::Parallel).await?);
        sequential.floor.push(bare::tasks_per_second(&rabbitmq.url(), SEQUENTIAL_TASKS, 1).await?);
        sequential.value.push(once(SEQUENTIAL_TASKS, pool::Order::Sequential).await?);
    }
    let figure = |name, reach| Figure { name, unit: "tasks/s", reach };
    Ok(vec![
        throughput.measurement(figure("pool/throughput", "ratio >= 0.6")),
        sequential.measurement(figure("pool/sequential", "ratio >= 0.5")),
    ])
}
