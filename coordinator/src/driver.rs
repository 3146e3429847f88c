//! The driver: one thread that owns every live attempt and works in rounds.
//!
//! A round takes all waiting commands, lets the engine decide, commits once for each attempt touched, and only then
//! publishes messages, acknowledges deliveries and tells observers (design D3). Publishing runs beside the next rounds;
//! its result comes back as a command.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use himekuri_archive::Archive;
use himekuri_broker::Broker;
use himekuri_cost::Price;
use himekuri_engine::{Attempt, Dispatcher, Evaluate, Limits, TimeLimits};
use himekuri_protocol::{AttemptId, TaskId};
use himekuri_store::{Epoch, Store};
use himekuri_telemetry::StringValue;
use himekuri_workflow::ProjectFiles;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::backfill::Backfills;
use crate::clock::Clock;
use crate::history::History;
use crate::spending::SpendingLimits;
use crate::summary::AttemptSummary;
use crate::trace::AttemptTrace;
use crate::workers::Workers;

mod cancel;
mod careful;
mod command;
mod commit;
mod dispatch;
mod events;
mod forgotten;
mod kill;
mod marts;
mod meter;
mod recover;
mod require;
mod round;
mod shown;
mod spending;
mod time;
mod told;
mod watch;

pub(crate) use command::{BeginAttempt, Command, Outgoing};
pub use command::{Event, EventKind};
use forgotten::OutTry;
pub(crate) use kill::{KillAnswer, KillCommand};
use meter::ReadyTimes;

/// Commands taken into one round: enough to share a commit among many reports, few enough to stay responsive.
const ROUND_MAX: usize = 1_000;

/// How long a store or broker that failed is left alone before it is asked again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How often the store is asked which attempts are active: one that it knows and the driver does not has lost its beginning,
/// or its end.
const AUDIT_EVERY: Duration = Duration::from_secs(60);

/// What the driver needs; given once.
pub(crate) struct DriverParts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) epoch: Epoch,
    pub(crate) limits: Limits,
    pub(crate) spending: SpendingLimits,
    pub(crate) price: Price,
    pub(crate) trace_ratio: f64,
    pub(crate) expressions: himekuri_template::Limits,
    pub(crate) watch_every: Duration,
    pub(crate) number_base: u32,
    pub(crate) time_limits: TimeLimits,
    pub(crate) snapshot_every: u64,
    pub(crate) archive: Option<Archive>,
    pub(crate) clock: Clock,
    pub(crate) commands: mpsc::Receiver<Command>,
    /// For the driver's own commands: published messages, required sessions.
    pub(crate) sender: mpsc::Sender<Command>,
    pub(crate) events: Option<mpsc::UnboundedSender<Event>>,
    pub(crate) stop: CancellationToken,
    /// Told when an attempt ends.
    pub(crate) backfills: Arc<Backfills>,
    pub(crate) workers: Arc<Workers>,
}

impl DriverParts {
    /// Where attempts that are over are read.
    pub(crate) fn history(&self) -> History {
        History { store: Arc::clone(&self.store), archive: self.archive.clone() }
    }
}

/// Why the driver ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// A newer leader took over.
    #[error("another coordinator has taken over: epoch {epoch} is fenced off")]
    Deposed {
        /// Ours.
        epoch: Epoch,
    },
    /// The JavaScript engine did not start.
    #[error("could not start the JavaScript engine")]
    Script(#[source] himekuri_template::StartError),
    /// The attempts could not be read at the start.
    #[error("could not read the active attempts")]
    Recover(#[source] himekuri_store::StoreError),
}

pub(crate) struct Driver {
    parts: DriverParts,
    evaluator: Box<dyn Evaluate>,
    dispatcher: Dispatcher,
    /// A round has looked at as many tasks as it may, and others are left.
    more_to_dispatch: bool,
    live: BTreeMap<AttemptId, Live>,
    /// Attempts whose memory was dropped because a commit failed; they are claimed and replayed.
    lost: BTreeSet<AttemptId>,
    /// What lost attempts had out, as far as memory knew.
    out: BTreeMap<AttemptId, Vec<OutTry>>,
    /// What of it their logs do not know.
    forgotten: BTreeMap<AttemptId, Vec<OutTry>>,
    /// Attempts that cannot be replayed by this program: they are left alone until a restart.
    broken: BTreeSet<AttemptId>,
    /// Attempts just replayed: whatever their log leaves undecided is decided in the next round.
    recovered: Vec<AttemptId>,
    /// Commands for lost attempts.
    deferred: Vec<Command>,
    /// Committed messages that the broker did not confirm.
    unpublished: Vec<Outgoing>,
    revisions: HashMap<String, ProjectFiles>,
    /// What titles with a limit were billed.
    spent: spending::Spent,
    /// How fresh marts are.
    marts: marts::Marts,
    meter: meter::Meter,
    /// Until when workers look for jobs that this leader does not know of.
    careful_until: Timestamp,
    /// The time of the last round.
    last_round: Timestamp,
    next_watch: Timestamp,
    /// When the store is asked which attempts are active.
    next_audit: Timestamp,
    /// When each job that must end was last asked to.
    canceled: BTreeMap<(AttemptId, TaskId), Timestamp>,
    /// Whether a job must end that nobody was asked for yet.
    cancel_now: bool,
    /// When each submitted job was last looked at.
    watched: BTreeMap<(AttemptId, TaskId), Timestamp>,
    /// When each required session is looked at.
    looks: BTreeMap<(AttemptId, TaskId), require::Look>,
    /// When lost attempts and unpublished messages are tried again.
    retry_at: Option<Timestamp>,
}

/// An attempt in memory.
struct Live {
    attempt: Attempt,
    files: ProjectFiles,
    summary: AttemptSummary,
    /// Outbox entries that the broker has confirmed and the store does not know of yet.
    published: Vec<String>,
    /// Length of the log at the last snapshot, or 0.
    snapshot_at: u64,
    /// Since when its ready tasks are ready, for metrics.
    ready: ReadyTimes,
    /// Whether something went wrong that a trace would explain.
    troubled: bool,
    /// Where it is in a trace, and its title: read from the summary once, as each task needs them.
    trace: Option<AttemptTrace>,
    title: StringValue,
}

impl Live {
    fn new(
        attempt: Attempt,
        files: ProjectFiles,
        summary: AttemptSummary,
        snapshot_at: u64,
    ) -> Self {
        let (published, ready) = (Vec::new(), ReadyTimes::default());
        // Of one that was taken over, nobody remembers; a new one has the record of its start alone.
        let troubled = attempt.log_length() > 1;
        let trace = AttemptTrace::of(attempt.started().attempt, summary.trace.as_deref());
        let title = StringValue::from(Arc::<str>::from(summary.project.as_str()));
        Self { attempt, files, summary, published, snapshot_at, ready, troubled, trace, title }
    }

    /// The attempt's state, if its log has grown by enough since it was last stored: its size goes with the tasks that
    /// are held, so that each record pays for a part of a task.
    fn snapshot(&mut self, every: u64) -> Option<serde_json::Result<String>> {
        let held = u64::try_from(self.attempt.live_count()).unwrap_or(u64::MAX);
        let every = every.max(held.saturating_mul(2));
        let length = self.attempt.log_length();
        if length.saturating_sub(self.snapshot_at) < every || self.attempt.outcome().is_some() {
            return None;
        }
        self.snapshot_at = length;
        Some(self.attempt.snapshot())
    }
}

impl Driver {
    pub(crate) fn new(parts: DriverParts, evaluator: Box<dyn Evaluate>) -> Self {
        Self {
            evaluator,
            dispatcher: Dispatcher::new(parts.limits.clone()),
            more_to_dispatch: false,
            live: BTreeMap::new(),
            lost: BTreeSet::new(),
            out: BTreeMap::new(),
            forgotten: BTreeMap::new(),
            broken: BTreeSet::new(),
            recovered: Vec::new(),
            deferred: Vec::new(),
            unpublished: Vec::new(),
            revisions: HashMap::new(),
            spent: spending::Spent::default(),
            marts: marts::Marts::default(),
            meter: meter::Meter::default(),
            careful_until: parts.clock.now(),
            last_round: parts.clock.now(),
            next_watch: parts.clock.now(),
            next_audit: parts.clock.now(),
            canceled: BTreeMap::new(),
            cancel_now: false,
            watched: BTreeMap::new(),
            looks: BTreeMap::new(),
            retry_at: None,
            parts,
        }
    }

    /// Works until stopped or deposed.
    pub(crate) async fn run(mut self) -> Result<(), DriverError> {
        loop {
            let wake = self.until_deadline(self.parts.clock.now());
            let mut commands = Vec::new();
            tokio::select! {
                biased;
                () = self.parts.stop.cancelled() => break,
                received = self.parts.commands.recv_many(&mut commands, ROUND_MAX) => {
                    if received == 0 { break }
                }
                () = tokio::time::sleep(wake) => {}
            }
            self.round(commands).await?;
        }
        self.flush_published().await;
        Ok(())
    }

    fn until_deadline(&self, now: Timestamp) -> Duration {
        if self.more_to_dispatch {
            return Duration::ZERO;
        }
        let attempts = self.live.values().filter_map(|live| live.attempt.next_deadline());
        // What is due already goes out when the lost attempts are read: `retry_at`.
        let attempts = attempts.filter(|at| self.lost.is_empty() || *at > now);
        let next = attempts.chain(self.retry_at).chain(self.next_look());
        let next = next.chain(self.dispatcher.next_place());
        let next = next.fold(self.next_watch, Timestamp::min);
        let wait = Duration::try_from(next.duration_since(now)).unwrap_or(Duration::ZERO);
        // The next look is further away only if the clock was set back.
        wait.min(self.parts.watch_every)
    }
}
