//! A task that must wait is not evaluated again and again, and is not forgotten.

use himekuri_engine::{Class, Limits};
use himekuri_protocol::AttemptId;

use crate::pool::{Pool, key, runs_in, writes};

#[test]
fn a_waiting_task_is_evaluated_once_to_wait_and_once_to_go() {
    let mut pool = Pool::new(Limits { table: 3, ..Limits::default() });
    pool.begin(1, "title", Class::Scheduled);
    for day in 0..60 {
        pool.add(1, day, writes(&format!("s.a${:08}", 20_190_000 + day)));
    }

    let mut ended = 0;
    while let Some(task) = pool.dispatch().first().copied().or(pool.live.keys().next().copied()) {
        pool.end(task);
        ended += 1;
    }

    assert_eq!(ended, 60);
    assert!(pool.looks.values().all(|looks| *looks <= 2), "{:?}", pool.looks);
}

#[test]
fn of_many_that_wait_for_one_place_one_is_evaluated_when_it_is_free() {
    let mut pool = Pool::new(Limits { gcp_project: 1, ..Limits::default() });
    for attempt in 1..=50 {
        pool.begin(attempt, "title", Class::Scheduled);
        pool.add(attempt, 0, runs_in("game-a", None));
    }
    let first = pool.dispatch()[0];
    let before: usize = pool.looks.values().sum();

    pool.end(first);
    pool.dispatch();

    assert_eq!(pool.looks.values().sum::<usize>(), before + 1);
}

#[test]
fn a_title_that_may_not_use_a_free_place_leaves_it_to_another() {
    let titles = [("small".to_owned(), 1)].into();
    let mut pool = Pool::new(Limits { gcp_project: 1, titles, ..Limits::default() });
    pool.begin(1, "other", Class::Scheduled);
    pool.add(1, 0, runs_in("game", None));
    pool.dispatch();
    pool.begin(2, "small", Class::Scheduled);
    pool.begin(3, "other", Class::Backfill);
    pool.add(2, 0, runs_in("game", None));
    pool.add(3, 0, runs_in("game", None));
    pool.dispatch();
    pool.add(2, 1, runs_in("elsewhere", None));
    assert_eq!(pool.dispatch(), [key(2, 1)], "its only place");

    pool.end(key(1, 0));

    assert_eq!(pool.dispatch(), [key(3, 0)]);
}

#[test]
fn a_woken_task_that_never_goes_passes_its_turn_on() {
    let mut pool = Pool::new(Limits::default());
    for attempt in 1..=3 {
        pool.begin(attempt, "title", Class::Scheduled);
        pool.add(attempt, 0, writes("s.a"));
    }
    pool.dispatch();
    pool.end(key(1, 0));

    pool.over(2);

    assert_eq!(pool.dispatch(), [key(3, 0)]);
}

#[test]
fn a_task_that_fails_while_it_is_evaluated_passes_its_turn_on() {
    let mut pool = Pool::new(Limits::default());
    for attempt in 1..=3 {
        pool.begin(attempt, "title", Class::Scheduled);
        pool.add(attempt, 0, writes("s.a"));
    }
    pool.dispatch();
    pool.end(key(1, 0));
    assert_eq!(pool.dispatcher.next(), Some(key(2, 0)));

    pool.ready.remove(&AttemptId(2));
    pool.dispatcher.ended(key(2, 0));

    assert_eq!(pool.dispatch(), [key(3, 0)]);
}

#[test]
fn tasks_behind_the_look_ahead_are_looked_at_when_it_has_moved_on() {
    let mut pool = Pool::new(Limits { look_ahead: 2, table: 1, ..Limits::default() });
    pool.begin(1, "title", Class::Scheduled);
    for day in 0..100 {
        pool.add(1, day, writes(&format!("s.a${:08}", 20_190_000 + day)));
    }
    pool.add(1, 100, writes("s.b"));

    let first = pool.dispatch();
    let looked_at = pool.looks.len();
    while let Some(task) = pool.live.keys().next().copied() {
        pool.end(task);
        pool.dispatch();
    }

    assert_eq!(first, [key(1, 0)]);
    assert!(looked_at < 40, "{looked_at} tasks were evaluated");
    assert_eq!(pool.out.len(), 101);
}

#[test]
fn the_attempts_that_wait_for_a_window_take_turns() {
    let mut pool = Pool::new(Limits { gcp_project: 1, ..Limits::default() });
    for attempt in [1, 2] {
        pool.begin(attempt, "title", Class::Scheduled);
        for task in 0..10 {
            pool.add(attempt, task, runs_in("game", None));
        }
    }

    let mut order = Vec::new();
    let mut out = pool.dispatch();
    while let Some(task) = out.pop() {
        order.push(task.0.0);
        pool.end(task);
        out = pool.dispatch();
    }

    assert_eq!(order.len(), 20);
    let first_half = order[..10].iter().filter(|attempt| **attempt == 1).count();
    assert!((4..=6).contains(&first_half), "{order:?}");
}
