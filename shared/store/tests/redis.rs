//! The store on Redis keeps the store's promises.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

use himekuri_store::{RedisConfig, RedisStore};
use himekuri_testkit::{RedisServer, unique_name};

himekuri_store::conformance_tests!(store);

async fn store() -> RedisStore {
    let server = tokio::task::spawn_blocking(RedisServer::shared).await.unwrap().unwrap();
    let prefix = unique_name("conformance");
    RedisStore::connect(RedisConfig { prefix, ..RedisConfig::new(server.url()) }).await.unwrap()
}
