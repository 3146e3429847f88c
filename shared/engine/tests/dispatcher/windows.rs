//! No window takes more than it has places.

use std::collections::BTreeMap;

use himekuri_engine::{Class, Demand, Limits, LimitsError};
use himekuri_protocol::AttemptId;

use crate::pool::{Pool, attempts, key, runs_in, writes};

#[test]
fn the_window_of_the_pool_closes_and_opens() {
    let mut pool = Pool::new(Limits { window: 2, title: Some(2), ..Limits::default() });
    pool.begin(1, "a", Class::Scheduled);
    pool.add_many(1, 3);

    assert_eq!(pool.dispatch(), [key(1, 0), key(1, 1)]);
    assert_eq!(pool.dispatcher.room(), 0);
    pool.end(key(1, 1));
    assert_eq!(pool.dispatch(), [key(1, 2)]);
}

#[test]
fn a_backfill_alone_leaves_a_tenth_of_the_pool_free() {
    let mut pool = Pool::new(Limits { window: 100, title: Some(100), ..Limits::default() });
    pool.begin(1, "a", Class::Backfill);
    pool.add_many(1, 200);
    pool.dispatch();
    pool.begin(2, "b", Class::Scheduled);
    pool.add_many(2, 200);

    let tonight = pool.dispatch();

    assert_eq!(pool.count(|task, _| task.0.0 == 1), 90);
    assert_eq!(attempts(&tonight), [2; 10]);
}

#[test]
fn a_title_alone_leaves_a_fifth_of_the_pool_free() {
    let mut pool = Pool::new(Limits { window: 10, ..Limits::default() });
    pool.begin(1, "a", Class::Scheduled);
    pool.add_many(1, 20);
    pool.dispatch();
    pool.begin(2, "b", Class::Scheduled);
    pool.add_many(2, 20);

    assert_eq!(attempts(&pool.dispatch()), [2, 2]);
    assert_eq!(pool.count(|task, _| task.0.0 == 1), 8);
}

#[test]
fn a_named_title_has_its_own_window() {
    let titles = BTreeMap::from([("small".to_owned(), 1)]);
    let mut pool = Pool::new(Limits { titles, ..Limits::default() });
    pool.begin(1, "small", Class::Scheduled);
    pool.begin(2, "other", Class::Scheduled);
    pool.add_many(1, 3);
    pool.add_many(2, 3);

    pool.dispatch();

    assert_eq!(pool.count(|task, _| task.0.0 == 1), 1);
    assert_eq!(pool.count(|task, _| task.0.0 == 2), 3);
}

#[test]
fn a_full_gcp_project_holds_up_its_own_jobs_only() {
    let mut pool = Pool::new(Limits { gcp_project: 1, ..Limits::default() });
    pool.begin(1, "a", Class::Scheduled);
    pool.add(1, 0, runs_in("game-a", Some("US")));
    pool.add(1, 1, runs_in("game-a", Some("US")));
    pool.add(1, 2, runs_in("game-a", Some("asia-northeast1")));
    pool.add(1, 3, runs_in("game-b", Some("US")));
    pool.add(1, 4, Demand::default());

    let first = pool.dispatch();
    pool.end(key(1, 0));
    let second = pool.dispatch();

    assert_eq!(first, [key(1, 0), key(1, 2), key(1, 3), key(1, 4)]);
    assert_eq!(second, [key(1, 1)]);
}

#[test]
fn a_named_gcp_project_has_its_own_window() {
    let gcp_projects = BTreeMap::from([("wide".to_owned(), 3)]);
    let mut pool = Pool::new(Limits { gcp_project: 1, gcp_projects, ..Limits::default() });
    pool.begin(1, "a", Class::Scheduled);
    for task in 0..4 {
        pool.add(1, task, runs_in("wide", None));
        pool.add(1, 10 + task, runs_in("narrow", None));
    }

    pool.dispatch();

    assert_eq!(pool.live.len(), 4);
}

#[test]
fn a_full_table_holds_up_its_own_partitions_only() {
    let mut pool = Pool::new(Limits { table: 2, ..Limits::default() });
    pool.begin(1, "a", Class::Scheduled);
    for (task, table) in
        ["s.a$20190901", "s.a$20190902", "s.a$20190903", "s.b$20190903"].into_iter().enumerate()
    {
        pool.add(1, u32::try_from(task).unwrap(), writes(table));
    }

    assert_eq!(pool.dispatch(), [key(1, 0), key(1, 1), key(1, 3)]);
    pool.end(key(1, 1));
    assert_eq!(pool.dispatch(), [key(1, 2)]);
}

#[test]
fn a_restored_task_takes_its_places_even_beyond_a_window() {
    let mut pool = Pool::new(Limits { window: 1, ..Limits::default() });
    pool.begin(1, "a", Class::Scheduled);
    pool.add_many(1, 1);
    for task in [7, 8] {
        pool.dispatcher.restore(key(1, task), Demand::default());
        pool.live.insert(key(1, task), Demand::default());
    }

    pool.end(key(1, 7));
    let beside_one = pool.dispatch();
    pool.end(key(1, 8));

    assert_eq!(beside_one, []);
    assert_eq!(pool.dispatch(), [key(1, 0)]);
}

#[test]
fn a_task_whose_way_out_was_lost_goes_again_on_its_own_place() {
    let mut pool = Pool::new(Limits { window: 1, ..Limits::default() });
    pool.begin(1, "a", Class::Scheduled);
    pool.add(1, 0, writes("s.a$20190901"));
    pool.add(1, 1, Demand::default());
    pool.dispatch();

    pool.dispatcher.suspend(AttemptId(1));
    pool.begin(1, "a", Class::Scheduled);
    pool.add(1, 0, writes("s.a$20190901"));

    assert_eq!(pool.dispatch(), [key(1, 0)]);
    assert_eq!(pool.dispatcher.room(), 0);
    pool.end(key(1, 0));
    assert_eq!(pool.dispatch(), [key(1, 1)]);
}

#[test]
fn limits_in_which_something_would_wait_for_ever_are_refused() {
    let weights = |weight| BTreeMap::from([("a".to_owned(), weight)]);
    let refused = [
        Limits { window: 0, ..Limits::default() },
        Limits { backfill: Some(0), ..Limits::default() },
        Limits { titles: BTreeMap::from([("a".to_owned(), 0)]), ..Limits::default() },
        Limits { weights: weights(0), ..Limits::default() },
        Limits { weights: weights(1_001), ..Limits::default() },
        Limits { backfill_share: 0, ..Limits::default() },
        Limits { backfill_share: 51, ..Limits::default() },
    ];

    let said = refused.map(|limits| limits.validate().unwrap_err());

    assert_eq!(said[0], LimitsError::NoPlace { what: "the pool".to_owned() });
    assert_eq!(said[2], LimitsError::NoPlace { what: "title `a`".to_owned() });
    assert_eq!(said[4].to_string(), "the weight of title `a` is 1001; give 1 to 1000");
    assert_eq!(said[6].to_string(), "the share of backfills is 51 %; give 1 to 50");
    assert_eq!(Limits { window: 1, ..Limits::default() }.validate(), Ok(()));
}

#[test]
fn a_paused_title_sends_nothing_out_and_keeps_nobody_waiting() {
    let mut pool = Pool::new(Limits::default());
    pool.begin(1, "a", Class::Scheduled);
    pool.begin(2, "b", Class::Scheduled);
    for attempt in [1, 2] {
        pool.add(attempt, 0, writes("s.t$20190901"));
        pool.add(attempt, 1, Demand::default());
    }
    assert_eq!(pool.dispatch(), [key(1, 0), key(2, 1), key(1, 1)]);

    pool.set_paused("a", true);
    pool.add(1, 2, writes("s.t$20190901"));
    pool.end(key(1, 0));

    assert_eq!(pool.dispatch(), [key(2, 0)]);
    pool.set_paused("a", false);
    assert_eq!(pool.dispatch(), []);
    pool.end(key(2, 0));
    assert_eq!(pool.dispatch(), [key(1, 2)]);
}
