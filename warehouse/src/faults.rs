//! Faults on request: what goes wrong, for whom, how often. Without a setup nothing does.
//!
//! A call meets the first rule that fits it and is not used up. Rules of the REST interface are carried out in
//! `rest/faulty.rs`, those of jobs in `jobs/run.rs`.

mod duration;
mod facts;
mod quota;
mod setup;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::duck::locked;
use crate::error::{BqError, Reason};
use crate::ids::TableId;

pub(crate) use facts::Facts;
pub(crate) use setup::{Answer, Body, Effect, Moment};
pub use setup::{FaultsError, Setup};

/// The method name of rules about a job itself.
const JOB: &str = "job";

/// A setup and how much of it is left.
pub(crate) struct Faults {
    state: Mutex<State>,
}

struct State {
    setup: Setup,
    /// How often each rule was met.
    hits: Vec<u64>,
    random: StdRng,
    /// Jobs that calls do not find for so many times yet.
    hidden: HashMap<String, u64>,
    quota: quota::Window,
}

/// What happens to one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fault {
    /// Time before anything else.
    pub(crate) delay: Duration,
    pub(crate) effect: Option<Effect>,
}

/// How long a job is PENDING and RUNNING beside its work.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wait {
    pub(crate) pending: Duration,
    pub(crate) running: Duration,
}

impl Faults {
    pub(crate) fn new(setup: Setup) -> Self {
        Self { state: Mutex::new(State::new(setup)) }
    }

    /// Replaces the setup; counts begin anew.
    pub(crate) fn replace(&self, setup: Setup) {
        *locked(&self.state) = State::new(setup);
    }

    /// The setup, with the hits of each rule.
    pub(crate) fn describe(&self) -> Value {
        let state = locked(&self.state);
        let mut setup = json!(state.setup);
        if let Some(rules) = setup["rules"].as_array_mut() {
            for (rule, hits) in rules.iter_mut().zip(&state.hits) {
                rule["hits"] = json!(hits);
            }
        }
        setup
    }

    /// Whether any rule could be met: most of the time there is none, and nobody has to read requests.
    pub(crate) fn is_active(&self) -> bool {
        let state = locked(&self.state);
        !state.setup.rules.is_empty() || !state.hidden.is_empty()
    }

    /// The fault of a call, which is counted as met.
    pub(crate) fn of_call(&self, method: &str, facts: &Facts) -> Fault {
        let mut state = locked(&self.state);
        if state.hides(method, facts) {
            let answer = Answer::not_found(facts);
            return Fault {
                effect: Some(Effect::Answer(answer, Moment::Before)),
                ..Fault::default()
            };
        }
        let met = state.meet(|rule| rule.is_about_calls() && rule.covers(method), facts);
        met.map_or_else(Fault::default, |rule| Fault { delay: rule.delay.0, effect: rule.effect() })
    }

    /// Notes that an insert was answered with 409: by a rule, the next calls do not find the job.
    pub(crate) fn conflict(&self, facts: &Facts) {
        let mut state = locked(&self.state);
        let met = state.meet(|rule| rule.hide_after_conflict.is_some(), facts);
        if let (Some(calls), Some(job)) =
            (met.and_then(|rule| rule.hide_after_conflict), &facts.job)
        {
            state.hidden.insert(job.clone(), calls);
        }
    }

    /// How the job has to end, if not by its work.
    pub(crate) fn end(&self, facts: &Facts) -> Option<BqError> {
        let met = locked(&self.state).meet(|rule| rule.end.is_some(), facts)?;
        met.end.map(|end| end.error())
    }

    /// How long a stop of this job waits after its `cancel`.
    pub(crate) fn late_cancel(&self, facts: &Facts) -> Duration {
        let met = locked(&self.state).meet(|rule| rule.late_cancel.is_some(), facts);
        met.and_then(|rule| rule.late_cancel).map_or(Duration::ZERO, |late| late.0)
    }

    /// How long a job waits beside its work: the first entry that fits.
    pub(crate) fn latency(&self, facts: &Facts) -> Wait {
        let state = locked(&self.state);
        let entry = state.setup.latency.iter().find(|entry| facts.fits(&entry.wanted()));
        entry.map_or_else(Wait::default, |entry| Wait {
            pending: entry.pending.0,
            running: entry.running.0,
        })
    }

    /// Counts a change of a table.
    ///
    /// # Errors
    /// `rateLimitExceeded` when there were too many in the time of the quota.
    pub(crate) fn take_quota(
        &self,
        table: &TableId,
        partitioned: bool,
        now_ms: i64,
    ) -> Result<(), BqError> {
        let mut state = locked(&self.state);
        let Some(quotas) = state.setup.quotas else {
            return Ok(());
        };
        match state.quota.take(&quotas, table, partitioned, now_ms) {
            true => Ok(()),
            false => Err(BqError::new(
                Reason::RateLimitExceeded,
                format!(
                    "Exceeded rate limits: too many {} operations for this table. For more \
                     information, see https://cloud.google.com/bigquery/docs/troubleshoot-quotas",
                    if partitioned { "partitioned table update" } else { "table update" }
                ),
            )),
        }
    }
}

impl State {
    fn new(setup: Setup) -> Self {
        Self {
            hits: vec![0; setup.rules.len()],
            random: StdRng::seed_from_u64(setup.seed),
            hidden: HashMap::new(),
            quota: quota::Window::default(),
            setup,
        }
    }

    /// The first rule that fits and is not used up.
    fn meet(
        &mut self,
        wanted: impl Fn(&setup::Rule) -> bool,
        facts: &Facts,
    ) -> Option<setup::Rule> {
        for (rule, hits) in self.setup.rules.iter().zip(&mut self.hits) {
            let left = rule.times.is_none_or(|times| *hits < times);
            if !left || !wanted(rule) || !facts.fits(&rule.wanted()) {
                continue;
            }
            if rule.probability.is_some_and(|probability| !self.random.random_bool(probability)) {
                continue;
            }
            *hits += 1;
            return Some(rule.clone());
        }
        None
    }

    fn hides(&mut self, method: &str, facts: &Facts) -> bool {
        let looks = ["jobs.get", "jobs.getQueryResults", "jobs.cancel"].contains(&method);
        let Some(job) = facts.job.as_ref().filter(|_| looks) else {
            return false;
        };
        let Some(left) = self.hidden.get_mut(job) else {
            return false;
        };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.hidden.remove(job);
        }
        true
    }
}
