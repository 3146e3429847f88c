//! Projects and their revisions.

use redis::cmd;

use super::{RedisStore, connection::Call};
use crate::StoreError;

pub(super) async fn put_revision(
    store: &RedisStore,
    revision: &str,
    archive: &[u8],
) -> Result<(), StoreError> {
    let operation = || format!("store revision `{revision}`");
    let key = store.keys.revision(revision);
    store.link.run(operation, Call::Command(cmd("SET").arg(key).arg(archive))).await
}

pub(super) async fn revision(
    store: &RedisStore,
    revision: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let operation = || format!("read revision `{revision}`");
    let key = store.keys.revision(revision);
    store.link.run(operation, Call::Command(cmd("GET").arg(key))).await
}

pub(super) async fn put_project(
    store: &RedisStore,
    name: &str,
    record: &str,
) -> Result<(), StoreError> {
    let operation = || format!("store project `{name}`");
    let key = store.keys.projects();
    let _added: u64 = store
        .link
        .run(operation, Call::Command(cmd("HSET").arg(key).arg(name).arg(record)))
        .await?;
    Ok(())
}

pub(super) async fn project(store: &RedisStore, name: &str) -> Result<Option<String>, StoreError> {
    let operation = || format!("read project `{name}`");
    let key = store.keys.projects();
    store.link.run(operation, Call::Command(cmd("HGET").arg(key).arg(name))).await
}

pub(super) async fn projects(store: &RedisStore) -> Result<Vec<(String, String)>, StoreError> {
    let operation = || "read the projects".to_owned();
    let key = store.keys.projects();
    let mut all: Vec<(String, String)> =
        store.link.run(operation, Call::Command(cmd("HGETALL").arg(key))).await?;
    all.sort();
    Ok(all)
}
