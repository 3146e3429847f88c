//! One live job for each partition, and no newer result is overwritten by an older one (design D6).

use himekuri_engine::{Class, Limits, Obstacle};

use crate::pool::{Pool, key, writes};

fn pool(attempts: u64) -> Pool {
    let mut pool = Pool::new(Limits::default());
    for attempt in 1..=attempts {
        pool.begin(attempt, "title", Class::Scheduled);
    }
    pool
}

#[test]
fn a_partition_is_written_by_one_task_at_a_time() {
    let mut pool = pool(2);
    pool.add(1, 0, writes("s.a$20190901"));
    pool.add(2, 0, writes("s.a$20190901"));
    pool.add(2, 1, writes("s.a$20190902"));

    let first = pool.dispatch();
    pool.end(key(1, 0));

    assert_eq!(first, [key(1, 0), key(2, 1)]);
    assert_eq!(pool.dispatch(), [key(2, 0)]);
}

#[test]
fn two_tasks_of_an_attempt_that_write_one_partition_go_one_after_another() {
    let mut pool = pool(1);
    for task in 0..3 {
        pool.add(1, task, writes("s.a$20190901"));
    }

    let mut order = Vec::new();
    for _ in 0..3 {
        let out = pool.dispatch();
        assert_eq!(out.len(), 1);
        pool.end(out[0]);
        order.extend(out);
    }

    assert_eq!(order, [key(1, 0), key(1, 1), key(1, 2)]);
}

#[test]
fn an_hour_its_day_its_month_and_the_table_are_not_written_at_once() {
    for (held, wanted, free) in [
        ("s.a$20190901", "s.a$2019090112", false),
        ("s.a$20190901", "s.a$201909", false),
        ("s.a$20190901", "s.a", false),
        ("s.a", "s.a$2019", false),
        ("s.a$20190901", "s.a$2019090200", true),
        ("s.a$20190901", "other.a$20190901", true),
        ("p:s.a$20190901", "q:s.a$20190901", true),
    ] {
        let mut pool = pool(2);
        pool.add(1, 0, writes(held));
        pool.dispatch();
        pool.add(2, 0, writes(wanted));

        assert_eq!(pool.dispatch().len(), usize::from(free), "{held} and {wanted}");
    }
}

#[test]
fn a_whole_table_that_ends_lets_one_task_go_for_each_partition() {
    let mut pool = pool(5);
    pool.add(1, 0, writes("s.a"));
    pool.dispatch();
    for (attempt, table) in
        [(2, "s.a$20190901"), (3, "s.a$20190901"), (4, "s.a$20190902"), (5, "s.a$20190903")]
    {
        pool.add(attempt, 0, writes(table));
    }
    assert_eq!(pool.dispatch(), []);

    pool.end(key(1, 0));

    assert_eq!(pool.dispatch(), [key(2, 0), key(4, 0), key(5, 0)]);
}

#[test]
fn a_task_for_the_whole_table_waits_for_the_last_of_its_partitions() {
    let mut pool = pool(3);
    pool.add(1, 0, writes("s.a$20190901"));
    pool.add(2, 0, writes("s.a$2019090212"));
    pool.dispatch();
    pool.add(3, 0, writes("s.a"));

    pool.end(key(1, 0));
    let after_one = pool.dispatch();
    pool.end(key(2, 0));

    assert_eq!(after_one, []);
    assert_eq!(pool.dispatch(), [key(3, 0)]);
}

#[test]
fn who_waits_for_a_partition_goes_in_the_order_of_the_attempts() {
    let mut pool = pool(1);
    pool.begin(2, "title", Class::Backfill);
    pool.begin(3, "other", Class::Scheduled);
    pool.begin(4, "title", Class::Scheduled);
    pool.add(1, 0, writes("s.a$20190901"));
    pool.dispatch();
    for attempt in [4, 2, 3] {
        pool.add(attempt, 0, writes("s.a$20190901"));
        pool.dispatch();
    }

    let mut order = Vec::new();
    let mut last = key(1, 0);
    for _ in 0..3 {
        pool.end(last);
        last = pool.dispatch()[0];
        order.push(last.0.0);
    }

    assert_eq!(order, [2, 3, 4]);
}

#[test]
fn a_newer_attempt_of_a_session_writes_nothing_until_the_older_one_is_over() {
    let mut pool = Pool::new(Limits::default());
    pool.begin_in(1, "title", Class::Scheduled, "daily 2019-09-01");
    pool.begin_in(2, "title", Class::Scheduled, "daily 2019-09-01");
    pool.begin_in(3, "title", Class::Scheduled, "daily 2019-09-02");
    // The older one is between two tries, and will write it once more.
    pool.add(2, 0, writes("s.a$20190901"));
    pool.add(2, 1, crate::pool::runs_in("game-a", None));
    pool.add(3, 0, writes("s.b$20190901"));

    let mut beside = pool.dispatch();
    beside.sort_unstable();
    pool.add(1, 0, writes("s.a$20190901"));
    let older = pool.dispatch();
    pool.end(key(1, 0));
    let between = pool.dispatch();
    pool.over(1);

    assert_eq!(beside, [key(2, 1), key(3, 0)], "what writes nothing goes, and other sessions");
    assert_eq!(older, [key(1, 0)]);
    assert_eq!(between, []);
    assert_eq!(pool.dispatch(), [key(2, 0)], "the newer one writes last");
}

#[test]
fn what_is_in_the_way_is_told() {
    let mut pool = Pool::new(Limits { table: 1, ..Limits::default() });
    pool.begin_in(1, "title", Class::Scheduled, "a session");
    pool.begin_in(2, "title", Class::Scheduled, "a session");
    pool.add(1, 0, writes("s.a$20190901"));
    pool.add(1, 1, writes("s.a$20190901"));
    pool.add(1, 2, writes("s.a$20190902"));
    pool.add(2, 0, writes("s.b"));

    let told: Vec<_> = std::iter::from_fn(|| pool.step()).filter_map(|(_, told)| told).collect();

    assert_eq!(told.len(), 3);
    for expected in [Obstacle::OlderAttempt, Obstacle::Partition, Obstacle::Table] {
        assert!(told.contains(&expected), "{expected} is not in {told:?}");
    }
}

#[test]
fn a_reserved_partition_is_free_again_when_it_is_given_back() {
    let mut pool = pool(1);
    let reserved = writes("s.a$20190901").destination.unwrap();
    pool.dispatcher.reserve(&reserved);
    pool.add(1, 0, writes("s.a$20190901"));
    pool.add(1, 1, writes("s.a$20190902"));
    assert_eq!(pool.dispatch(), [key(1, 1)]);

    pool.dispatcher.give_back(&reserved);

    assert_eq!(pool.dispatch(), [key(1, 0)]);
}
