//! One scenario from start to verdict.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use fastrand::Rng;
use tokio_util::sync::CancellationToken;

use super::evidence::Evidence;
use super::faults::{Fault, Hand, Tally};
use super::ledger::{Counters, Least, judge};
use super::prepared::{Prepared, copy};
use super::rig::Rig;
use super::scenario::Scenario;
use super::watch::Watch;
use super::workload::{Promises, Workload};
use crate::wait::until;

/// Between two lines about how it goes.
const TELL_EVERY: Duration = Duration::from_secs(15);

/// Longest wait for the queues to be empty and the jobs to be done after the last attempt has ended.
const DRAIN_DEADLINE: Duration = Duration::from_secs(60);

/// Seconds of load for one attempt that has to end: far below what a slow machine does.
const SECONDS_FOR_AN_ATTEMPT: u64 = 5;

/// Seconds of load for one fault that has to strike: the longest fault with its pause.
const SECONDS_FOR_A_FAULT: u64 = 60;

/// Findings that are told at once.
const TOLD_MAX: usize = 5;

/// How scenarios run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long there is load and trouble.
    pub duration: Duration,
    /// Draws both.
    pub seed: u64,
    /// Jobs that should run at once.
    pub jobs: usize,
    /// How long jobs take, in percent of one to six seconds.
    pub job_time: u32,
    /// Longest wait after that until everything has ended.
    pub settle: Duration,
    /// Where the logs of all scenarios go, in a folder for each; those of a bad one are kept in any case.
    pub keep: Option<PathBuf>,
    /// Ends what runs, and starts nothing more.
    pub interrupted: CancellationToken,
}

/// What became of a scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The scenario.
    pub name: &'static str,
    /// Its figures.
    pub counters: Counters,
    /// A sentence for each bad thing.
    pub findings: Vec<String>,
    /// Why there are no figures, if the harness itself failed.
    pub error: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// Whether all is well.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.error.is_none() && self.counters.is_good()
    }
}

/// Progress lines of one scenario.
#[derive(Debug)]
pub(super) struct Tell {
    name: &'static str,
    began: Instant,
}

impl Tell {
    #[expect(clippy::print_stderr, reason = "progress is for people, beside the result")]
    pub(super) fn line(&self, text: &str) {
        eprintln!("{:>22} {:>4} s  {text}", self.name, self.began.elapsed().as_secs());
    }
}

/// Runs a scenario.
pub async fn run(scenario: Scenario, prepared: &Prepared, settings: &Settings) -> Outcome {
    let tell = Tell { name: scenario.name, began: Instant::now() };
    let result = tokio::select! {
        biased;
        () = settings.interrupted.cancelled() => Err(anyhow!("interrupted")),
        result = Box::pin(try_run(&scenario, prepared, settings, &tell)) => result,
    };
    let took = tell.began.elapsed();
    let name = scenario.name;
    let outcome = match result {
        Ok((counters, findings)) => Outcome { name, counters, findings, error: None, took },
        Err(error) => {
            let error = Some(format!("{error:#}"));
            Outcome { name, counters: Counters::default(), findings: Vec::new(), error, took }
        }
    };
    for finding in outcome.error.iter().chain(&outcome.findings).take(TOLD_MAX) {
        tell.line(finding);
    }
    tell.line(if outcome.is_good() { "good" } else { "BAD" });
    outcome
}

async fn try_run(
    scenario: &Scenario,
    prepared: &Prepared,
    settings: &Settings,
    tell: &Tell,
) -> anyhow::Result<(Counters, Vec<String>)> {
    let folder = tempfile::Builder::new().prefix("himekuri-chaos-").tempdir()?;
    let result = in_folder(scenario, prepared, settings, tell, folder.path()).await;
    let is_good = result.as_ref().is_ok_and(|(counters, _)| counters.is_good());
    if let Some(keep) = &settings.keep {
        copy(&folder.path().join("logs"), &keep.join(scenario.name))?;
    } else if !is_good {
        let kept = folder.keep();
        // Data is large, and the logs tell more.
        let _gone = std::fs::remove_dir_all(kept.join("data"));
        tell.line(&format!("its logs are in {}", kept.join("logs").display()));
    }
    result
}

async fn in_folder(
    scenario: &Scenario,
    prepared: &Prepared,
    settings: &Settings,
    tell: &Tell,
    folder: &Path,
) -> anyhow::Result<(Counters, Vec<String>)> {
    tell.line(&format!("seed {}: {}", settings.seed, scenario.about));
    let rig = Rig::start(scenario, prepared, settings, folder).await?;
    let ending = CancellationToken::new();
    let _ended = ending.clone().drop_guard();
    let watch = Watch::start(Arc::clone(&rig.client), ending);
    let tally = Tally::default();
    let promises = trouble(scenario, prepared, settings, tell, &rig, &watch, &tally).await?;
    tell.line(&format!("healed after {} faults; everything has to end now", tally.strikes()));
    let settled = settle(&rig, &watch, &promises, settings.settle).await;
    if let Err(error) = settled {
        tell.line(&format!("{error:#}"));
    }
    let failed = rig.processes().find_map(|process| Some((process.name(), process.failed()?)));
    if let Some((name, error)) = failed {
        bail!("{name} could not be started again: {error}");
    }
    let evidence = Evidence {
        promises,
        quiet: prepared.quiet.clone(),
        deposed: tally.deposed(),
        clocks_are_true: !scenario.steps_clocks(),
        store_was_emptied: scenario.empties_the_store(),
        strikes: tally.strikes(),
        ..Evidence::gather(&rig, &watch).await?
    };
    let seconds = settings.duration.as_secs();
    let least = Least {
        attempts: (seconds / SECONDS_FOR_AN_ATTEMPT).max(1),
        faults: (seconds / SECONDS_FOR_A_FAULT).max(1),
    };
    Ok(judge(&evidence, least))
}

/// Load and faults, for as long as the scenario lasts.
async fn trouble(
    scenario: &Scenario,
    prepared: &Prepared,
    settings: &Settings,
    tell: &Tell,
    rig: &Rig,
    watch: &Watch,
    tally: &Tally,
) -> anyhow::Result<Promises> {
    let stop = CancellationToken::new();
    let mut dice = Rng::with_seed(settings.seed ^ number_of(scenario.name));
    let workload = Workload::new(rig, watch, prepared, settings.jobs, dice.fork());
    let longest = settings.duration / 2;
    let mut hand = |faults: &'static [Fault]| {
        Hand::new(rig, dice.fork(), tally, tell, &stop, longest).work(faults)
    };
    let [first, second, third] = scenario.hands;
    let (first, second, third) = (hand(first), hand(second), hand(third));
    let timer = async {
        let end = tokio::time::Instant::now() + settings.duration;
        while tokio::time::Instant::now() < end {
            let next = (tokio::time::Instant::now() + TELL_EVERY).min(end);
            tokio::time::sleep_until(next).await;
            let (attempts, ended) = watch.count();
            tell.line(&format!("{ended} of {attempts} attempts ended"));
        }
        stop.cancel();
    };
    let (promises, first, second, third, ()) =
        tokio::join!(workload.run(&stop), first, second, third, timer);
    first.and(second).and(third).context("a fault could not be injected or healed")?;
    promises.context("the workload failed")
}

/// Waits until nothing is left to do.
async fn settle(
    rig: &Rig,
    watch: &Watch,
    promises: &Promises,
    deadline: Duration,
) -> anyhow::Result<()> {
    until("every attempt and backfill ends", deadline, || async {
        let Ok(attempts) = watch.look(&rig.client).await else { return Ok(None) };
        if attempts.iter().any(super::watch::Attempt::is_running) {
            return Ok(None);
        }
        let Ok(backfills) = rig.client.get("/v1/backfills").await else { return Ok(None) };
        let list = backfills["backfills"].as_array().map(Vec::as_slice).unwrap_or_default();
        let done = list.iter().filter(|backfill| backfill["state"] == "done").count();
        Ok((done >= promises.backfills.len()).then_some(()))
    })
    .await?;
    until("the queues are empty", DRAIN_DEADLINE, || async {
        let left = rig.messages("tasks").await? + rig.messages("reports").await?;
        Ok((left == 0).then_some(()))
    })
    .await
}

/// A number for a name, so that scenarios with one seed draw differently (FNV-1a).
fn number_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
