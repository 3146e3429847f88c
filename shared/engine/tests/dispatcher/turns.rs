//! Whose turn it is: titles by weight, attempts in turn, tasks in order.

use std::collections::BTreeMap;

use himekuri_engine::{Class, Limits};
use himekuri_protocol::AttemptId;

use crate::pool::{Pool, attempts, key, writes};

fn crowded() -> Limits {
    Limits { window: 4, title: Some(4), ..Limits::default() }
}

#[test]
fn titles_take_turns() {
    let mut pool = Pool::new(Limits { window: 6, ..Limits::default() });
    for (attempt, title) in [(1, "a"), (2, "b"), (3, "c")] {
        pool.begin(attempt, title, Class::Scheduled);
        pool.add_many(attempt, 4);
    }

    assert_eq!(attempts(&pool.dispatch()), [1, 2, 3, 1, 2, 3]);
}

#[test]
fn a_title_of_weight_three_gets_three_turns_for_one() {
    let weights = BTreeMap::from([("heavy".to_owned(), 3)]);
    let mut pool = Pool::new(Limits { window: 40, title: Some(40), weights, ..Limits::default() });
    for (attempt, title) in [(1, "light"), (2, "heavy")] {
        pool.begin(attempt, title, Class::Scheduled);
        pool.add_many(attempt, 40);
    }

    pool.dispatch();

    assert_eq!(pool.count(|task, _| task.0.0 == 2), 30);
}

#[test]
fn a_title_that_comes_later_neither_catches_up_nor_queues_behind_the_backlog() {
    let mut pool = Pool::new(crowded());
    pool.begin(1, "a", Class::Scheduled);
    pool.add_many(1, 100);
    for _ in 0..10 {
        for task in pool.dispatch() {
            pool.end(task);
        }
    }
    pool.begin(2, "b", Class::Scheduled);
    pool.add_many(2, 100);

    let mut next = attempts(&pool.dispatch());

    next.sort_unstable();
    assert_eq!(next, [1, 1, 2, 2]);
}

#[test]
fn the_attempts_of_a_title_take_turns_however_many_tasks_they_have() {
    let mut pool = Pool::new(crowded());
    pool.begin(1, "a", Class::Scheduled);
    pool.begin(2, "a", Class::Scheduled);
    pool.add_many(1, 1_000);
    pool.add_many(2, 2);

    assert_eq!(attempts(&pool.dispatch()), [1, 2, 1, 2]);
}

#[test]
fn the_number_of_its_attempts_gives_a_title_no_more_turns() {
    let mut pool = Pool::new(crowded());
    for attempt in 1..=100 {
        pool.begin(attempt, "a", Class::Scheduled);
        pool.add_many(attempt, 10);
    }
    pool.begin(101, "b", Class::Scheduled);
    pool.add_many(101, 10);

    pool.dispatch();

    assert_eq!(pool.count(|task, _| task.0.0 == 101), 2);
}

#[test]
fn the_tasks_of_an_attempt_go_in_the_order_of_their_creation() {
    let mut pool = Pool::new(Limits { table: 1, ..Limits::default() });
    pool.begin(1, "a", Class::Scheduled);
    pool.add(1, 5, writes("s.a$20190901"));
    pool.add(1, 6, writes("s.a$20190902"));
    assert_eq!(pool.dispatch(), [key(1, 5)]);
    // A retry, and one that waited: both may go now.
    pool.add(1, 2, writes("s.b$20190901"));
    pool.add(1, 7, writes("s.c$20190901"));
    pool.end(key(1, 5));

    assert_eq!(pool.dispatch(), [key(1, 2), key(1, 6), key(1, 7)]);
}

#[test]
fn a_suspended_attempt_sends_nothing_out_until_it_begins_again() {
    let mut pool = Pool::new(Limits { table: 1, ..Limits::default() });
    pool.begin(1, "a", Class::Scheduled);
    pool.begin(2, "b", Class::Scheduled);
    pool.add(1, 0, writes("s.a$20190901"));
    pool.add(1, 1, writes("s.a$20190902"));
    pool.add(2, 0, writes("s.a$20190901"));
    pool.dispatch();

    pool.dispatcher.suspend(AttemptId(1));
    let while_out = pool.dispatch();
    pool.dispatcher.forget(AttemptId(1));
    pool.begin(1, "a", Class::Scheduled);

    assert_eq!(while_out, [], "its job may run");
    assert_eq!(pool.dispatch(), [key(2, 0)]);
}
