//! Seeds that once found a defect stay good, and a seed is the same run each time.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use himekuri_simulation::{large, seed};

fn kept() -> Vec<u64> {
    let lines = include_str!("../kept-seeds.txt").lines();
    let seeds =
        lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split(' ').next());
    seeds.map(|seed| seed.parse().unwrap()).collect()
}

#[test]
fn seeds_that_once_broke_a_promise_keep_it() {
    for seed in kept() {
        let result = seed::run(seed).unwrap();

        assert!(result.counters.is_good(), "seed {seed}: {:#?}", result.findings);
        assert!(result.counters.submitted > 0, "seed {seed} did nothing");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 7..10 {
        let (first, second) = (seed::run(seed).unwrap(), seed::run(seed).unwrap());

        assert_eq!(first.digest, second.digest, "seed {seed}");
        assert_eq!(first.counters, second.counters, "seed {seed}");
        assert_eq!(first.passed, second.passed, "seed {seed}");
    }
}

#[test]
fn an_attempt_of_many_tasks_is_complete_though_its_leaders_die() {
    let result = large::run(20, 30).unwrap();

    assert!(result.succeeded && result.counters.is_good(), "{:#?}", result.findings);
    let attempts = u64::try_from(result.attempts).unwrap();
    assert_eq!((result.partitions, result.counters.billed), (600, 600 * attempts));
    assert!(attempts <= 2, "{attempts} attempts");
    assert!(result.deaths > 0);
}
