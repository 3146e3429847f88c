//! The in-memory store keeps the store's promises.

use himekuri_store::MemoryStore;

himekuri_store::conformance_tests!(store);

#[expect(clippy::unused_async, reason = "the suite's factory is async")]
async fn store() -> MemoryStore {
    MemoryStore::new()
}
