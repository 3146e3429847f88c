//! How many changes of one table BigQuery lets pass in a time (its page on quotas).

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::duration::Span;
use crate::ids::TableId;

/// `quotas` of a setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Quotas {
    /// Changes of a table without partitions.
    pub(crate) table_updates: usize,
    /// Changes of a table with partitions, all of them together.
    pub(crate) partitioned_table_updates: usize,
    /// The time that both are counted in.
    pub(crate) per: Span,
}

impl Default for Quotas {
    fn default() -> Self {
        let per = Span(std::time::Duration::from_secs(10));
        Self { table_updates: 5, partitioned_table_updates: 50, per }
    }
}

/// The latest changes of each table.
#[derive(Debug, Default)]
pub(super) struct Window {
    changes: HashMap<TableId, VecDeque<i64>>,
}

impl Window {
    /// Counts a change; false when there were too many, and then it does not count.
    pub(super) fn take(
        &mut self,
        quotas: &Quotas,
        table: &TableId,
        partitioned: bool,
        now_ms: i64,
    ) -> bool {
        let most = match partitioned {
            true => quotas.partitioned_table_updates,
            false => quotas.table_updates,
        };
        let span = i64::try_from(quotas.per.0.as_millis()).unwrap_or(i64::MAX);
        let changes = self.changes.entry(table.clone()).or_default();
        while changes.front().is_some_and(|at| now_ms.saturating_sub(*at) >= span) {
            changes.pop_front();
        }
        if changes.len() >= most {
            return false;
        }
        changes.push_back(now_ms);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_so_many_changes_and_more_after_the_time() {
        let quotas = Quotas::default();
        let table = TableId::new("p", "d", "t").unwrap();
        let mut window = Window::default();

        let now = (0..6).map(|at| window.take(&quotas, &table, false, at)).collect::<Vec<_>>();
        let later = window.take(&quotas, &table, false, 10_000);
        let again = window.take(&quotas, &table, false, 10_000);

        assert_eq!(now, [true, true, true, true, true, false]);
        assert_eq!([later, again], [true, false]);
    }
}
