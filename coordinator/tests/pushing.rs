//! What a push takes and what it refuses.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::sync::Arc;

use himekuri_broker::MemoryBroker;
use himekuri_coordinator::{Coordinator, CoordinatorConfig, ProjectRecord, PushError};
use himekuri_store::{MemoryStore, Store};
use himekuri_workflow::ProjectFiles;
use tokio_util::sync::CancellationToken;

/// A leading coordinator and its store.
struct Pool {
    store: Arc<MemoryStore>,
    coordinator: Coordinator,
    stop: CancellationToken,
}

impl Pool {
    async fn start() -> Self {
        let store = Arc::new(MemoryStore::new());
        let stop = CancellationToken::new();
        let broker = Arc::new(MemoryBroker::default());
        let shared: Arc<dyn Store> = store.clone();
        let config = CoordinatorConfig::default();
        let launched = Coordinator::launch(config, shared, broker, None, stop.clone());
        let (coordinator, _) = launched.await.unwrap().unwrap();
        Self { store, coordinator, stop }
    }

    async fn push(&self, name: &str) -> Result<ProjectRecord, PushError> {
        let files = ProjectFiles::from_iter([("wf.dig", "+a:\n  echo>: x\n")]);
        let archive = himekuri_project::pack(&files).unwrap();
        self.coordinator.push(name, &archive, Some("gcp".to_owned())).await
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn project_names_hold_what_addresses_and_labels_take() {
    let pool = Pool::start().await;

    for name in ["", "1st", ".a", "a b", "a/b", "日本"] {
        let refused = pool.push(name).await;
        assert!(matches!(&refused, Err(PushError::Name { name: given }) if given == name));
        assert_eq!(pool.store.project(name).await.unwrap(), None, "{name}");
    }
    for name in ["title_a", "a-b.c"] {
        assert_eq!(pool.push(name).await.unwrap().name, name);
        assert!(pool.store.project(name).await.unwrap().is_some(), "{name}");
    }
}
