//! Creating, claiming and listing attempts.

mod listing;
mod outbox;

use redis::{cmd, pipe};

use super::{
    RedisStore,
    connection::Call,
    reply::{Reply, number},
    steps::index_finished,
};
use crate::{
    AttemptId, AttemptState, ClaimedAttempt, Creation, Epoch, LostAttempt, NewAttempt, Snapshot,
    StoreError,
};

pub(super) use listing::{active, finished, list, of_session};

pub(super) async fn create(
    store: &RedisStore,
    epoch: Epoch,
    request: &NewAttempt,
) -> Result<Creation, StoreError> {
    let operation = || {
        format!("create attempt `{}` of session `{}`", request.attempt_name, request.session_key)
    };
    let drawn = draw(store, epoch).await?;

    let mut script = store.scripts.reserve_name.key(store.keys.session(&request.session_key));
    script.arg(&request.attempt_name).arg(drawn.0);
    let reserved: Vec<String> = store.link.run(operation, Call::Script(&script)).await?;
    let attempt_number = number(reserved.first(), operation)?;
    let attempt = AttemptId(number(reserved.get(1), operation)?);
    if attempt != drawn {
        unindex(store, drawn).await?;
    }

    // Also for a name that was taken: its creator may have died right here.
    let mut script = store.scripts.create_attempt.key(store.keys.attempt(attempt));
    script.arg(epoch.0).arg(&request.session_key).arg(attempt_number).arg(&request.summary);
    let reply: Reply = store.link.run(operation, Call::Script(&script)).await?;
    match reply.split() {
        // Once more: a claim between the two steps took it for a leftover and removed it.
        ("created", []) => index_active(store, attempt).await?,
        ("exists", [finished]) if finished == "0" => index_active(store, attempt).await?,
        ("exists", [_]) => {}
        ("fenced", [by]) => {
            return Err(StoreError::Fenced { epoch, by: Epoch(number(Some(by), operation)?) });
        }
        _ => return Err(reply.unknown(operation())),
    }
    if attempt == drawn {
        Ok(Creation::Created { attempt, number: attempt_number })
    } else {
        Ok(Creation::Exists { attempt, number: attempt_number })
    }
}

/// In this order: before the attempt is there, nobody can get its id or its number, and one that was cut short is found
/// among the active ones.
pub(super) async fn restore(
    store: &RedisStore,
    epoch: Epoch,
    lost: &LostAttempt,
) -> Result<(), StoreError> {
    let LostAttempt { attempt, number: attempt_number, request, state } = lost;
    let operation = || format!("restore attempt {attempt}");
    let mut script = store.scripts.restore_id.key(store.keys.epoch());
    script.key(store.keys.last_attempt()).key(store.keys.active()).arg(epoch.0).arg(attempt.0);
    let reply: Reply = store.link.run(operation, Call::Script(&script)).await?;
    match reply.split() {
        ("ok", []) => {}
        ("fenced", [by]) => {
            return Err(StoreError::Fenced { epoch, by: Epoch(number(Some(by), operation)?) });
        }
        _ => return Err(reply.unknown(operation())),
    }
    let mut script = store.scripts.restore_name.key(store.keys.session(&request.session_key));
    script.arg(&request.attempt_name).arg(attempt.0).arg(attempt_number);
    store.link.run::<u64>(operation, Call::Script(&script)).await?;
    let mut script = store.scripts.create_attempt.key(store.keys.attempt(*attempt));
    script.arg(epoch.0).arg(&request.session_key).arg(attempt_number).arg(&request.summary);
    script.arg(u8::from(*state == AttemptState::Finished));
    let reply: Reply = store.link.run(operation, Call::Script(&script)).await?;
    match reply.split() {
        ("created", []) if *state == AttemptState::Active => Ok(()),
        ("exists", [finished]) if finished == "0" => Ok(()),
        ("created", []) | ("exists", [_]) => index_finished(store, *attempt).await,
        ("fenced", [by]) => {
            Err(StoreError::Fenced { epoch, by: Epoch(number(Some(by), operation)?) })
        }
        _ => Err(reply.unknown(operation())),
    }
}

pub(super) async fn claim(
    store: &RedisStore,
    attempt: AttemptId,
    epoch: Epoch,
) -> Result<ClaimedAttempt, StoreError> {
    let operation = || format!("claim attempt {attempt}");
    let mut script = store.scripts.claim.key(store.keys.attempt(attempt));
    script.arg(epoch.0);
    let reply: Reply = store.link.run(operation, Call::Script(&script)).await?;
    match reply.split() {
        ("claimed", []) => {}
        ("unknown", []) => {
            unindex(store, attempt).await?;
            return Err(StoreError::UnknownAttempt { attempt });
        }
        ("fenced", [by]) => {
            return Err(StoreError::Fenced { epoch, by: Epoch(number(Some(by), operation)?) });
        }
        _ => return Err(reply.unknown(operation())),
    }
    let claimed = read(store, attempt).await?;
    if claimed.finished && claimed.archived.is_none() {
        index_finished(store, attempt).await?;
    }
    Ok(claimed)
}

/// Reads what was claimed. Outside the script, so that a long log does not hold up everybody; the fence is
/// raised, so nobody but us or a newer leader can have written in between.
async fn read(store: &RedisStore, attempt: AttemptId) -> Result<ClaimedAttempt, StoreError> {
    type Fields = (Option<String>, Option<String>, Option<String>, Option<String>);
    type Read = (Fields, Vec<String>, Vec<String>, Vec<(String, String)>);
    let operation = || format!("read attempt {attempt}");
    let mut get = cmd("GET");
    get.arg(store.keys.snapshot(attempt));
    let snapshot: Option<String> = store.link.run(operation, Call::Command(&get)).await?;
    let snapshot = snapshot.map(|stored| snapshot_of(&stored, operation)).transpose()?;
    let behind = snapshot.as_ref().map_or(1, |snapshot| snapshot.length.max(1));
    let mut reads = pipe();
    reads.atomic();
    let fields = ["session", "number", "finished", "archived"];
    reads.cmd("HMGET").arg(store.keys.attempt(attempt)).arg(&fields);
    reads.cmd("LRANGE").arg(store.keys.log(attempt)).arg(0).arg(0);
    reads.cmd("LRANGE").arg(store.keys.log(attempt)).arg(behind).arg(-1);
    reads.cmd("HGETALL").arg(store.keys.outbox(attempt));
    let (fields, mut log, records, entries): Read =
        store.link.run(operation, Call::Pipeline(&reads)).await?;
    let (session_key, attempt_number, finished, archived) = fields;
    log.extend(records);
    Ok(ClaimedAttempt {
        snapshot,
        log,
        outbox: outbox::in_order(entries, operation)?,
        session_key: session_key.ok_or(StoreError::UnknownAttempt { attempt })?,
        number: number(attempt_number.as_ref(), operation)?,
        finished: finished.is_some(),
        archived,
    })
}

fn snapshot_of(stored: &str, operation: impl Fn() -> String) -> Result<Snapshot, StoreError> {
    let split = stored.split_once(':');
    let parsed = split.and_then(|(length, body)| Some((length.parse().ok()?, body)));
    let (length, body) = parsed.ok_or_else(|| StoreError::Corrupt {
        operation: operation(),
        detail: "its snapshot".to_owned(),
    })?;
    Ok(Snapshot { length, body: body.to_owned() })
}

pub(super) async fn log(store: &RedisStore, attempt: AttemptId) -> Result<Vec<String>, StoreError> {
    let mut reads = pipe();
    reads.atomic();
    reads.cmd("HMGET").arg(store.keys.attempt(attempt)).arg(&["session", "archived"]);
    reads.cmd("LRANGE").arg(store.keys.log(attempt)).arg(0).arg(-1);
    let operation = || format!("read the log of attempt {attempt}");
    let ((session, archived), log): ((Option<String>, Option<String>), Vec<String>) =
        store.link.run(operation, Call::Pipeline(&reads)).await?;
    match (session, archived) {
        (None, _) => Err(StoreError::UnknownAttempt { attempt }),
        (Some(_), Some(location)) => Err(StoreError::Archived { attempt, location }),
        (Some(_), None) => Ok(log),
    }
}

/// A repeat after a lost reply leaves a gap in the ids, and a listed id that a claim removes.
async fn draw(store: &RedisStore, epoch: Epoch) -> Result<AttemptId, StoreError> {
    let operation = || "draw an attempt id".to_owned();
    let mut script = store.scripts.draw_attempt.key(store.keys.epoch());
    script.key(store.keys.last_attempt()).key(store.keys.active()).arg(epoch.0);
    let reply: Reply = store.link.run(operation, Call::Script(&script)).await?;
    match reply.split() {
        ("drawn", [id]) => number(Some(id), operation).map(AttemptId),
        ("fenced", [by]) => {
            Err(StoreError::Fenced { epoch, by: Epoch(number(Some(by), operation)?) })
        }
        _ => Err(reply.unknown(operation())),
    }
}

async fn index_active(store: &RedisStore, attempt: AttemptId) -> Result<(), StoreError> {
    let operation = || format!("list attempt {attempt} as active");
    let mut add = cmd("ZADD");
    add.arg(store.keys.active()).arg(attempt.0).arg(attempt.0);
    store.link.run::<u64>(operation, Call::Command(&add)).await.map(|_| ())
}

async fn unindex(store: &RedisStore, attempt: AttemptId) -> Result<(), StoreError> {
    let operation = || format!("remove attempt {attempt} from the active ones");
    let mut remove = cmd("ZREM");
    remove.arg(store.keys.active()).arg(attempt.0);
    store.link.run::<u64>(operation, Call::Command(&remove)).await.map(|_| ())
}
