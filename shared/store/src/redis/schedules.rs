//! What is remembered of schedules.

use redis::cmd;

use super::{
    RedisStore,
    connection::Call,
    reply::{Reply, number},
};
use crate::{Epoch, StoreError};

pub(super) async fn put(
    store: &RedisStore,
    epoch: Epoch,
    key: &str,
    record: Option<&str>,
) -> Result<(), StoreError> {
    let operation = || format!("store the schedule `{key}`");
    let mut script = store.scripts.put_schedule.key(store.keys.schedules());
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

pub(super) async fn all(store: &RedisStore) -> Result<Vec<(String, String)>, StoreError> {
    let operation = || "read the schedules".to_owned();
    let key = store.keys.schedules();
    let mut all: Vec<(String, String)> =
        store.link.run(operation, Call::Command(cmd("HGETALL").arg(key))).await?;
    all.sort();
    Ok(all)
}
