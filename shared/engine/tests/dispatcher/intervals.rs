//! A table takes so many writes in 10 s, however short they are; a title that has spent its money waits.

use himekuri_engine::{Class, Demand, Limits, Obstacle};
use jiff::{SignedDuration, Timestamp};

use crate::pool::{Pool, key, runs_in, writes};

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Tasks of one attempt that each write what `destination` says.
fn pool(limits: Limits, tasks: u32, destination: impl Fn(u32) -> String) -> Pool {
    let mut pool = Pool::counting(limits);
    pool.dispatcher.pass(second(0));
    pool.begin(1, "a", Class::Scheduled);
    for task in 0..tasks {
        pool.add(1, task, writes(&destination(task)));
    }
    pool
}

fn day(task: u32) -> String {
    format!("game.access$201909{:02}", task + 1)
}

/// Lets tasks that end at once go on for so many seconds; how many went out in each.
fn out_by_second(pool: &mut Pool, seconds: i64) -> Vec<usize> {
    let passed = (0..seconds).map(|now| {
        pool.dispatcher.pass(second(now));
        let out = std::iter::from_fn(|| {
            let out = pool.dispatch();
            out.iter().for_each(|task| pool.end(*task));
            (!out.is_empty()).then_some(out.len())
        });
        out.sum()
    });
    passed.collect()
}

#[test]
fn no_ten_seconds_have_more_writes_to_a_table_than_its_window() {
    let mut pool = pool(Limits { table: 3, ..Limits::default() }, 8, day);

    let out = out_by_second(&mut pool, 25);

    assert_eq!(out.iter().sum::<usize>(), 8);
    assert_eq!((out[0], out[10], out[20]), (3, 3, 2));
    assert!(out.windows(10).all(|ten| ten.iter().sum::<usize>() <= 3), "{out:?}");
}

#[test]
fn a_table_that_is_written_as_a_whole_takes_fewer() {
    let mut pool = pool(Limits::default(), 6, |_| "game.users".to_owned());

    let out = out_by_second(&mut pool, 11);

    assert_eq!((out[0], out[10]), (4, 2), "four in 10 s, one after another");
}

#[test]
fn a_long_write_counts_from_its_end() {
    let mut pool = pool(Limits { table: 1, ..Limits::default() }, 2, day);
    assert_eq!(pool.dispatch(), [key(1, 0)]);
    pool.dispatcher.pass(second(100));
    pool.end(key(1, 0));

    assert_eq!(pool.dispatch(), []);
    assert_eq!(pool.dispatcher.next_place(), Some(second(110)));
    pool.dispatcher.pass(second(109));
    assert_eq!(pool.dispatch(), []);
    pool.dispatcher.pass(second(110));
    assert_eq!(pool.dispatch(), [key(1, 1)]);
}

#[test]
fn a_clock_that_is_set_back_delays_nobody_by_more_than_the_interval() {
    let mut pool = pool(Limits { table: 1, ..Limits::default() }, 2, day);
    pool.dispatcher.pass(second(3_600));
    pool.dispatch();
    pool.end(key(1, 0));

    pool.dispatcher.pass(second(0));
    assert_eq!(pool.dispatch(), []);
    pool.dispatcher.pass(second(10));

    assert_eq!(pool.dispatch(), [key(1, 1)]);
}

#[test]
fn where_nobody_counts_a_place_is_free_at_once() {
    let limits = Limits { table: 1, table_interval: SignedDuration::ZERO, ..Limits::default() };
    let mut pool = pool(limits, 3, day);

    assert_eq!(out_by_second(&mut pool, 1), [3]);
}

#[test]
fn a_title_that_has_spent_its_money_sends_no_job_until_it_may() {
    let mut pool = Pool::new(Limits::default());
    pool.begin(1, "a", Class::Scheduled);
    pool.begin(2, "b", Class::Scheduled);
    pool.add(1, 0, runs_in("game-a", None));
    pool.add(1, 1, Demand::default());
    pool.add(2, 0, runs_in("game-a", None));
    pool.dispatcher.set_spent("a", true);

    let first = pool.dispatch();
    pool.dispatcher.set_spent("a", false);
    let second = pool.dispatch();

    assert_eq!(first.len(), 2);
    assert!(!first.contains(&key(1, 0)), "{first:?}");
    assert_eq!(second, [key(1, 0)]);
}

#[test]
fn a_title_may_spend_everything_before_anybody_has_heard_of_it() {
    let mut pool = Pool::new(Limits::default());
    pool.dispatcher.set_spent("a", true);
    pool.begin(1, "a", Class::Backfill);
    pool.add(1, 0, runs_in("game-a", None));

    assert_eq!(pool.step(), Some((key(1, 0), Some(Obstacle::Budget))));
    pool.dispatcher.set_spent("a", true);
    assert_eq!(pool.dispatch(), [], "still");
    pool.dispatcher.set_spent("a", false);
    pool.dispatcher.set_spent("a", true);
    assert_eq!(pool.dispatch(), [], "and again");
    pool.dispatcher.set_spent("a", false);
    assert_eq!(pool.dispatch(), [key(1, 0)]);
}
