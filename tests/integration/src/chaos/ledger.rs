//! The ledger: what was done, and what must never be. It judges evidence and asks nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;

use super::evidence::{Evidence, Job};
use super::watch::Attempt;
use super::{MARTS, gcp_project};

#[cfg(test)]
mod tests;

/// Figures of one scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counters {
    /// Attempts that ended.
    pub attempts: u64,
    /// Of them, those that were killed.
    pub killed: u64,
    /// Tasks with a job that ended well.
    pub tasks: u64,
    /// Jobs that the warehouse took.
    pub jobs: u64,
    /// Jobs of a second or later try.
    pub later_tries: u64,
    /// Jobs that were there at once, on average.
    pub live_jobs: u64,
    /// Faults that struck.
    pub faults: u64,
    /// Processes that were started again.
    pub restarts: u64,
    /// Questions that no coordinator answered.
    pub unanswered: u64,
    /// Longest time in which no job ended while some were wanted, in seconds.
    pub longest_pause: u64,
    /// Partitions whose last writer is of an older attempt than another one, in another session: nobody promises an order there
    /// (decision 0015), so this is told and not judged.
    pub older_across_sessions: u64,
    /// Must be 0: promised and not there, or not as it must be.
    pub lost: u64,
    /// Must be 0: attempts, jobs, backfills and messages that did not come to an end.
    pub stuck: u64,
    /// Must be 0: SQL executed twice, or two jobs that did the same work.
    pub billed_twice: u64,
    /// Must be 0: two jobs at once on a partition.
    pub overlapping: u64,
    /// Must be 0: an older attempt of a session wrote last.
    pub stale_overwrites: u64,
    /// Must be 0.
    pub dead_letters: u64,
    /// Must be 0: attempts that ended badly, and nobody killed them.
    pub failed_without_cause: u64,
    /// Must be 0: jobs that ran when their attempt had ended.
    pub ran_on: u64,
    /// Must be 0: leaders that went on after they were deposed.
    pub deposed: u64,
    /// Must be 0: questions that the API should not have refused.
    pub refused: u64,
    /// Must be 0: too little happened to say anything.
    pub idle: u64,
}

impl Counters {
    /// What must be 0, with its name.
    #[must_use]
    pub fn bad(&self) -> [(&'static str, u64); 11] {
        [
            ("lost", self.lost),
            ("stuck", self.stuck),
            ("billed twice", self.billed_twice),
            ("overlapping", self.overlapping),
            ("stale overwrite", self.stale_overwrites),
            ("dead-lettered", self.dead_letters),
            ("failed without cause", self.failed_without_cause),
            ("ran on", self.ran_on),
            ("deposed and alive", self.deposed),
            ("refused", self.refused),
            ("idle", self.idle),
        ]
    }

    /// Whether all is well.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.bad().iter().all(|(_, count)| *count == 0)
    }
}

/// How much has to happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Least {
    pub(super) attempts: u64,
    pub(super) faults: u64,
}

/// Counts; a sentence for each bad thing.
pub(super) fn judge(evidence: &Evidence, least: Least) -> (Counters, Vec<String>) {
    let mut ledger = Ledger { evidence, counters: Counters::default(), findings: Vec::new() };
    ledger.work();
    ledger.promises();
    ledger.ends();
    ledger.writes();
    ledger.of_partitions();
    ledger.of_jobs();
    ledger.enough(least);
    (ledger.counters, ledger.findings)
}

struct Ledger<'a> {
    evidence: &'a Evidence,
    counters: Counters,
    findings: Vec<String>,
}

impl<'a> Ledger<'a> {
    fn find(&mut self, counter: fn(&mut Counters) -> &mut u64, finding: String) {
        *counter(&mut self.counters) += 1;
        self.findings.push(finding);
    }

    /// What was done.
    fn work(&mut self) {
        let evidence = self.evidence;
        let live = &evidence.promises.live;
        let tasks = evidence.tasks.values().flatten();
        let done = tasks.filter(|task| task.operator.as_deref() == Some("bq"));
        self.counters = Counters {
            attempts: count(evidence.attempts.iter().filter(|attempt| !attempt.is_running())),
            killed: count(evidence.attempts.iter().filter(|attempt| attempt.state == "canceled")),
            tasks: count(done.filter(|task| task.state == "success")),
            jobs: count(evidence.jobs.iter()),
            later_tries: count(evidence.jobs.iter().filter(|job| job.try_no > 1)),
            live_jobs: live.iter().sum::<usize>().checked_div(live.len()).unwrap_or(0) as u64,
            faults: evidence.strikes,
            restarts: evidence.restarts,
            unanswered: evidence.promises.unanswered,
            longest_pause: longest_pause(&evidence.jobs).as_secs(),
            ..self.counters
        };
    }

    /// What the API has said yes to is there.
    fn promises(&mut self) {
        let evidence = self.evidence;
        let numbers: BTreeMap<u64, u64> = evidence
            .attempts
            .iter()
            .map(|attempt| (attempt.attempt, attempt.number.unwrap_or_default()))
            .collect();
        let known: BTreeSet<u64> = numbers.keys().copied().collect();
        for started in &evidence.promises.started {
            let (id, session) = (started.attempt, started.session_time);
            let finding = match numbers.get(&id) {
                None => format!("attempt {id} of session {session} was promised, and is not there"),
                Some(number) if *number != started.number => {
                    let said = started.number;
                    format!("attempt {id} was number {said} of session {session}, and is {number}")
                }
                Some(_) => continue,
            };
            self.find(|counters| &mut counters.lost, finding);
        }
        let mut by_number = BTreeMap::new();
        for attempt in evidence.attempts.iter().filter(|attempt| attempt.number.is_some()) {
            let (id, session, number) = (attempt.attempt, attempt.session(), attempt.number);
            if let Some(other) = by_number.insert((session, number), id) {
                let finding = format!("attempts {other} and {id} have one number");
                self.find(|counters| &mut counters.lost, finding);
            }
        }
        for id in evidence.vanished.difference(&known) {
            self.find(|counters| &mut counters.lost, format!("attempt {id} has vanished"));
        }
        // An end of the last moment before a loss may not be in the journal yet: the attempt ends once more, by its old jobs.
        let revived = evidence.revived.iter().filter(|_| !evidence.store_was_emptied);
        for id in revived {
            let finding = format!("attempt {id} had ended, and ran again");
            self.find(|counters| &mut counters.lost, finding);
        }
        for promised in &evidence.promises.backfills {
            let name = &promised.name;
            let is_it = |project: &str, other: &str| project == promised.project && other == name;
            let found = evidence.backfills.iter().find(|found| is_it(&found.project, &found.name));
            let sessions = evidence
                .attempts
                .iter()
                .filter(|attempt| is_it(&attempt.project, &attempt.attempt_name))
                .count();
            match found.map(|found| found.state.as_str()) {
                None => {
                    let finding = format!("backfill {name} was promised, and is not there");
                    self.find(|counters| &mut counters.lost, finding);
                }
                Some("done") if sessions != promised.sessions => {
                    let of = promised.sessions;
                    let finding = format!("backfill {name} has {sessions} attempts of {of}");
                    self.find(|counters| &mut counters.lost, finding);
                }
                Some("done") => {}
                Some(state) => {
                    let finding = format!("backfill {name} is still {state}");
                    self.find(|counters| &mut counters.stuck, finding);
                }
            }
        }
        let unknown = |refusal: &&String| evidence.store_was_emptied && refusal.starts_with("404");
        for refusal in evidence.promises.refused.iter().filter(|refusal| !unknown(refusal)) {
            self.find(|counters| &mut counters.refused, format!("the API refused: {refusal}"));
        }
    }

    /// Everything has ended, and well unless somebody killed it.
    fn ends(&mut self) {
        let evidence = self.evidence;
        for attempt in &evidence.attempts {
            let id = attempt.attempt;
            let tasks = evidence.tasks.get(&id).map(Vec::as_slice).unwrap_or_default();
            let was_killed = evidence.promises.kills.contains(&id);
            let error = attempt.error.as_deref().unwrap_or_default();
            match attempt.state.as_str() {
                "success" => {
                    let open = tasks.iter().filter(|task| task.state != "success");
                    let open: Vec<String> =
                        open.map(|task| format!("{} is {}", task.name, task.state)).collect();
                    if !open.is_empty() {
                        let open = open.join(", ");
                        let finding = format!("attempt {id} is a success, but {open}");
                        self.find(|counters| &mut counters.lost, finding);
                    }
                }
                "canceled" | "error" if was_killed => {}
                "canceled" | "error" => {
                    let finding = format!("attempt {id} ended as {}: {error}", attempt.state);
                    self.find(|counters| &mut counters.failed_without_cause, finding);
                }
                state => {
                    let open = tasks.iter().filter(|task| {
                        task.operator.is_some()
                            && !["success", "blocked", "canceled"].contains(&task.state.as_str())
                    });
                    let open: Vec<String> = open
                        .map(|task| {
                            let error = task.error.as_deref().unwrap_or_default();
                            format!("{} is {} {error}", task.name, task.state)
                        })
                        .collect();
                    let killed = if was_killed { " (a kill was asked for)" } else { "" };
                    let finding = format!("attempt {id} is {state}{killed}: {}", open.join(", "));
                    self.find(|counters| &mut counters.stuck, finding);
                }
            }
        }
        for job in evidence.jobs.iter().filter(|job| !job.is_done) {
            self.find(|counters| &mut counters.stuck, format!("job {} is not done", job.id));
        }
        if evidence.left_messages > 0 {
            let finding = format!("{} messages are left in the queues", evidence.left_messages);
            self.find(|counters| &mut counters.stuck, finding);
        }
        if evidence.dead_letters > 0 {
            self.counters.dead_letters = evidence.dead_letters;
            self.findings.push(format!("{} messages were dead-lettered", evidence.dead_letters));
        }
        for finding in evidence.deposed.clone() {
            self.find(|counters| &mut counters.deposed, finding);
        }
    }

    /// What a success promises is in the warehouse.
    fn writes(&mut self) {
        let evidence = self.evidence;
        let mut done: BTreeMap<Work<'_>, u64> = BTreeMap::new();
        for job in evidence.jobs.iter().filter(|job| job.succeeded) {
            *done.entry((&job.of, &job.partition)).or_default() += 1;
        }
        for attempt in evidence.attempts.iter().filter(|attempt| attempt.state == "success") {
            let id = attempt.attempt;
            let of = of_attempt(attempt);
            for partition in partitions_of(attempt) {
                if !done.contains_key(&(&of, partition.as_str())) {
                    let finding = format!(
                        "attempt {id} is a success, and none of its jobs wrote {partition}"
                    );
                    self.find(|counters| &mut counters.lost, finding);
                }
                // A partition without rows is listed nowhere.
                let is_there = evidence.partitions.contains_key(&partition);
                if evidence.quiet.contains_key(&partition) && !is_there {
                    let finding = format!("attempt {id} is a success, and {partition} is missing");
                    self.find(|counters| &mut counters.lost, finding);
                }
            }
        }
        for (name, partition) in &evidence.partitions {
            if evidence.quiet.get(name) != Some(partition) {
                let finding = format!("{name} is not what a quiet run makes: {partition:?}");
                self.find(|counters| &mut counters.lost, finding);
            }
        }
    }

    /// Who wrote a partition, and when.
    fn of_partitions(&mut self) {
        let evidence = self.evidence;
        let ids = ids(&evidence.attempts);
        let mut by_partition: BTreeMap<&str, Vec<&Job>> = BTreeMap::new();
        for job in &evidence.jobs {
            by_partition.entry(&job.partition).or_default().push(job);
        }
        for (partition, mut jobs) in by_partition {
            jobs.sort_by_key(|job| (job.start, job.end));
            let mut before: Option<&Job> = None;
            for job in &jobs {
                let Some(start) = job.start else { continue };
                let meets = before.filter(|before| before.end.is_none_or(|end| start < end));
                if let Some(other) = meets {
                    let finding = format!(
                        "{partition}: {} ran while {} did",
                        told(job, &ids),
                        told(other, &ids)
                    );
                    self.find(|counters| &mut counters.overlapping, finding);
                }
                let lasts_longer = before.is_none_or(|before| {
                    before.end.is_some_and(|end| job.end.is_none_or(|own| own > end))
                });
                if lasts_longer {
                    before = Some(job);
                }
            }
            self.of_writers(partition, &jobs, &ids);
        }
    }

    fn of_writers(&mut self, partition: &str, jobs: &[&Job], ids: &Ids) {
        let mut writers: Vec<&Job> = jobs.iter().copied().filter(|job| job.succeeded).collect();
        writers.sort_by_key(|job| job.end);
        for (index, job) in writers.iter().enumerate() {
            let earlier = &writers[..index];
            let is_same = |other: &&&Job| (&other.of.0, &other.of.1) == (&job.of.0, &job.of.1);
            let newer = earlier.iter().filter(is_same).find(|other| other.of.2 > job.of.2);
            if let Some(newer) = newer {
                let finding = format!(
                    "{partition}: {} overwrote what {} had written",
                    told(job, ids),
                    told(newer, ids)
                );
                self.find(|counters| &mut counters.stale_overwrites, finding);
            }
        }
        let newest = writers.iter().filter_map(|job| ids.get(&job.of)).max();
        let last = writers.last().and_then(|job| ids.get(&job.of));
        if last < newest {
            self.counters.older_across_sessions += 1;
        }
    }

    /// Each job belongs to an attempt, ran once, and not behind its end.
    fn of_jobs(&mut self) {
        let evidence = self.evidence;
        let ids = ids(&evidence.attempts);
        let by_id: BTreeMap<u64, &Attempt> =
            evidence.attempts.iter().map(|attempt| (attempt.attempt, attempt)).collect();
        let mut done: BTreeMap<Work<'_>, Vec<&Job>> = BTreeMap::new();
        for job in &evidence.jobs {
            let Some(attempt) = ids.get(&job.of).and_then(|id| by_id.get(id)) else {
                let finding = format!("{} belongs to no attempt", told(job, &ids));
                self.find(|counters| &mut counters.lost, finding);
                continue;
            };
            if job.executions > 1 {
                let finding = format!("{} was executed {} times", told(job, &ids), job.executions);
                self.find(|counters| &mut counters.billed_twice, finding);
            }
            if job.succeeded {
                done.entry((&job.of, &job.partition)).or_default().push(job);
            }
            if let Some(ended) = self.ended(attempt)
                && job.end.is_none_or(|end| end > ended)
            {
                let finding = format!("{} ran when its attempt had ended", told(job, &ids));
                self.find(|counters| &mut counters.ran_on, finding);
            }
        }
        for jobs in done.into_values().filter(|jobs| jobs.len() > 1) {
            let told: Vec<String> = jobs.iter().map(|job| told(job, &ids)).collect();
            let finding = format!("the same work was done by {}", told.join(" and "));
            self.find(|counters| &mut counters.billed_twice, finding);
        }
    }

    /// When an attempt had ended, in milliseconds.
    fn ended(&self, attempt: &Attempt) -> Option<i64> {
        let seen = self.evidence.ended.get(&attempt.attempt).copied();
        let said = attempt.ended_at.filter(|_| self.evidence.clocks_are_true);
        said.into_iter().chain(seen).min().map(jiff::Timestamp::as_millisecond)
    }

    fn enough(&mut self, least: Least) {
        let (attempts, faults) = (self.counters.attempts, self.counters.faults);
        if attempts < least.attempts || faults < least.faults {
            let finding = format!(
                "{attempts} attempts ended and {faults} faults struck; at least {} and {} are needed to say anything",
                least.attempts, least.faults
            );
            self.find(|counters| &mut counters.idle, finding);
        }
    }
}

/// An attempt, and a partition that it writes.
type Work<'a> = (&'a (String, String, u64), &'a str);

type Ids = BTreeMap<(String, String, u64), u64>;

fn count<T>(of: impl Iterator<Item = T>) -> u64 {
    of.count() as u64
}

/// Attempts as jobs name them.
fn ids(attempts: &[Attempt]) -> Ids {
    attempts.iter().map(|attempt| (of_attempt(attempt), attempt.attempt)).collect()
}

/// How the jobs of an attempt name it.
fn of_attempt(attempt: &Attempt) -> (String, String, u64) {
    let number = attempt.number.unwrap_or_default();
    (attempt.project.clone(), session_date(attempt).to_owned(), number)
}

fn session_date(attempt: &Attempt) -> &str {
    attempt.session_local_time.get(..10).unwrap_or_default()
}

/// What an attempt writes.
fn partitions_of(attempt: &Attempt) -> Vec<String> {
    let given = |key: &str| attempt.overrides.get(key)?.as_str()?.parse::<Date>().ok();
    let night = session_date(attempt).parse::<Date>().and_then(|date| date.checked_sub(1.day()));
    let Some(first) = given("START_DATE").or(night.clone().ok()) else { return Vec::new() };
    let Some(last) = given("END_DATE").or(night.ok()) else { return Vec::new() };
    let project = gcp_project(&attempt.project);
    let days = first.series(1.day()).take_while(|day| *day <= last);
    days.flat_map(|day| {
        let digits = day.to_string().replace('-', "");
        MARTS.map(|mart| format!("{project}.{mart}${digits}"))
    })
    .collect()
}

fn told(job: &Job, ids: &Ids) -> String {
    let (title, session, number) = &job.of;
    let attempt = ids.get(&job.of).map_or("of nobody".to_owned(), |id| format!("of attempt {id}"));
    format!("job {} {attempt} ({title} {session} number {number})", job.id)
}

/// Longest time between two ends of jobs.
fn longest_pause(jobs: &[Job]) -> Duration {
    let mut ends: Vec<i64> = jobs.iter().filter_map(|job| job.end).collect();
    ends.sort_unstable();
    let longest = ends.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    Duration::from_millis(longest.unsigned_abs())
}
