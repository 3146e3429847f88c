//! What leaves of finished attempts.

use redis::pipe;

use super::{
    RedisStore,
    connection::Call,
    reply::{Reply, number},
};
use crate::{AttemptId, Epoch, StoreError};

pub(super) async fn remove_log(
    store: &RedisStore,
    attempt: AttemptId,
    epoch: Epoch,
    archived_at: &str,
) -> Result<(), StoreError> {
    let operation = || format!("remove the log of attempt {attempt}");
    let mut script = store.scripts.remove_log.key(store.keys.attempt(attempt));
    script.key(store.keys.log(attempt)).key(store.keys.outbox(attempt));
    script.key(store.keys.snapshot(attempt)).arg(epoch.0).arg(archived_at);
    let reply: Reply = store.link.run(operation, Call::Script(&script)).await?;
    let has_summary = match reply.split() {
        ("ok", [has_summary]) => has_summary == "1",
        ("active", []) => return Err(StoreError::active(attempt)),
        _ => return Err(refusal(&reply, attempt, epoch, operation)),
    };
    let mut steps = pipe();
    // In this order: an attempt is rather in two lists than in none.
    if has_summary {
        steps.cmd("ZADD").arg(store.keys.archived()).arg(attempt.0).arg(attempt.0).ignore();
    }
    steps.cmd("ZREM").arg(store.keys.finished()).arg(attempt.0).ignore();
    steps.cmd("ZREM").arg(store.keys.active()).arg(attempt.0).ignore();
    store.link.run(|| format!("list attempt {attempt} as archived"), Call::Pipeline(&steps)).await
}

pub(super) async fn remove_summary(
    store: &RedisStore,
    attempt: AttemptId,
    epoch: Epoch,
) -> Result<(), StoreError> {
    let operation = || format!("remove the summary of attempt {attempt}");
    let mut script = store.scripts.remove_summary.key(store.keys.attempt(attempt));
    script.arg(epoch.0);
    let reply: Reply = store.link.run(operation, Call::Script(&script)).await?;
    match reply.split() {
        ("ok", []) => {}
        ("not archived", []) => return Err(StoreError::not_archived(attempt)),
        _ => return Err(refusal(&reply, attempt, epoch, operation)),
    }
    let mut steps = pipe();
    steps.cmd("ZREM").arg(store.keys.archived()).arg(attempt.0).ignore();
    store
        .link
        .run(|| format!("take attempt {attempt} from the lists"), Call::Pipeline(&steps))
        .await
}

fn refusal(
    reply: &Reply,
    attempt: AttemptId,
    epoch: Epoch,
    operation: impl Fn() -> String,
) -> StoreError {
    match reply.split() {
        ("unknown", []) => StoreError::UnknownAttempt { attempt },
        ("fenced", [by]) => match number(Some(by), &operation) {
            Ok(by) => StoreError::Fenced { epoch, by: Epoch(by) },
            Err(error) => error,
        },
        _ => reply.unknown(operation()),
    }
}
