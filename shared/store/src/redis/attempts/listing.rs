//! Lists of attempts.

use redis::{cmd, pipe};

use super::super::{RedisStore, connection::Call};
use crate::{AttemptFilter, AttemptId, AttemptState, Kept, StoreError};

/// Active attempts, oldest first.
pub(crate) async fn active(store: &RedisStore) -> Result<Vec<AttemptId>, StoreError> {
    let mut range = cmd("ZRANGE");
    range.arg(store.keys.active()).arg(0).arg(-1);
    let operation = || "list the active attempts".to_owned();
    let ids: Vec<u64> = store.link.run(operation, Call::Command(&range)).await?;
    Ok(ids.into_iter().map(AttemptId).collect())
}

/// Attempts that pass the filter, newest first.
pub(crate) async fn list(
    store: &RedisStore,
    filter: &AttemptFilter,
) -> Result<Vec<(AttemptId, String)>, StoreError> {
    let mut ids = match &filter.session_key {
        Some(session_key) => ids_of_session(store, session_key).await?,
        None => of_indexes(store, filter).await?,
    };
    ids.retain(|id| filter.before.is_none_or(|before| *id < before));
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.dedup();
    let mut rows = described(store, &ids).await?;
    rows.retain(|row| filter.state.is_none_or(|state| state == row.state));
    rows.truncate(filter.limit);
    Ok(rows.into_iter().map(|row| (row.attempt, row.summary)).collect())
}

/// Attempts of a session, newest first.
pub(crate) async fn of_session(
    store: &RedisStore,
    session_key: &str,
) -> Result<Vec<(AttemptId, Option<String>)>, StoreError> {
    let mut ids = ids_of_session(store, session_key).await?;
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let rows = fields_of(store, &ids).await?;
    let written = ids.into_iter().zip(rows).filter(|(_, row)| row.session.is_some());
    Ok(written.map(|(id, row)| (id, row.summary)).collect())
}

/// Finished attempts of which so much is kept, oldest first.
pub(crate) async fn finished(
    store: &RedisStore,
    kept: Kept,
    after: AttemptId,
    limit: usize,
) -> Result<Vec<(AttemptId, Option<String>)>, StoreError> {
    let index = match kept {
        Kept::Log => store.keys.finished(),
        Kept::Summary => store.keys.archived(),
    };
    let mut range = cmd("ZRANGE");
    range.arg(index).arg(format!("({after}")).arg("+inf").arg("BYSCORE");
    range.arg("LIMIT").arg(0).arg(limit);
    let operation = || "list the finished attempts".to_owned();
    let ids: Vec<u64> = store.link.run(operation, Call::Command(&range)).await?;
    let ids: Vec<AttemptId> = ids.into_iter().map(AttemptId).collect();
    let rows = fields_of(store, &ids).await?;
    Ok(ids.into_iter().zip(rows).map(|(id, row)| (id, row.summary)).collect())
}

/// Enough ids of the indexes for one page.
async fn of_indexes(
    store: &RedisStore,
    filter: &AttemptFilter,
) -> Result<Vec<AttemptId>, StoreError> {
    let (active, finished) = (store.keys.active(), store.keys.finished());
    let archived = store.keys.archived();
    let indexes = match filter.state {
        Some(AttemptState::Active) => vec![active],
        // What a crash left in the wrong index is told apart by the attempt itself.
        Some(AttemptState::Finished) | None => vec![active, finished, archived],
    };
    let highest = filter.before.map_or_else(|| "+inf".to_owned(), |before| format!("({before}"));
    let mut ranges = pipe();
    for (place, index) in indexes.iter().enumerate() {
        ranges.cmd("ZRANGE").arg(index).arg(&highest).arg("-inf").arg("BYSCORE").arg("REV");
        // All active ones: a leftover in there must not cost a place on the page.
        if place > 0 {
            ranges.arg("LIMIT").arg(0).arg(filter.limit);
        }
    }
    let operation = || "list the attempts".to_owned();
    let ids: Vec<Vec<u64>> = store.link.run(operation, Call::Pipeline(&ranges)).await?;
    Ok(ids.into_iter().flatten().map(AttemptId).collect())
}

async fn ids_of_session(
    store: &RedisStore,
    session_key: &str,
) -> Result<Vec<AttemptId>, StoreError> {
    let operation = || format!("list the attempts of session `{session_key}`");
    let mut all = cmd("HVALS");
    all.arg(store.keys.session(session_key));
    let values: Vec<String> = store.link.run(operation, Call::Command(&all)).await?;
    // `<number>:<id>` of each name; the count has no colon.
    let ids = values.iter().filter_map(|value| value.split_once(':')?.1.parse().ok());
    Ok(ids.map(AttemptId).collect())
}

struct Row {
    attempt: AttemptId,
    summary: String,
    state: AttemptState,
}

/// Leaves out ids whose attempt was never written, or whose summary was removed.
async fn described(store: &RedisStore, ids: &[AttemptId]) -> Result<Vec<Row>, StoreError> {
    let found = fields_of(store, ids).await?;
    let rows = ids.iter().zip(found).filter_map(|(attempt, fields)| {
        let state = match fields.finished {
            Some(_) => AttemptState::Finished,
            None => AttemptState::Active,
        };
        Some(Row { attempt: *attempt, summary: fields.summary?, state })
    });
    Ok(rows.collect())
}

struct Fields {
    session: Option<String>,
    summary: Option<String>,
    finished: Option<String>,
}

async fn fields_of(store: &RedisStore, ids: &[AttemptId]) -> Result<Vec<Fields>, StoreError> {
    type Read = (Option<String>, Option<String>, Option<String>);
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut reads = pipe();
    for id in ids {
        let names = ["session", "summary", "finished"];
        reads.cmd("HMGET").arg(store.keys.attempt(*id)).arg(&names);
    }
    let operation = || "read the summaries of attempts".to_owned();
    let found: Vec<Read> = store.link.run(operation, Call::Pipeline(&reads)).await?;
    let fields =
        found.into_iter().map(|(session, summary, finished)| Fields { session, summary, finished });
    Ok(fields.collect())
}
