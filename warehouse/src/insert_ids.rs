//! Rows that `tabledata.insertAll` has seen: one that comes again is written once.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use crate::duck::locked;
use crate::ids::TableId;

/// How long an id is remembered; BigQuery promises a minute at best.
const KEPT_MS: i64 = 60_000;

/// The `insertId`s of each table with the time of their rows.
#[derive(Debug, Default)]
pub(crate) struct InsertIds {
    tables: Mutex<HashMap<TableId, HashMap<String, i64>>>,
}

impl InsertIds {
    /// Notes ids, and returns those that were not seen.
    pub(crate) fn fresh<'a>(
        &self,
        table: &TableId,
        ids: impl Iterator<Item = &'a str>,
        now_ms: i64,
    ) -> HashSet<&'a str> {
        let mut tables = locked(&self.tables);
        let seen = tables.entry(table.clone()).or_default();
        seen.retain(|_, at_ms| now_ms.saturating_sub(*at_ms) < KEPT_MS);
        ids.filter(|id| seen.insert((*id).to_owned(), now_ms).is_none()).collect()
    }

    /// Takes ids back whose rows could not be written.
    pub(crate) fn forget(&self, table: &TableId, ids: &HashSet<&str>) {
        if let Some(seen) = locked(&self.tables).get_mut(table) {
            seen.retain(|id, _| !ids.contains(id.as_str()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_fresh_once_a_minute() {
        let ids = InsertIds::default();
        let table = TableId::new("p", "d", "t").unwrap();
        let fresh = |id: &'static str, now_ms| ids.fresh(&table, [id].into_iter(), now_ms).len();

        assert_eq!(
            [fresh("a", 0), fresh("a", 1), fresh("b", 1), fresh("a", 120_000)],
            [1, 0, 1, 1]
        );
    }
}
