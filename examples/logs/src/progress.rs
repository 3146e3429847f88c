//! What the caller is told while logs are made, so that it can show it.

use crate::day::Day;
use crate::table::Table;

/// Hears how the work goes on. Called from several threads.
pub trait Progress: Send + Sync {
    /// The days of a table are made from now on.
    fn table_started(&self, table: Table);
    /// One day of one table is complete.
    fn day_done(&self, table: Table, day: Day, made: Made);
    /// All days of one table are complete.
    fn table_done(&self, table: Table, days: usize, made: Made);
}

/// How much was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Rows.
    pub rows: u64,
    /// Bytes of JSON.
    pub bytes: u64,
}

impl Made {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, bytes: self.bytes + other.bytes }
    }
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn table_started(&self, _: Table) {}
    fn day_done(&self, _: Table, _: Day, _: Made) {}
    fn table_done(&self, _: Table, _: usize, _: Made) {}
}
