//! The lease and its epoch.

use std::time::Duration;

use super::{
    RedisStore,
    connection::Call,
    reply::{Reply, number},
};
use crate::{Epoch, LeaseOutcome, StoreError};

pub(super) async fn acquire(
    store: &RedisStore,
    holder: &str,
    ttl: Duration,
) -> Result<LeaseOutcome, StoreError> {
    let operation = || format!("acquire the lease for `{holder}`");
    let mut script = store.scripts.acquire_lease.key(store.keys.lease());
    script.key(store.keys.epoch()).arg(holder).arg(millis(ttl));
    // A repeat after a lost reply finds its own lease and draws a higher epoch.
    let reply: Reply = store.link.run(operation, Call::Script(&script)).await?;
    match reply.split() {
        ("acquired", [epoch]) => Ok(LeaseOutcome::Acquired(Epoch(number(Some(epoch), operation)?))),
        ("held", [holder, left]) => Ok(LeaseOutcome::HeldBy {
            holder: holder.clone(),
            // Negative when it ends this very moment.
            remaining: Duration::from_millis(left.parse().unwrap_or(0)),
        }),
        _ => Err(reply.unknown(operation())),
    }
}

pub(super) async fn renew(
    store: &RedisStore,
    holder: &str,
    epoch: Epoch,
    ttl: Duration,
) -> Result<bool, StoreError> {
    let mut script = store.scripts.renew_lease.key(store.keys.lease());
    script.arg(value(holder, epoch)).arg(millis(ttl));
    store.link.run(|| format!("renew the lease of `{holder}`"), Call::Script(&script)).await
}

pub(super) async fn release(
    store: &RedisStore,
    holder: &str,
    epoch: Epoch,
) -> Result<(), StoreError> {
    let mut script = store.scripts.release_lease.key(store.keys.lease());
    script.arg(value(holder, epoch));
    let operation = || format!("release the lease of `{holder}`");
    let _was_held: bool = store.link.run(operation, Call::Script(&script)).await?;
    Ok(())
}

fn value(holder: &str, epoch: Epoch) -> String {
    format!("{epoch}:{holder}")
}

/// At least one: Redis refuses an expiry of nothing.
fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1)
}
