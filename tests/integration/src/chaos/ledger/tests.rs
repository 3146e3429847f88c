//! The ledger notices each bad thing, and nothing else.

use std::collections::BTreeMap;

use super::*;
use crate::chaos::evidence::{BackfillView, Task};
use crate::chaos::workload::{Backfill, Started};

const LEAST: Least = Least { attempts: 1, faults: 1 };

/// Two attempts of one session, one after another, each with its five jobs.
fn well() -> Evidence {
    let attempts = vec![attempt(1, 0), attempt(2, 60_000)];
    let partitions = partitions_of(&attempts[0]);
    let jobs = attempts.iter().flat_map(|attempt| {
        let begin = if attempt.number == Some(1) { 0 } else { 60_000 };
        let job = move |(index, partition): (usize, String)| {
            let start = begin + i64::try_from(index).unwrap() * 10_000;
            job(of_attempt(attempt), partition, start)
        };
        partitions_of(attempt).into_iter().enumerate().map(job)
    });
    let jobs = jobs.collect();
    let whole: BTreeMap<_, _> =
        partitions.into_iter().map(|name| (name.clone(), partition(&name))).collect();
    let task = Task {
        name: "+summary+a".to_owned(),
        operator: Some("bq".to_owned()),
        state: "success".to_owned(),
        error: None,
    };
    let mut evidence = Evidence {
        tasks: [(1, vec![task.clone()]), (2, vec![task])].into(),
        attempts,
        jobs,
        partitions: whole.clone(),
        quiet: whole,
        clocks_are_true: true,
        strikes: 1,
        ..Evidence::default()
    };
    let session_time = evidence.attempts[0].session_time;
    evidence.promises.started =
        [1, 2].map(|attempt| Started { attempt, number: attempt, session_time }).to_vec();
    evidence
}

fn attempt(id: u64, begin: i64) -> Attempt {
    Attempt {
        attempt: id,
        number: Some(id),
        project: "title_a".to_owned(),
        workflow: "summary".to_owned(),
        session_time: "2019-09-01T15:00:00Z".parse().unwrap(),
        session_local_time: "2019-09-02T00:00:00+09:00".to_owned(),
        attempt_name: format!("again-{id}"),
        overrides: BTreeMap::new(),
        state: "success".to_owned(),
        ended_at: Some(jiff::Timestamp::from_millisecond(begin + 50_000).unwrap()),
        error: None,
    }
}

fn job(of: (String, String, u64), partition: String, start: i64) -> Job {
    Job {
        id: format!("himekuri_{partition}_{}_1", of.2),
        of,
        partition,
        try_no: 1,
        start: Some(start),
        end: Some(start + 5_000),
        is_done: true,
        succeeded: true,
        executions: 1,
    }
}

fn partition(name: &str) -> crate::warehouse::Partition {
    crate::warehouse::Partition {
        project: "title-a".to_owned(),
        dataset: "summary".to_owned(),
        table: name.to_owned(),
        partition: None,
        rows: 1,
        checksum: "1".to_owned(),
    }
}

/// The counters that are not 0 after a change of what was well.
fn bad(change: impl FnOnce(&mut Evidence)) -> Vec<(&'static str, u64)> {
    let mut evidence = well();
    change(&mut evidence);
    let (counters, findings) = judge(&evidence, LEAST);
    let bad: Vec<_> = counters.bad().into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(bad.is_empty(), findings.is_empty(), "{findings:?}");
    bad
}

#[test]
fn two_attempts_of_a_session_with_one_number_are_noticed() {
    let mut evidence = well();
    evidence.attempts[1].number = Some(1);

    let (counters, findings) = judge(&evidence, LEAST);

    assert!(counters.lost > 0);
    let told = "attempts 1 and 2 have one number";
    assert!(findings.iter().any(|finding| finding == told), "{findings:?}");
}

#[test]
fn what_went_well_is_counted_and_nothing_is_bad() {
    let (counters, findings) = judge(&well(), LEAST);

    assert_eq!(findings, Vec::<String>::new());
    let done = (counters.attempts, counters.tasks, counters.jobs, counters.longest_pause);
    assert_eq!(done, (2, 2, 10, 20));
}

#[test]
fn what_is_missing_is_lost() {
    assert_eq!(bad(|all| all.promises.started[1].attempt = 3), [("lost", 1)]);
    assert_eq!(bad(|all| all.promises.started[1].number = 3), [("lost", 1)]);
    assert_eq!(bad(|all| all.vanished.extend([7])), [("lost", 1)]);
    assert_eq!(bad(|all| all.revived.extend([1])), [("lost", 1)]);
    assert_eq!(bad(|all| drop(all.partitions.pop_first())), [("lost", 2)]);
    assert_eq!(bad(|all| drop(all.jobs.pop())), [("lost", 1)]);
    assert_eq!(bad(|all| all.jobs[5].of.2 = 9), [("lost", 2)]);
    assert_eq!(bad(|all| all.tasks.get_mut(&1).unwrap()[0].state = "ready".into()), [("lost", 1)]);
    let other = |all: &mut Evidence| {
        let mut first = all.partitions.first_entry().unwrap();
        first.get_mut().checksum = "2".to_owned();
    };
    assert_eq!(bad(other), [("lost", 1)]);
}

#[test]
fn a_backfill_is_done_with_an_attempt_for_each_of_its_sessions() {
    let of_state = |state: &str| {
        let state = state.to_owned();
        move |all: &mut Evidence| {
            let (name, project) = ("again-1".to_owned(), "title_a");
            let promised = Backfill { name: name.clone(), project, sessions: 1 };
            all.promises.backfills = vec![promised];
            all.backfills = vec![BackfillView { name, project: project.to_owned(), state }];
        }
    };

    assert_eq!(bad(of_state("done")), []);
    assert_eq!(bad(of_state("running")), [("stuck", 1)]);
    assert_eq!(
        bad(|all| {
            of_state("done")(all);
            all.promises.backfills[0].sessions = 2;
        }),
        [("lost", 1)]
    );
    assert_eq!(
        bad(|all| {
            of_state("done")(all);
            all.backfills.clear();
        }),
        [("lost", 1)]
    );
}

#[test]
fn what_does_not_end_is_stuck() {
    let running = |all: &mut Evidence| {
        all.attempts[1].state = "running".to_owned();
        all.attempts[1].ended_at = None;
    };
    assert_eq!(bad(running), [("stuck", 1)]);
    assert_eq!(bad(|all| all.left_messages = 3), [("stuck", 1)]);
    let of_job = |all: &mut Evidence| {
        running(all);
        let last = all.jobs.last_mut().unwrap();
        (last.is_done, last.succeeded, last.end) = (false, false, None);
    };
    assert_eq!(bad(of_job), [("stuck", 2)]);
}

#[test]
fn work_that_is_done_twice_is_billed_twice() {
    assert_eq!(bad(|all| all.jobs[0].executions = 2), [("billed twice", 1)]);
    let again = |all: &mut Evidence| {
        let mut again = all.jobs[0].clone();
        (again.id, again.try_no) = ("himekuri_other_1_2".to_owned(), 2);
        (again.start, again.end) = (Some(6_000), Some(7_000));
        all.jobs.push(again);
    };
    assert_eq!(bad(again), [("billed twice", 1)]);
}

#[test]
fn two_jobs_at_once_on_a_partition_overlap() {
    let meet = |all: &mut Evidence| all.jobs[5].start = Some(4_999);
    assert_eq!(bad(meet), [("overlapping", 1)]);
    let touch = |all: &mut Evidence| all.jobs[5].start = Some(5_000);
    assert_eq!(bad(touch), []);
    // A short job within a long one, and another one behind the short one.
    let within = |all: &mut Evidence| {
        (all.jobs[0].start, all.jobs[0].end) = (Some(0), Some(40_000));
        (all.jobs[5].start, all.jobs[5].end) = (Some(10_000), Some(11_000));
        let mut third = all.jobs[5].clone();
        (third.start, third.end, third.succeeded) = (Some(30_000), Some(31_000), false);
        all.jobs.push(third);
    };
    assert!(bad(within).contains(&("overlapping", 2)));
}

#[test]
fn an_older_attempt_that_writes_last_is_stale() {
    let late = |all: &mut Evidence| {
        (all.jobs[0].start, all.jobs[0].end) = (Some(70_000), Some(71_000));
        all.attempts[0].ended_at = all.attempts[1].ended_at;
    };
    assert_eq!(bad(late), [("stale overwrite", 1)]);
}

#[test]
fn an_end_that_nobody_asked_for_is_without_cause() {
    for state in ["error", "canceled"] {
        let ends = |all: &mut Evidence| all.attempts[0].state = state.to_owned();
        assert_eq!(bad(ends), [("failed without cause", 1)], "{state}");
        let killed = |all: &mut Evidence| {
            ends(all);
            all.promises.kills.extend([1]);
        };
        assert_eq!(bad(killed), [], "{state}");
    }
}

#[test]
fn a_job_behind_the_end_of_its_attempt_ran_on() {
    let late = |all: &mut Evidence| all.jobs[4].end = Some(50_001);
    assert_eq!(bad(late), [("ran on", 1)]);
    // Whoever steps clocks is measured by ours.
    let seen = |all: &mut Evidence| {
        late(all);
        all.clocks_are_true = false;
        all.ended.extend([(1, jiff::Timestamp::from_millisecond(51_000).unwrap())]);
    };
    assert_eq!(bad(seen), []);
}

#[test]
fn dead_letters_living_leaders_and_refusals_are_bad_and_so_is_idleness() {
    assert_eq!(bad(|all| all.dead_letters = 4), [("dead-lettered", 4)]);
    assert_eq!(bad(|all| all.deposed.push("it lives".to_owned())), [("deposed and alive", 1)]);
    assert_eq!(bad(|all| all.promises.refused.push("no".to_owned())), [("refused", 1)]);
    assert_eq!(bad(|all| all.strikes = 0), [("idle", 1)]);
}
