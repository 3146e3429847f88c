//! What people do meanwhile: they start sessions, run them again, run backfills, and kill some of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::client::{Client, NoAnswer};
use super::prepared::Prepared;
use super::rig::Rig;
use super::watch::{ATTEMPTS_MAX, Watch};
use super::{TITLES, WORKFLOW, gcp_project};

/// Between two decisions.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// Room for more attempts than jobs, in percent: those of one session wait for each other.
const ATTEMPTS_PERCENT: usize = 150;

/// Attempts of one session that may run at once: they write one after another, and all of them have to end in time.
const SESSION_MAX: usize = 2;

/// How often other dates are drawn for something that would make a session's line too long.
const DRAWS: usize = 8;

/// Room for what a last range or backfill still brings.
const ATTEMPTS_LEFT: usize = 40;

/// Each so many looks something is killed.
const KILL_EVERY: u32 = 9;

/// How often a start without an answer is repeated, as a person would.
const ASK_MAX: usize = 3;

/// Sessions of a range of dates have session dates of their own, behind those of single dates.
const RANGE_SESSIONS: i64 = 3;

/// What the API has said yes to, and what was asked of it.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// Started sessions.
    pub(super) started: Vec<Started>,
    /// Backfills that began.
    pub(super) backfills: Vec<Backfill>,
    /// Attempts whose kill was asked for, whether or not there was an answer.
    pub(super) kills: BTreeSet<u64>,
    /// Jobs at once, at each look.
    pub(super) live: Vec<usize>,
    /// Questions without an answer.
    pub(super) unanswered: u64,
    /// Answers that say no: the workload asks nothing that may be refused.
    pub(super) refused: Vec<String>,
}

/// A session whose start was answered.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Started {
    pub(super) attempt: u64,
    pub(super) number: u64,
    pub(super) session_time: Timestamp,
}

/// A backfill whose begin was answered.
#[derive(Clone, Debug)]
pub(super) struct Backfill {
    pub(super) name: String,
    pub(super) project: &'static str,
    pub(super) sessions: usize,
}

#[derive(Deserialize)]
struct StartedList {
    started: Vec<Started>,
}

/// Draws and asks.
pub(super) struct Workload<'a> {
    rig: &'a Rig,
    client: Arc<Client>,
    watch: &'a Watch,
    prepared: &'a Prepared,
    /// Jobs that should run at once; more is started below it.
    jobs: usize,
    dice: Rng,
    names: u32,
    promises: Promises,
}

impl<'a> Workload<'a> {
    pub(super) fn new(
        rig: &'a Rig,
        watch: &'a Watch,
        prepared: &'a Prepared,
        jobs: usize,
        dice: Rng,
    ) -> Self {
        let client = Arc::clone(&rig.client);
        Self { rig, client, watch, prepared, jobs, dice, names: 0, promises: Promises::default() }
    }

    /// Works until `stop`.
    pub(super) async fn run(mut self, stop: &CancellationToken) -> anyhow::Result<Promises> {
        while !stop.is_cancelled() {
            let live = self.live_jobs().await?;
            self.promises.live.push(live);
            let (attempts, _) = self.watch.count();
            let running = self.watch.running();
            let has_room = running.len() < self.jobs * ATTEMPTS_PERCENT / 100;
            if live < self.jobs && has_room && attempts + ATTEMPTS_LEFT < ATTEMPTS_MAX {
                self.start_something().await?;
            }
            if self.dice.u32(0..KILL_EVERY) == 0 {
                self.kill_one(&running).await;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        Ok(self.promises)
    }

    async fn live_jobs(&self) -> anyhow::Result<usize> {
        let mut live = 0;
        for title in TITLES {
            live += self.rig.warehouse.live_jobs(&gcp_project(title)).await?;
        }
        Ok(live)
    }

    async fn start_something(&mut self) -> anyhow::Result<()> {
        let title = TITLES[self.dice.usize(0..TITLES.len())];
        match self.dice.u32(0..10) {
            0..6 => self.start_dates(title).await,
            6..8 => self.start_range(title).await,
            _ => self.begin_backfill(title).await,
        }
    }

    /// First and last session date of something new, if there is room for it.
    fn nights(&mut self, title: &str, most: i64) -> anyhow::Result<Option<(Date, Date)>> {
        for _ in 0..DRAWS {
            let (first, last) = self.dates(most);
            // The session of a night makes the date before.
            let (from, to) = (self.prepared.date(first + 1)?, self.prepared.date(last + 1)?);
            let nights = from.series(1.day()).take_while(|night| *night <= to);
            if nights.into_iter().all(|night| self.has_room(title, night)) {
                return Ok(Some((from, to)));
            }
        }
        Ok(None)
    }

    fn has_room(&self, title: &str, night: Date) -> bool {
        self.watch.running_of(title, &night.to_string()) < SESSION_MAX
    }

    /// One session for each of some dates, as the nightly runs do.
    async fn start_dates(&mut self, title: &str) -> anyhow::Result<()> {
        let Some((from, to)) = self.nights(title, 4)? else { return Ok(()) };
        let request = json!({
            "project": title, "workflow": WORKFLOW, "from": from, "to": to,
            "attempt_name": self.attempt_name(),
        });
        self.start(&request).await;
        Ok(())
    }

    /// One session that computes some dates at once.
    async fn start_range(&mut self, title: &str) -> anyhow::Result<()> {
        let (first, last) = self.dates(6);
        let session = self.prepared.dates() + 1 + self.dice.i64(0..RANGE_SESSIONS);
        let session = self.prepared.date(session)?;
        if !self.has_room(title, session) {
            return Ok(());
        }
        let (start, end) = (self.prepared.date(first)?, self.prepared.date(last)?);
        let request = json!({
            "project": title, "workflow": WORKFLOW, "from": session, "to": session,
            "overrides": {"START_DATE": start, "END_DATE": end},
            // Another range needs a name of its own.
            "attempt_name": self.new_name("range"),
        });
        self.start(&request).await;
        Ok(())
    }

    /// Sessions that run a few at a time.
    async fn begin_backfill(&mut self, title: &'static str) -> anyhow::Result<()> {
        let Some((from, to)) = self.nights(title, 8)? else { return Ok(()) };
        let name = self.new_name("backfill");
        let order = if self.dice.bool() { "oldest_first" } else { "newest_first" };
        let request = json!({
            "project": title, "workflow": WORKFLOW, "from": from, "to": to, "order": order,
            "concurrency": self.dice.u32(2..6), "attempt_name": name,
        });
        let sessions = usize::try_from((to - from).get_days())? + 1;
        for asked in 0..ASK_MAX {
            match self.client.post("/v1/backfills", &request).await {
                Ok(_) => {}
                // The answer to an earlier question was lost.
                Err(NoAnswer::Refused { detail, is_second, .. })
                    if (is_second || asked > 0) && detail.contains(&name) => {}
                Err(no_answer) => {
                    if self.noted(no_answer) {
                        continue;
                    }
                    break;
                }
            }
            self.promises.backfills.push(Backfill { name, project: title, sessions });
            break;
        }
        Ok(())
    }

    async fn start(&mut self, request: &Value) {
        for _ in 0..ASK_MAX {
            let answer = self.client.post("/v1/attempts", request).await;
            let read = answer.map(serde_json::from_value::<StartedList>);
            match read {
                Ok(Ok(list)) => return self.promises.started.extend(list.started),
                Ok(Err(error)) => return self.promises.refused.push(error.to_string()),
                Err(no_answer) => {
                    if !self.noted(no_answer) {
                        return;
                    }
                }
            }
        }
    }

    async fn kill_one(&mut self, running: &[u64]) {
        let Some(attempt) = self.dice.choice(running).copied() else { return };
        self.promises.kills.insert(attempt);
        let path = format!("/v1/attempts/{attempt}/kill");
        if let Err(no_answer) = self.client.post(&path, &json!({"by": "chaos"})).await {
            self.noted(no_answer);
        }
    }

    /// Whether asking again may help.
    fn noted(&mut self, no_answer: NoAnswer) -> bool {
        match no_answer {
            NoAnswer::Unreachable(_) => {
                self.promises.unanswered += 1;
                true
            }
            NoAnswer::Refused { status, detail, .. } => {
                self.promises.refused.push(format!("{status}: {detail}"));
                false
            }
        }
    }

    /// Some neighbouring dates, counted from 0.
    fn dates(&mut self, most: i64) -> (i64, i64) {
        let length = self.dice.i64(1..=most.min(self.prepared.dates()));
        let first = self.dice.i64(0..=self.prepared.dates() - length);
        (first, first + length - 1)
    }

    /// Mostly another attempt; sometimes the one without a name, which a session may have already.
    fn attempt_name(&mut self) -> String {
        if self.dice.u32(0..4) == 0 { String::new() } else { self.new_name("again") }
    }

    fn new_name(&mut self, stem: &str) -> String {
        self.names += 1;
        format!("{stem}-{}", self.names)
    }
}
