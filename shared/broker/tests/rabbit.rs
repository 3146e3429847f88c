//! The broker on RabbitMQ keeps the broker's promises.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

use async_trait::async_trait;
use himekuri_broker::{
    Broker, RabbitBroker, RabbitConfig, Topology,
    conformance::{DELIVERY_LIMIT, Pool},
};
use himekuri_testkit::{RabbitMq, unique_name};

himekuri_broker::conformance_tests!(pool);

struct RabbitPool(RabbitConfig);

async fn pool() -> RabbitPool {
    let server = tokio::task::spawn_blocking(RabbitMq::shared).await.unwrap().unwrap();
    let topology = Topology::new(unique_name("conformance"));
    RabbitPool(RabbitConfig {
        topology,
        delivery_limit: DELIVERY_LIMIT,
        ..RabbitConfig::new(server.url())
    })
}

#[async_trait]
impl Pool for RabbitPool {
    async fn connect(&self) -> Box<dyn Broker> {
        Box::new(RabbitBroker::connect(self.0.clone()).await.unwrap())
    }
}
