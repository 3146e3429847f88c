//! A coordinator dies after any record of any case: the next one, which has only the log, ends in the same state.

use std::collections::BTreeMap;

use himekuri_compat::{Case, World, cases};
use himekuri_engine::{Attempt, Record, render_tree};
use himekuri_protocol::Report;

/// What was true when the log had some length.
struct Lived {
    attempt: Attempt,
    unacknowledged: Option<Report>,
}

fn run(case: &Case) -> (World, BTreeMap<usize, Lived>) {
    let mut world = World::new(case);
    let mut lived = BTreeMap::new();
    world.run(|world| {
        let attempt = world.attempt.clone();
        let unacknowledged = world.unacknowledged().cloned();
        lived.insert(world.log.len(), Lived { attempt, unacknowledged });
    });
    (world, lived)
}

#[test]
fn after_each_commit_the_log_leads_to_the_state_that_was_lived() {
    for case in cases() {
        let (world, lived) = run(&case);
        for (length, lived) in lived {
            let recovered = world.recovered(length).attempt;

            assert_eq!(recovered, lived.attempt, "{}, {length} records", case.name);
            // Equality of maps does not see the order of their keys, which is the order of evaluation.
            let (recovered, lived) = (format!("{recovered:?}"), format!("{:?}", lived.attempt));
            assert_eq!(recovered, lived, "{}, {length} records", case.name);
        }
    }
}

#[test]
fn after_each_commit_a_snapshot_and_what_follows_lead_to_the_state_that_was_lived() {
    for case in cases() {
        let (world, lived) = run(&case);
        for (length, lived) in lived {
            let snapshot = lived.attempt.snapshot().unwrap();
            let from = |behind: &[Record]| {
                let (first, behind) = (world.log[0].clone(), behind.to_vec());
                Attempt::recover_from(first, &snapshot, behind).unwrap()
            };

            assert_eq!(from(&[]), lived.attempt, "{}, {length} records", case.name);
            let end = from(&world.log[length..]);
            assert_eq!(end, world.attempt, "{}, {length} records", case.name);
        }
    }
}

#[test]
fn a_crash_after_any_commit_leads_to_the_very_same_log() {
    for case in cases() {
        let (world, lived) = run(&case);
        for (length, lived) in lived {
            let mut next = world.recovered(length);
            // The crash came before the acknowledgement, so the report comes again.
            next.go_on(lived.unacknowledged.as_ref());
            next.run(|_| ());

            assert_eq!(next.log, world.log, "{}, a crash after {length} records", case.name);
            assert_eq!(next.attempt, world.attempt, "{}, {length} records", case.name);
            assert_eq!(next.sent, world.sent, "{}, {length} records", case.name);
        }
    }
}

#[test]
fn a_crash_after_any_record_even_amid_a_commit_leads_to_the_same_end() {
    for case in cases() {
        let (world, lived) = run(&case);
        for length in 1..world.log.len() {
            let mut next = world.recovered(length);
            let behind = lived.range(length..).next();
            next.go_on(behind.and_then(|(_, lived)| lived.unacknowledged.as_ref()));
            next.run(|_| ());

            let what = format!("{}, a crash after {length} records", case.name);
            assert_eq!(render_tree(&next.attempt), render_tree(&world.attempt), "{what}");
            let ended = |world: &World| world.attempt.outcome();
            assert_eq!(ended(&next), ended(&world), "{what}");
        }
    }
}

#[test]
fn the_cases_reach_every_kind_of_record() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases() {
        for record in run(&case).0.log {
            let json = serde_json::to_value(record).unwrap();
            *kinds.entry(json["record"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }

    // All but `resumed` and `not_resumed`, which need an earlier attempt.
    assert_eq!(kinds.len(), 21, "{kinds:?}");
}
