//! The in-memory broker keeps the broker's promises.

use async_trait::async_trait;
use himekuri_broker::{
    Broker, MemoryBroker, MemoryConfig,
    conformance::{DELIVERY_LIMIT, Pool},
};

himekuri_broker::conformance_tests!(pool);

struct MemoryPool(MemoryBroker);

#[expect(clippy::unused_async, reason = "the suite's factory is async")]
async fn pool() -> MemoryPool {
    MemoryPool(MemoryBroker::new(MemoryConfig { delivery_limit: DELIVERY_LIMIT }))
}

#[async_trait]
impl Pool for MemoryPool {
    async fn connect(&self) -> Box<dyn Broker> {
        Box::new(self.0.connect())
    }
}
