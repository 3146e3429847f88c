//! The only writer of state: drives attempts, dispatches tasks, serves the API.
//!
//! ```text
//!            API ──► Coordinator ──┐ commands
//! reports queue ──► intake ────────┤
//!    dead queue ──► intake ────────┤
//!                                  ▼
//!                               Driver: engine decides ──► store commits ──► broker publishes ──► deliveries acked
//!                                  ▲
//!                        lease ────┘ lost: stop
//! ```
//!
//! The driver runs on one thread of its own: it owns the JavaScript engine and every live attempt, so a decision needs
//! no lock. It works in rounds; a round takes all waiting commands, decides, and commits once for each attempt touched.

mod access;
mod api;
mod archiver;
mod backfill;
mod check;
mod clock;
mod coordinator;
mod driver;
mod evaluator;
mod history;
mod id_tokens;
mod intake;
mod journal;
mod lateness;
mod leader;
mod log;
mod mail;
mod notices;
mod notifier;
mod revision;
mod scheduler;
mod serve;
mod session;
mod spending;
mod summary;
mod trace;
mod workers;

pub use access::{
    Access, AccessError, Entries, Entry, Identity, Person, Refused, Role, Token, TokenHash, Who,
};
pub use api::{Front, Guard, router};
pub use archiver::{Archived, Archiver, Retention};
pub use backfill::{Backfill, BackfillOrder, BackfillState, Backfiller};
pub use check::{Checked, check};
pub use clock::Clock;
pub use coordinator::{
    BackfillAction, BackfillPlan, BackfillRequest, Coordinator, CoordinatorConfig, GitState,
    GitSubmodule, KillRequest, Killed, Pause, PauseRequest, ProjectRecord, PushError, RetryMode,
    RetryOf, RetryRequest, RetryRevision, ScheduleChange, ScheduleView, SkipTo, StartError,
    StartRequest, Started,
};
pub use driver::{Event, EventKind};
pub use evaluator::ScriptEvaluator;
pub use himekuri_archive::{Archive, ArchiveError};
pub use himekuri_template::Limits as ExpressionLimits;
pub use id_tokens::{Denied, IdTokens, Issuer, IssuerConfig, KeyError, KeyRules, KeySource};
pub use journal::JournalError;
pub use lateness::show_lateness;
pub use log::LogLine;
pub use mail::{Mail, MailConfig, MailError};
pub use notices::{Cause, Notice};
pub use notifier::{Notifier, Receiver};
pub use revision::ProjectRevision;
pub use scheduler::{ScheduleOrder, ScheduleRecord, Scheduler};
pub use serve::serve;
pub use session::{
    SessionChoice, SessionError, SessionPlan, StartedBy, plan_attempt, plan_sessions,
};
pub use spending::SpendingLimits;
pub use summary::{AttemptState, AttemptSummary, Kill, RequiredBy, SessionAttempt};
pub use workers::WorkerView;
