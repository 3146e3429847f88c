//! Whatever happens: no window is exceeded, no place stays free that a ready task could use, no partition is written twice
//! at once, and titles get their shares. The judge is [`Pool`], which looks at everything anew each time.
//!
//! `PROPTEST_CASES=100000 cargo test -p himekuri-engine --release --test dispatcher properties` runs longer.

use std::collections::BTreeMap;

use himekuri_engine::{Class, Demand, GcpRegion, Limits};
use himekuri_protocol::TableReference;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::pool::{Pool, TaskKey};

/// Something that happens to a pool.
#[derive(Clone, Debug)]
enum Step {
    Begin {
        title: &'static str,
        class: Class,
        session: u8,
    },
    Ready {
        attempt: Index,
        demand: Demand,
    },
    /// The driver asks, at most so many times.
    Dispatch(usize),
    /// A task that is out is decided; perhaps it becomes ready again.
    End {
        task: Index,
        again: bool,
    },
    Over(Index),
    /// An attempt is dropped and read again.
    ReadAgain(Index),
    Pause {
        title: &'static str,
        paused: bool,
    },
}

fn class() -> impl Strategy<Value = Class> {
    select(vec![Class::Scheduled, Class::Backfill])
}

fn demand() -> impl Strategy<Value = Demand> {
    let tables =
        ["s.a", "s.a$2019", "s.a$20190901", "s.a$20190902", "s.b$20190901", "s.b$20190902"];
    let table = |text: &str| TableReference::parse(text, None).expect("a table");
    let destination = prop::option::of(select(tables.map(table).to_vec()));
    let region = (select(vec!["p", "q"]), prop::option::of(Just("US".to_owned())))
        .prop_map(|(project, location)| GcpRegion { project: Some(project.to_owned()), location });
    (prop::option::of(region), destination)
        .prop_map(|(region, destination)| Demand { region, destination })
}

/// No table beside its own partitions: who wants all of a table waits until nobody writes any part of it.
fn disjoint_demand() -> impl Strategy<Value = Demand> {
    let disjoint = |demand: &Demand| {
        demand.destination.as_ref().is_none_or(|destination| {
            destination.partition.as_ref().is_some_and(|digits| digits.len() == 8)
        })
    };
    demand().prop_filter("overlaps", disjoint)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (select(vec!["a", "b", "c"]), class(), 0_u8..6)
            .prop_map(|(title, class, session)| Step::Begin { title, class, session }),
        8 => (any::<Index>(), demand())
            .prop_map(|(attempt, demand)| Step::Ready { attempt, demand }),
        4 => (1_usize..6).prop_map(Step::Dispatch),
        6 => (any::<Index>(), any::<bool>()).prop_map(|(task, again)| Step::End { task, again }),
        1 => any::<Index>().prop_map(Step::Over),
        1 => any::<Index>().prop_map(Step::ReadAgain),
        1 => (select(vec!["a", "b", "c"]), any::<bool>())
            .prop_map(|(title, paused)| Step::Pause { title, paused }),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let window = 1_usize..8;
    let title = prop::option::of(1_usize..5);
    (window, title, 1_usize..4, 1_usize..4, 1_u8..=50, 1_u32..5).prop_map(
        |(window, title, gcp_project, table, backfill_share, weight)| Limits {
            window,
            title,
            gcp_project,
            table,
            backfill_share,
            titles: BTreeMap::from([("b".to_owned(), 2)]),
            gcp_projects: BTreeMap::from([("q".to_owned(), 2)]),
            weights: BTreeMap::from([("c".to_owned(), weight)]),
            ..Limits::default()
        },
    )
}

/// Applies a step; `next` numbers attempts and tasks.
fn apply(pool: &mut Pool, step: Step, next: &mut u32) {
    *next += 1;
    let attempts: Vec<_> = pool.facts.keys().copied().collect();
    let live: Vec<TaskKey> = pool.live.keys().copied().collect();
    match step {
        Step::Begin { title, class, session } => {
            pool.begin_in(u64::from(*next), title, class, &format!("{title} {session}"));
        }
        Step::Ready { attempt, demand } if !attempts.is_empty() => {
            pool.add(attempt.get(&attempts).0, *next, demand);
        }
        Step::Dispatch(times) => {
            for _ in 0..times {
                checked_step(pool);
            }
        }
        Step::End { task, again } if !live.is_empty() => {
            let task = *task.get(&live);
            let demand = pool.live[&task].clone();
            pool.end(task);
            if again {
                pool.add(task.0.0, task.1.0, demand);
            }
        }
        Step::Over(attempt) if !attempts.is_empty() => pool.over(attempt.get(&attempts).0),
        Step::ReadAgain(attempt) if !attempts.is_empty() => {
            let id = *attempt.get(&attempts);
            let facts = pool.facts[&id].clone();
            pool.dispatcher.suspend(id);
            pool.dispatcher.forget(id);
            pool.dispatcher.begin(id, &facts);
            for (task, demand) in pool.live.iter().filter(|(task, _)| task.0 == id) {
                pool.dispatcher.restore(*task, demand.clone());
            }
        }
        Step::Pause { title, paused } => pool.set_paused(title, paused),
        Step::Ready { .. } | Step::End { .. } | Step::Over(_) | Step::ReadAgain(_) => {}
    }
}

/// One decision, which the judge agrees with; whether there was one.
fn checked_step(pool: &mut Pool) -> bool {
    let fitting = pool.left();
    match pool.step() {
        Some((task, None)) => {
            assert!(fitting.contains(&task), "{task:?} went out, but only {fitting:?} fit");
            true
        }
        Some((_, Some(_))) => true,
        None => {
            assert!(fitting.is_empty(), "{fitting:?} fit, and nothing went out");
            false
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_out_fits_and_what_fits_goes_out(
        limits in limits(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut pool = Pool::new(limits);
        let mut next = 0;
        for step in steps {
            apply(&mut pool, step, &mut next);
        }
        while checked_step(&mut pool) {}
        for title in pool.paused.clone() {
            pool.set_paused(&title, false);
            while checked_step(&mut pool) {}
        }
        // Nothing new comes: everything goes out in the end.
        while let Some(task) = pool.live.keys().next().copied() {
            pool.end(task);
            while checked_step(&mut pool) {}
        }
        let waiting: usize = pool.ready.values().map(BTreeMap::len).sum();
        let behind = pool.ready.iter().filter(|(_, tasks)| !tasks.is_empty()).all(|(id, _)| {
            let session = &pool.facts[id].session;
            pool.facts.iter().any(|(older, facts)| older < id && facts.session == *session)
        });
        prop_assert!(waiting == 0 || behind, "{waiting} tasks never went out");
    }

    #[test]
    fn titles_that_always_have_work_get_turns_by_their_weights(
        weights in prop::collection::vec(1_u32..10, 2..6),
        window in 1_usize..20,
        rounds in 50_usize..300,
        order in prop::collection::vec(any::<Index>(), 300),
    ) {
        let name = |title: usize| format!("title {title}");
        let named = weights.iter().enumerate().map(|(title, weight)| (name(title), *weight));
        let limits = Limits { window, title: Some(window), weights: named.collect(), ..Limits::default() };
        let mut pool = Pool::new(limits);
        for title in 0..weights.len() {
            let attempt = u64::try_from(title).expect("few titles");
            pool.begin(attempt, &name(title), Class::Scheduled);
            pool.add_many(attempt, 400);
        }
        pool.dispatch();

        for ended in order.iter().take(rounds) {
            let live: Vec<TaskKey> = pool.live.keys().copied().collect();
            pool.end(*ended.get(&live));
            pool.dispatch();
            // Start-time fair queueing: turns over weights differ by one turn over each weight at most.
            let turns = |title: usize| pool.out.iter().filter(|task| usize::try_from(task.0.0) == Ok(title)).count();
            for one in 0..weights.len() {
                for other in 0..one {
                    let share = |title: usize| f64::from(u32::try_from(turns(title)).expect("few")) / f64::from(weights[title]);
                    let bound = 1.0 / f64::from(weights[one]) + 1.0 / f64::from(weights[other]);
                    let apart = (share(one) - share(other)).abs();
                    prop_assert!(apart <= bound + 0.001, "{one} and {other} are {apart} apart, bound {bound}");
                }
            }
        }
    }

    #[test]
    fn no_task_waits_for_ever_while_others_keep_coming(
        limits in limits(),
        demands in prop::collection::vec(disjoint_demand(), 1..12),
        class in class(),
        order in prop::collection::vec(any::<Index>(), 500),
    ) {
        // With a single place, what is scheduled has it; with a smaller share it only takes longer.
        let (window, backfill_share) = (limits.window.max(2), limits.backfill_share.max(20));
        let limits = Limits { window, backfill_share, ..limits };
        let mut pool = Pool::new(limits);
        pool.begin(1, "a", class);
        pool.add(1, 0, demands[0].clone());
        for (attempt, title, class) in [
            (2, "a", Class::Scheduled), (3, "b", Class::Scheduled), (4, "c", Class::Backfill),
        ] {
            pool.begin(attempt, title, class);
        }
        let mut task = 0;
        for ended in order {
            for attempt in 2..=4_u64 {
                // Each always has work that competes for everything.
                while pool.ready.get(&himekuri_protocol::AttemptId(attempt)).is_none_or(|ready| ready.len() < 12) {
                    task += 1;
                    let demand = demands[usize::try_from(task).expect("few") % demands.len()].clone();
                    pool.add(attempt, task, demand);
                }
            }
            let mut looks = 0;
            while pool.step().is_some() {
                looks += 1;
                assert!(looks < 1_000, "it looks at the same tasks again and again");
            }
            if pool.out.contains(&crate::pool::key(1, 0)) {
                return Ok(());
            }
            let live: Vec<TaskKey> = pool.live.keys().copied().collect();
            pool.end(*ended.get(&live));
        }
        prop_assert!(false, "it waited while {} others went out", pool.out.len());
    }
}
