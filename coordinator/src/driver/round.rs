//! One round: commands and time in, decisions committed, effects out.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use himekuri_broker::Settler;
use himekuri_engine::{Attempt, Context, Record, ReplayError, Reported};
use himekuri_protocol::{AttemptId, Report, TaskError, TaskMessage};
use himekuri_telemetry::{Histogram, histogram, metrics::pool};
use jiff::Timestamp;
use tokio::time::Instant;

use super::forgotten::full_name;
use super::{
    AUDIT_EVERY, BeginAttempt, Command, Driver, DriverError, KillCommand, Live, Outgoing,
    RETRY_AFTER,
};
use crate::intake::dead_lettered;
use crate::session::{Begin, begin};

static ROUND: LazyLock<Histogram<f64>> = LazyLock::new(|| histogram(&pool::ROUND_DURATION));

/// What a round has decided and not yet committed.
pub(super) struct Round {
    pub(super) now: Timestamp,
    pub(super) drafts: BTreeMap<AttemptId, Draft>,
    /// Deliveries to acknowledge once the attempt's draft is committed.
    pub(super) settlers: Vec<(AttemptId, Settler)>,
    /// Task messages so far.
    pub(super) sent: usize,
    /// Kills to answer once the attempt's draft is committed.
    pub(super) kills: Vec<KillCommand>,
}

/// The commit of one attempt in the making.
pub(super) struct Draft {
    /// Length of the log before this round.
    pub(super) expected_length: u64,
    pub(super) records: Vec<Record>,
    pub(super) messages: Vec<Outgoing>,
}

impl Round {
    pub(super) fn draft(&mut self, attempt: AttemptId, expected_length: u64) -> &mut Draft {
        self.drafts.entry(attempt).or_insert_with(|| Draft {
            expected_length,
            records: Vec::new(),
            messages: Vec::new(),
        })
    }

    /// Takes a draft back; its records.
    pub(super) fn withdraw(&mut self, attempt: AttemptId) -> Vec<Record> {
        self.drafts.remove(&attempt).map(|draft| draft.records).unwrap_or_default()
    }
}

impl Driver {
    pub(super) async fn round(&mut self, commands: Vec<Command>) -> Result<(), DriverError> {
        let began = Instant::now();
        let now = self.parts.clock.now();
        self.dispatcher.pass(now);
        self.notice(now);
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
            self.recover_lost().await?;
            self.republish();
        }
        let mut round = Round {
            now,
            drafts: BTreeMap::new(),
            settlers: Vec::new(),
            kills: Vec::new(),
            sent: 0,
        };
        for id in std::mem::take(&mut self.recovered) {
            self.decide(id, &mut round, |attempt, context| attempt.advance(now, context));
        }
        let deferred = std::mem::take(&mut self.deferred);
        for command in deferred.into_iter().chain(commands) {
            self.take(command, &mut round);
        }
        self.tick(&mut round);
        self.break_circles(&mut round);
        self.dispatch(&mut round);
        self.commit(round).await?;
        self.look_at_required(now);
        if self.next_watch <= now || std::mem::take(&mut self.cancel_now) {
            self.cancel(now);
        }
        if self.next_watch <= now {
            self.watch(now);
            self.flush_published().await;
            self.keep_spending(now).await;
            self.keep_marts().await;
            self.show(now);
            self.next_watch = now.checked_add(self.parts.watch_every).unwrap_or(now);
        }
        if self.next_audit <= now {
            self.next_audit = now.checked_add(AUDIT_EVERY).unwrap_or(now);
            self.audit(now).await;
        }
        if !self.lost.is_empty() || !self.unpublished.is_empty() {
            let again = now.checked_add(RETRY_AFTER).unwrap_or(now);
            self.retry_at.get_or_insert(again);
        }
        ROUND.record(began.elapsed().as_secs_f64(), &[]);
        Ok(())
    }

    fn take(&mut self, command: Command, round: &mut Round) {
        match command {
            Command::Begin(request) => self.begin(*request, round),
            Command::Look(id) => self.look(id, round.now),
            Command::Kill(request) => self.kill(request, round),
            Command::Pause { title, paused } => self.dispatcher.set_paused(&title, paused),
            Command::Report { report, settler } => self.report(report, settler, round),
            Command::Dead { task, reason, settler } => self.dead(task, reason, settler, round),
            Command::Required { attempt, asked, answer } => {
                self.looked(attempt, &asked, answer, round);
            }
            Command::Published(results) => self.published(results),
        }
    }

    /// An attempt that is already live was begun by a recovery that saw it first.
    fn begin(&mut self, request: BeginAttempt, round: &mut Round) {
        let BeginAttempt { attempt: id, number, revision, mut summary, resumed } = request;
        if self.live.contains_key(&id) {
            return;
        }
        self.lost.remove(&id);
        let workflow = match himekuri_workflow::compile_workflow(&revision.files, &summary.workflow)
        {
            Ok(workflow) => workflow,
            Err(error) => {
                tracing::error!(attempt.id = %id, "could not begin attempt {id}: {error}");
                return;
            }
        };
        let mut started = begin(
            &revision,
            &workflow,
            Begin {
                attempt: id,
                number,
                attempt_name: summary.attempt_name.clone(),
                at: round.now,
                session: summary.session(),
                params: summary.params.clone(),
                overrides: summary.overrides.clone(),
            },
        );
        if summary.required_by.is_some() {
            // As in digdag: `sla` is for sessions that a schedule or a person starts.
            started.sla.clear();
        }
        started.time_limits = self.parts.time_limits;
        summary.number = Some(number);
        started.resumed = resumed;
        tracing::info!(attempt.id = %id, "attempt {id} of {}/{} begins", summary.project, summary.workflow);
        let killed = summary.kill.as_ref().map(|kill| kill.reason.clone());
        let record = Record::AttemptStarted(Box::new(started.clone()));
        round.draft(id, 0).records.push(record);
        let attempt = Attempt::begin(started);
        self.revisions.insert(revision.revision, revision.files.clone());
        let files = revision.files;
        self.enter_dispatcher(id, &summary);
        self.live.insert(id, Live::new(attempt, files, summary, 0));
        let now = round.now;
        self.decide(id, round, |attempt, context| attempt.advance(now, context));
        // One that a store has lost after its kill.
        if let Some(reason) = killed {
            self.decide(id, round, |attempt, context| attempt.kill(reason, now, context));
        }
    }

    pub(super) fn look(&mut self, id: AttemptId, now: Timestamp) {
        if !self.live.contains_key(&id) && !self.broken.contains(&id) {
            self.lost.insert(id);
            self.retry_at = Some(now);
        }
    }

    fn report(&mut self, report: Box<Report>, settler: Settler, round: &mut Round) {
        let id = report.attempt;
        if self.lost.contains(&id) {
            self.deferred.push(Command::Report { report, settler });
            return;
        }
        let now = round.now;
        let mut decided = false;
        self.decide(id, round, |attempt, context| {
            match attempt.report(&report, now, context)? {
                Reported::Decided(records) => {
                    decided = true;
                    Ok(records)
                }
                Reported::Late => {
                    tracing::debug!(attempt.id = %id, "a late report for task {} changes nothing", report.task);
                    Ok(Vec::new())
                }
            }
        });
        if decided {
            self.note_billed(id, &report.outcome, now);
        }
        round.settlers.push((id, settler));
    }

    fn dead(
        &mut self,
        task: Box<TaskMessage>,
        reason: String,
        settler: Settler,
        round: &mut Round,
    ) {
        let id = task.attempt;
        if self.lost.contains(&id) {
            self.deferred.push(Command::Dead { task, reason, settler });
            return;
        }
        dead_lettered(reason.clone());
        let now = round.now;
        let error = TaskError {
            reason: "deadLetter".to_owned(),
            message: format!(
                "the task's message was dead-lettered ({reason}): workers could not handle it; look for crashes in their logs"
            ),
            job: None,
        };
        self.decide(id, round, |attempt, context| {
            // A task that had this id before the store lost its last seconds.
            if full_name(attempt, task.task).is_some_and(|name| name != task.task_name) {
                return Ok(Vec::new());
            }
            attempt.give_up(task.task, task.try_no, error, now, context)
        });
        round.settlers.push((id, settler));
    }

    fn tick(&mut self, round: &mut Round) {
        let now = round.now;
        let due: Vec<AttemptId> = self
            .live
            .iter()
            .filter(|(_, live)| live.attempt.next_deadline().is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.decide(id, round, |attempt, context| attempt.tick(now, context));
        }
    }

    /// Lets the engine decide and drafts what it decided. An attempt whose engine contradicts itself is dropped and
    /// replayed from its log.
    pub(super) fn decide(
        &mut self,
        id: AttemptId,
        round: &mut Round,
        verb: impl FnOnce(&mut Attempt, &mut Context<'_>) -> Result<Vec<Record>, ReplayError>,
    ) {
        let Some(live) = self.live.get_mut(&id) else {
            return;
        };
        let expected = live.attempt.log_length();
        let mut context = Context { files: &live.files, evaluator: self.evaluator.as_mut() };
        match verb(&mut live.attempt, &mut context) {
            Ok(records) if records.is_empty() => {}
            Ok(records) => {
                for record in &records {
                    if let Some((task, _, _)) = record.decided() {
                        // Its partition is free again.
                        self.dispatcher.ended((id, task));
                    }
                }
                if records.iter().any(|record| matches!(record, Record::KillRequested { .. })) {
                    self.hold_running(id);
                }
                self.dispatcher.look_again(id);
                round.draft(id, expected).records.extend(records);
            }
            Err(error) => {
                tracing::error!(attempt.id = %id, "attempt {id} is replayed: {error}");
                self.lose(id, &round.withdraw(id));
            }
        }
    }

    /// Forgets an attempt's memory; its log is the truth. Its partitions stay taken until it is read again: its jobs may
    /// run.
    /// `unsent`: what was decided and is not committed, as far as anybody knows. Its messages have not gone out.
    pub(super) fn lose(&mut self, id: AttemptId, unsent: &[Record]) {
        if let Some(live) = self.live.remove(&id) {
            self.note_out(id, &live.attempt, unsent);
        }
        self.dispatcher.suspend(id);
        self.lost.insert(id);
    }
}
