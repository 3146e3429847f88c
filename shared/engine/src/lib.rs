//! The attempt engine: inputs and time in, decisions out. Pure.
//!
//! An [`Attempt`] is the fold of its log. Each verb (`start`, `advance`, `dispatch`, `report`, `required`, `tick`, `kill`) decides what
//! happens next and returns it as [`Record`]s; the caller commits these together with the messages they imply, and
//! only then acts (design D1 to D3). Nothing in here reads a clock, a file or a network: time is an argument, the
//! project's files are a map, and expressions are evaluated by whoever implements [`Evaluate`].
//!
//! ```text
//! input ──► decide (advance.rs, outcome.rs, dispatch.rs, report.rs, require.rs, tick.rs, kill.rs) ──► records ──► fold (fold.rs) ──► Attempt
//!                                                                      │
//!                                                                      └──► the store's log; replay is the same fold
//! ```

mod advance;
mod attempt;
mod content;
mod context;
mod dispatch;
mod dispatcher;
mod exported;
mod fold;
mod history;
mod http_call;
mod invariants;
mod kill;
mod merge;
mod operators;
mod outcome;
mod params;
mod record;
mod render;
mod report;
mod require;
mod resume;
mod retry;
mod sla;
mod snapshot;
mod state;
mod subtasks;
mod tick;
mod view;

pub use attempt::{Attempt, Task};
pub use context::{Context, Evaluate, EvaluateError, SessionClock};
pub use dispatch::{Dispatch, Prepared};
pub use dispatcher::{
    Admission, AttemptFacts, Class, Demand, Dispatcher, GcpRegion, Limits, LimitsError, Obstacle,
    Usage, WEIGHT_MAX,
};
pub use fold::ReplayError;
pub use invariants::{Invariant, Violation, log_violations, violations};
pub use kill::CancelingJob;
pub use operators::{CONTROL_OPERATORS, OPERATOR_NOT_RUN, WORKER_OPERATORS, is_known_operator};
pub use record::{
    AttemptOutcome, AttemptStarted, CancelReason, Expansion, ForEachEntry, KillReason, LOG_VERSION,
    Record, SlaStarted, TimeLimits,
};
pub use render::{TreeStyle, render_tree, render_views};
pub use report::Reported;
pub use require::{Required, RequiredAnswer, RequiredState, Requirement, RerunOn};
pub use resume::{NotResumed, Resume, ResumeError, ResumedTask};
pub use sla::sla_due;
pub use snapshot::{SNAPSHOT_VERSION, SnapshotError};
pub use state::{Phase, TaskState};
pub use subtasks::FailedTask;
pub use view::TaskView;

/// Parameters and evaluated configurations: insertion order is digdag's evaluation order.
pub type Config = himekuri_workflow::Config;
