//! What the API tells while a scenario goes on: which attempts there are, and when each was first seen to have ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::client::Client;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(1_000);

/// Most attempts that the API tells at once; the workload stays below.
pub(super) const ATTEMPTS_MAX: usize = 1_000;

/// An attempt as the API tells it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Attempt {
    pub(super) attempt: u64,
    /// Within its session; from its beginning.
    pub(super) number: Option<u64>,
    pub(super) project: String,
    pub(super) workflow: String,
    pub(super) session_time: Timestamp,
    pub(super) session_local_time: String,
    pub(super) attempt_name: String,
    pub(super) overrides: BTreeMap<String, Value>,
    pub(super) state: String,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) error: Option<String>,
}

impl Attempt {
    pub(super) fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// One text for each session.
    pub(super) fn session(&self) -> String {
        format!("{}/{}/{}", self.project, self.workflow, self.session_time)
    }
}

#[derive(Deserialize)]
struct AttemptList {
    attempts: Vec<Attempt>,
}

/// Looks while it lives.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    seen: Arc<Mutex<Seen>>,
    /// One look at a time: of two answers, the later one must be the later truth.
    looking: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    attempts: BTreeMap<u64, Attempt>,
    /// When an answer first showed the end; by our own clock.
    ended: BTreeMap<u64, Timestamp>,
    /// Attempts that were there and then were not.
    vanished: BTreeSet<u64>,
    /// Attempts that had ended and then ran again.
    revived: BTreeSet<u64>,
}

impl Watch {
    /// Looks until `stop`.
    pub(super) fn start(client: Arc<Client>, stop: CancellationToken) -> Self {
        let watch = Self { seen: Arc::default(), looking: Arc::default() };
        let looking = watch.clone();
        tokio::spawn(async move {
            loop {
                // A coordinator that does not answer is asked again.
                let _unanswered = looking.look(&client).await;
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            }
        });
        watch
    }

    /// Looks now; every attempt, oldest first.
    pub(super) async fn look(&self, client: &Client) -> anyhow::Result<Vec<Attempt>> {
        let _alone = self.looking.lock().await;
        let answer = client.get(&format!("/v1/attempts?limit={ATTEMPTS_MAX}")).await?;
        let list: AttemptList = serde_json::from_value(answer).context("no list of attempts")?;
        let now = Timestamp::now();
        let mut seen = self.seen();
        let known: BTreeSet<u64> = list.attempts.iter().map(|attempt| attempt.attempt).collect();
        let gone: Vec<u64> =
            seen.attempts.keys().filter(|attempt| !known.contains(attempt)).copied().collect();
        seen.vanished.extend(gone);
        for attempt in &list.attempts {
            if !attempt.is_running() {
                seen.ended.entry(attempt.attempt).or_insert(now);
            } else if seen.ended.contains_key(&attempt.attempt) {
                seen.revived.insert(attempt.attempt);
            }
            seen.attempts.insert(attempt.attempt, attempt.clone());
        }
        Ok(list.attempts.into_iter().rev().collect())
    }

    /// Attempts that ran when it looked last.
    pub(super) fn running(&self) -> Vec<u64> {
        let seen = self.seen();
        seen.attempts
            .values()
            .filter(|attempt| attempt.is_running())
            .map(|attempt| attempt.attempt)
            .collect()
    }

    /// How many attempts of a session ran when it looked last.
    pub(super) fn running_of(&self, project: &str, session_date: &str) -> usize {
        let seen = self.seen();
        let running = seen.attempts.values().filter(|attempt| attempt.is_running());
        running
            .filter(|attempt| attempt.project == project)
            .filter(|attempt| attempt.session_local_time.starts_with(session_date))
            .count()
    }

    /// How many attempts there are, and how many of them have ended.
    pub(super) fn count(&self) -> (usize, usize) {
        let seen = self.seen();
        (seen.attempts.len(), seen.ended.len())
    }

    /// When each attempt was first seen to have ended.
    pub(super) fn ended(&self) -> BTreeMap<u64, Timestamp> {
        self.seen().ended.clone()
    }

    /// Attempts that an answer left out although an earlier one had them.
    pub(super) fn vanished(&self) -> BTreeSet<u64> {
        self.seen().vanished.clone()
    }

    /// Attempts that ran again after they had ended.
    pub(super) fn revived(&self) -> BTreeSet<u64> {
        self.seen().revived.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
