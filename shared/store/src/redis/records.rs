//! What the leader keeps beside attempts.

use redis::cmd;

use super::{
    RedisStore,
    connection::Call,
    reply::{Reply, number},
};
use crate::{Epoch, RecordKind, StoreError};

pub(super) async fn put(
    store: &RedisStore,
    epoch: Epoch,
    kind: RecordKind,
    key: &str,
    record: Option<&str>,
) -> Result<(), StoreError> {
    let operation = || format!("store the {} `{key}`", kind.name());
    let mut script = store.scripts.put_record.key(store.keys.records(kind));
    script.key(store.keys.epoch()).arg(epoch.0).arg(key);
    if let Some(record) = record {
        script.arg(record);
    }
    let reply: Reply = store.link.run(operation, Call::Script(&script)).await?;
    match reply.split() {
        ("ok", []) => Ok(()),
        ("fenced", [by]) => {
            Err(StoreError::Fenced { epoch, by: Epoch(number(Some(by), operation)?) })
        }
        _ => Err(reply.unknown(operation())),
    }
}

pub(super) async fn all(
    store: &RedisStore,
    kind: RecordKind,
) -> Result<Vec<(String, String)>, StoreError> {
    let operation = || format!("read the {}s", kind.name());
    let key = store.keys.records(kind);
    let mut all: Vec<(String, String)> =
        store.link.run(operation, Call::Command(cmd("HGETALL").arg(key))).await?;
    all.sort();
    Ok(all)
}
