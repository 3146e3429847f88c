//! Moves finished attempts from the store to the archive, in the leading coordinator.
//!
//! An attempt is written to the archive, read back and compared; only then its log leaves the store. Each step may be
//! repeated, and after a crash between two of them the next round does so: nothing is lost, and nothing is remembered but
//! what the store and the archive themselves say. Much later the summary goes, too; from then on the archive alone tells
//! of the attempt.
//!
//! Soon after its end an attempt's log is written as text, too, for people who look into the folder or bucket (`logs.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use himekuri_archive::{Archive, ArchivedAttempt};
use himekuri_protocol::AttemptId;
use himekuri_store::{Kept, StoreError};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::coordinator::{Coordinator, StartError};
use crate::summary::AttemptSummary;

mod logs;

use logs::Logs;

/// How often finished attempts are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Pause after a round that left something over: others want the store, too.
const GO_ON_AFTER: Duration = Duration::from_secs(1);

/// Longest pause while the archive or the store cannot be reached.
const BACK_OFF_MAX: Duration = Duration::from_secs(1_800);

/// Summaries that one question to the store returns.
const PAGE: usize = 500;

/// Attempts that are looked at in one round, of each kind.
const LOOKED_MAX: usize = 5_000;

/// Attempts that are moved in one round, of each kind: about a minute of a bucket's answers.
const MOVED_MAX: usize = 200;

const _: () = assert!(PAGE <= LOOKED_MAX && MOVED_MAX <= LOOKED_MAX, "a round has whole pages");

/// When an attempt that cannot be archived is looked at again; until then somebody may have moved the obstacle away.
const REFUSED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// How long the store keeps what is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Time from an attempt's end to its removal from the store, log and all but the summary.
    pub log: Duration,
    /// Time from an attempt's end until lists do not show it any more.
    pub summary: Duration,
}

impl Default for Retention {
    /// A day, and 400 of them: more than a year, so that a yearly schedule finds the session before.
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self { log: day, summary: day * 400 }
    }
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    /// Attempts whose log went to the archive.
    pub logs: usize,
    /// Attempts that lists do not show any more.
    pub summaries: usize,
    /// Attempts that cannot be moved; each has an error in the log.
    pub refused: usize,
    /// Whether something is left that no round has looked at yet.
    pub more: bool,
}

/// Moves what is over.
pub struct Archiver {
    coordinator: Coordinator,
    retention: Retention,
    /// The last attempt that was looked at, of those with a log and of those without.
    looked: [AttemptId; 2],
    /// Attempts that cannot be moved, until when they are left alone.
    refused: BTreeMap<AttemptId, Timestamp>,
    logs: Logs,
}

impl Archiver {
    /// An archiver that has not looked yet. It does nothing if the coordinator has no archive.
    #[must_use]
    pub const fn new(coordinator: Coordinator, retention: Retention) -> Self {
        let looked = [AttemptId(0); 2];
        Self { coordinator, retention, looked, refused: BTreeMap::new(), logs: Logs::new() }
    }

    /// Looks once a minute until `stop`. A round that fails is logged, and a later one does its work.
    pub async fn run(mut self, stop: CancellationToken) {
        let Some(archive) = self.coordinator.attempt_archive() else {
            tracing::info!("no archive is set (`--archive`): finished attempts stay in the store");
            return;
        };
        tracing::info!(
            "finished attempts go to the archive `{}` after {:?}",
            archive.location(),
            self.retention.log
        );
        let mut back_off = LOOK_EVERY;
        loop {
            let wait = match self.run_once(self.coordinator.now()).await {
                Ok(round) => {
                    back_off = LOOK_EVERY;
                    if round.more { GO_ON_AFTER } else { LOOK_EVERY }
                }
                Err(error) => {
                    let error: anyhow::Error = error.into();
                    tracing::warn!(
                        "could not archive finished attempts; trying again in {back_off:?}: {error:#}"
                    );
                    let wait = back_off;
                    back_off = (back_off * 2).min(BACK_OFF_MAX);
                    wait
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Moves what is due at `now`, as much as a round may.
    ///
    /// # Errors
    /// The store or the archive cannot be reached, or another coordinator leads. What was moved stays moved.
    pub async fn run_once(&mut self, now: Timestamp) -> Result<Archived, StartError> {
        let mut round = Archived::default();
        let Some(archive) = self.coordinator.attempt_archive().cloned() else {
            return Ok(round);
        };
        self.refused.retain(|_, until| *until > now);
        self.logs.begin_round();
        for kept in [Kept::Log, Kept::Summary] {
            self.look(&archive, kept, now, &mut round).await?;
        }
        round.more |= self.logs.left_some();
        if round.logs + round.summaries > 0 {
            let Archived { logs, summaries, .. } = round;
            tracing::info!(
                "finished attempts: {logs} went to the archive, {summaries} left the list"
            );
        }
        Ok(round)
    }

    /// Goes on behind the last attempt of the round before; at the end it begins anew.
    async fn look(
        &mut self,
        archive: &Archive,
        kept: Kept,
        now: Timestamp,
        round: &mut Archived,
    ) -> Result<(), StartError> {
        let (mut looked, mut moved) = (0, 0);
        'pages: loop {
            let after = *self.looked(kept);
            let page = self.coordinator.finished(kept, after, PAGE).await?;
            looked += page.len();
            let is_last = page.len() < PAGE;
            for (attempt, summary) in page {
                // First: an attempt that always fails must not keep the others from their turn.
                *self.looked(kept) = attempt;
                if self.refused.contains_key(&attempt) {
                    continue;
                }
                match self.step(archive, kept, attempt, summary, now).await {
                    Ok(true) => moved += 1,
                    Ok(false) if kept == Kept::Log => {}
                    // Ids are given in the order of time, so the others are hardly due either; and they are many.
                    Ok(false) => {
                        *self.looked(kept) = AttemptId(0);
                        break 'pages;
                    }
                    Err(error) if error.is_passing() => return Err(error),
                    Err(error) => self.refuse(attempt, now, error, round),
                }
                if moved == MOVED_MAX {
                    break;
                }
            }
            let is_full = moved == MOVED_MAX || looked >= LOOKED_MAX;
            if is_last && moved < MOVED_MAX {
                *self.looked(kept) = AttemptId(0);
            }
            if is_last || is_full {
                round.more |= is_full;
                break;
            }
        }
        match kept {
            Kept::Log => round.logs += moved,
            Kept::Summary => round.summaries += moved,
        }
        Ok(())
    }

    /// Moves an attempt on if it is due; whether it did.
    async fn step(
        &mut self,
        archive: &Archive,
        kept: Kept,
        attempt: AttemptId,
        summary: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StartError> {
        let age = match kept {
            Kept::Log => self.retention.log,
            Kept::Summary => self.retention.summary,
        };
        match (kept, summary) {
            (Kept::Log, Some(summary)) if !is_due(&summary, age, now)? => {
                self.logs.write_early(&self.coordinator, archive, attempt, &summary).await?;
                Ok(false)
            }
            (_, Some(summary)) if !is_due(&summary, age, now)? => Ok(false),
            (Kept::Log, summary) => self.move_log(archive, attempt, summary).await,
            (Kept::Summary, summary) => {
                // Without one, a crash came between the summary and the list.
                if summary.is_some() && !archive.contains(attempt).await? {
                    // It says where it should be.
                    self.coordinator.forgotten(attempt).await?;
                }
                self.coordinator.remove_summary(attempt).await?;
                Ok(true)
            }
        }
    }

    async fn move_log(
        &mut self,
        archive: &Archive,
        attempt: AttemptId,
        summary: Option<String>,
    ) -> Result<bool, StartError> {
        let claimed = self.coordinator.claim(attempt).await?;
        if let Some(location) = claimed.archived {
            // A crash came between the log and the list.
            self.coordinator.remove_log(attempt, &location).await?;
            return Ok(true);
        }
        if !claimed.finished {
            // Redis has lost its end. What is not over must not be written: it will look otherwise.
            return Ok(false);
        }
        let archived = Arc::new(ArchivedAttempt {
            attempt,
            session_key: claimed.session_key,
            number: claimed.number,
            summary: summary.ok_or(StoreError::UnknownAttempt { attempt })?,
            log: claimed.log,
        });
        self.logs.write(archive, &archived).await?;
        archive.write(&archived).await?;
        archive.verify(&archived).await?;
        self.logs.forget(attempt);
        self.coordinator.remove_log(attempt, archive.location()).await?;
        Ok(true)
    }

    fn refuse(
        &mut self,
        attempt: AttemptId,
        now: Timestamp,
        error: StartError,
        round: &mut Archived,
    ) {
        let error: anyhow::Error = error.into();
        tracing::error!(attempt.id = %attempt, "attempt {attempt} cannot be archived and stays in the store; it is tried again in an hour: {error:#}");
        self.refused.insert(attempt, now.checked_add(REFUSED_FOR).unwrap_or(now));
        round.refused += 1;
    }

    const fn looked(&mut self, kept: Kept) -> &mut AttemptId {
        let [logs, summaries] = &mut self.looked;
        match kept {
            Kept::Log => logs,
            Kept::Summary => summaries,
        }
    }
}

/// Whether an attempt ended so long ago. One that does not say when is as old as can be.
fn is_due(summary: &str, age: Duration, now: Timestamp) -> Result<bool, StartError> {
    let summary: AttemptSummary = serde_json::from_str(summary)?;
    let Some(ended_at) = summary.ended_at else { return Ok(true) };
    let ago = now.duration_since(ended_at);
    Ok(SignedDuration::try_from(age).is_ok_and(|age| ago >= age))
}
