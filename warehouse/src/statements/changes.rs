//! INSERT, UPDATE, DELETE and MERGE: one commit, with the statement's job in it.

use duckdb::Connection;

use super::{ChangedRows, Effect, Finish, Runner};
use crate::duck::locked;
use crate::error::BqError;
use crate::jobs::record::now_ms;
use crate::query;
use crate::sql::{self, Change, ChangeKind};
use crate::warehouse::in_transaction;
use crate::write::{TRIES, is_conflict};

impl Runner<'_> {
    pub(super) fn change(&self, change: &Change, finish: Finish<'_>) -> Result<Effect, BqError> {
        let catalog = self.warehouse.catalog();
        let mut reads = change.reads.clone();
        if !change.target.is_of_session() {
            reads.insert(change.target.clone());
        }
        query::check_location(&catalog, &reads, self.location)?;
        let lock = self.warehouse.write_lock(&change.target);
        let _only_writer = locked(&lock);
        let mut tries = 1;
        let effect = loop {
            let result = in_transaction(self.connection, |c| {
                let rows = changed(c, change)?;
                let effect = Effect { rows: Some(rows), ..Effect::of(name(change.kind)) };
                finish(c, &effect)?;
                Ok(effect)
            });
            match result {
                Err(error) if tries < TRIES && is_conflict(&error) => tries += 1,
                result => break result?,
            }
        };
        if !change.target.is_of_session() {
            self.warehouse.touch(&change.target, now_ms());
        }
        Ok(effect)
    }
}

/// BigQuery's `statementType`.
pub(super) fn name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Insert => "INSERT",
        ChangeKind::Update => "UPDATE",
        ChangeKind::Delete => "DELETE",
        ChangeKind::Merge => "MERGE",
    }
}

fn changed(connection: &Connection, change: &Change) -> Result<ChangedRows, BqError> {
    let refused = |error: duckdb::Error| refused(&error);
    if let Some(twice) = &change.twice {
        let mut statement = connection.prepare(twice).map_err(refused)?;
        if statement.exists([]).map_err(refused)? {
            return Err(BqError::query(
                "UPDATE/MERGE must match at most one source row for each target row",
            ));
        }
    }
    let mut rows = ChangedRows::default();
    if change.kind == ChangeKind::Merge {
        let mut statement = connection.prepare(&change.sql).map_err(refused)?;
        let actions = statement.query_map([], |row| row.get::<_, String>(0)).map_err(refused)?;
        for action in actions {
            match action.map_err(refused)?.as_str() {
                "INSERT" => rows.inserted += 1,
                "UPDATE" => rows.updated += 1,
                _ => rows.deleted += 1,
            }
        }
        return Ok(rows);
    }
    let count = connection.execute(&change.sql, []).map_err(refused)?;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match change.kind {
        ChangeKind::Insert => rows.inserted = count,
        ChangeKind::Update => rows.updated = count,
        ChangeKind::Delete | ChangeKind::Merge => rows.deleted = count,
    }
    Ok(rows)
}

fn refused(error: &duckdb::Error) -> BqError {
    let text = error.to_string();
    let column = text.split_once("NOT NULL constraint failed: ").map(|(_, name)| name);
    match column {
        Some(name) => {
            let name = name.lines().next().unwrap_or_default();
            let name = name.rsplit('.').next().unwrap_or(name);
            BqError::query(format!("Required field {name} cannot be null"))
        }
        // A conflict is tried again, so it must be seen as one.
        None if text.to_lowercase().contains("conflict") => {
            BqError::new(crate::error::Reason::BackendError, text)
        }
        None => sql::from_duckdb(error),
    }
}
