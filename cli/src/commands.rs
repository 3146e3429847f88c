//! One file for each command: its arguments with their help, and what it does.

pub(crate) mod attempts;
pub(crate) mod backfill;
pub(crate) mod backfills;
pub(crate) mod check;
pub(crate) mod completion;
pub(crate) mod enable;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod kill;
pub(crate) mod log;
pub(crate) mod man;
pub(crate) mod partitions;
pub(crate) mod plan;
pub(crate) mod projects;
pub(crate) mod push;
pub(crate) mod retry;
pub(crate) mod run;
pub(crate) mod schedules;
pub(crate) mod sessions;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod tasks;
pub(crate) mod token;
pub(crate) mod warehouse;
pub(crate) mod why;
pub(crate) mod workflows;
