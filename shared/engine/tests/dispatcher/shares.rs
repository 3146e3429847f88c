//! Scheduled runs and backfills: who goes first, and what each is sure to get.

use himekuri_engine::{Class, Demand, Limits};

use crate::pool::{Pool, TaskKey, attempts, key, runs_in};

/// Ends the oldest task that is out, `times` times, and sends out what then may go.
fn turn_over(pool: &mut Pool, times: usize) {
    pool.dispatch();
    for _ in 0..times {
        let live = |task: &&TaskKey| pool.live.contains_key(*task);
        let oldest = *pool.out.iter().find(live).unwrap();
        pool.end(oldest);
        pool.dispatch();
    }
}

fn backfills(pool: &Pool, from: usize) -> usize {
    pool.out[from..].iter().filter(|task| pool.class(**task) == Class::Backfill).count()
}

#[test]
fn a_daily_run_goes_out_before_the_backfill_that_was_there_first() {
    let mut pool = Pool::new(Limits { window: 10, title: Some(10), ..Limits::default() });
    for attempt in 1..=1_000 {
        pool.begin(attempt, "title", Class::Backfill);
        pool.add_many(attempt, 3);
    }
    pool.begin(1_001, "title", Class::Scheduled);
    pool.add_many(1_001, 5);

    let out = attempts(&pool.dispatch());

    assert_eq!(out, [1_001, 1_001, 1_001, 1_001, 1_001, 1, 2, 3, 4, 5]);
}

#[test]
fn beside_scheduled_runs_without_end_a_backfill_gets_its_share_of_a_full_pool() {
    for (share, expected) in [(10, 100), (25, 250), (50, 500)] {
        let limits =
            Limits { window: 20, title: Some(20), backfill_share: share, ..Limits::default() };
        let mut pool = Pool::new(limits);
        pool.begin(1, "tonight", Class::Scheduled);
        pool.add_many(1, 2_000);
        pool.begin(2, "past", Class::Backfill);
        pool.add_many(2, 2_000);

        turn_over(&mut pool, 1_000);

        let got = backfills(&pool, pool.out.len() - 1_000);
        assert!(got.abs_diff(expected) <= 2, "{got} of 1,000 at {share} %");
    }
}

#[test]
fn each_class_gets_its_share_of_a_crowded_gcp_project_whatever_it_gets_elsewhere() {
    let mut pool = Pool::new(Limits { gcp_project: 5, ..Limits::default() });
    pool.begin(1, "crowded", Class::Scheduled);
    pool.begin(2, "crowded", Class::Backfill);
    pool.begin(3, "elsewhere", Class::Scheduled);
    for task in 0..1_000 {
        pool.add(1, task, runs_in("crowded", None));
        pool.add(2, task, runs_in("crowded", None));
        pool.add(3, task, Demand::default());
    }
    pool.dispatch();
    let before = pool.out.len();

    for _ in 0..500 {
        let crowded = |task: &&TaskKey| task.0.0 != 3 && pool.live.contains_key(*task);
        let oldest = *pool.out.iter().find(crowded).unwrap();
        pool.end(oldest);
        pool.dispatch();
    }

    let got = backfills(&pool, before);
    assert!((48..=52).contains(&got), "{got} of 500");
}

#[test]
fn what_scheduled_runs_do_not_use_a_backfill_uses() {
    let limits = Limits { window: 10, title: Some(10), backfill: Some(10), ..Limits::default() };
    let mut pool = Pool::new(limits);
    pool.begin(1, "past", Class::Backfill);
    pool.add_many(1, 20);
    pool.begin(2, "tonight", Class::Scheduled);
    pool.add_many(2, 1);

    pool.dispatch();

    assert_eq!(pool.live.len(), 10);
}

#[test]
fn what_a_backfill_does_not_use_scheduled_runs_use() {
    let mut pool = Pool::new(Limits { window: 10, title: Some(10), ..Limits::default() });
    pool.begin(1, "tonight", Class::Scheduled);
    pool.add_many(1, 20);

    pool.dispatch();

    assert_eq!(pool.live.len(), 10);
}

#[test]
fn a_pool_with_one_place_runs_what_is_scheduled_first() {
    let mut pool = Pool::new(Limits { window: 1, ..Limits::default() });
    pool.begin(1, "past", Class::Backfill);
    pool.add_many(1, 1);
    pool.begin(2, "tonight", Class::Scheduled);
    pool.add_many(2, 1);

    assert_eq!(pool.dispatch(), [key(2, 0)]);
    pool.end(key(2, 0));
    assert_eq!(pool.dispatch(), [key(1, 0)]);
}
