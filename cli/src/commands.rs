//! One file for each command: its arguments with their help, and what it does.

pub(crate) mod attempts;
pub(crate) mod backfill;
pub(crate) mod backfills;
pub(crate) mod check;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod kill;
pub(crate) mod partitions;
pub(crate) mod plan;
pub(crate) mod push;
pub(crate) mod retry;
pub(crate) mod run;
pub(crate) mod schedules;
pub(crate) mod start;
pub(crate) mod tasks;
pub(crate) mod warehouse;
