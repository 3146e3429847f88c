//! What the driver shows of the moment, every few seconds: what runs, what waits, and how full windows are.

use std::collections::BTreeMap;

use himekuri_engine::{Class, Obstacle, Phase, TaskState};
use himekuri_telemetry::gauges::{Series, replace, set};
use himekuri_telemetry::metrics::{pool, work};
use himekuri_telemetry::{KeyValue, Metric};
use jiff::Timestamp;

use super::meter::{of_class, seconds};
use super::{Driver, Live};

/// How many there are, and since when the oldest is there.
#[derive(Clone, Copy, Debug)]
struct Group {
    count: usize,
    oldest: Option<Timestamp>,
}

/// By title, class and state.
type Groups<'a> = BTreeMap<(&'a str, Class, &'static str), Group>;

impl Driver {
    pub(super) fn show(&self, now: Timestamp) {
        let paused: Vec<&str> = self.dispatcher.paused().collect();
        let (mut attempts, mut groups) = (BTreeMap::<(&str, Class), usize>::new(), Groups::new());
        let mut held: BTreeMap<(&str, Class, &'static str), usize> = BTreeMap::new();
        for (id, live) in &self.live {
            let title = live.summary.project.as_str();
            let class = self.dispatcher.class(*id).unwrap_or(Class::Scheduled);
            *attempts.entry((title, class)).or_default() += 1;
            tasks(live, |state, count, since| {
                let new = Group { count: 0, oldest: None };
                let group = groups.entry((title, class, state)).or_insert(new);
                group.count += count;
                group.oldest = group.oldest.into_iter().chain(since).min();
            });
            if paused.contains(&title) {
                *held.entry((title, class, "paused")).or_default() +=
                    live.attempt.dispatchable_count();
            }
        }
        for ((title, class, obstacle), count) in self.dispatcher.held() {
            if !paused.contains(&title) {
                *held.entry((title, class, word(obstacle))).or_default() += count;
            }
        }
        let of_attempts = attempts.into_iter().map(|((title, class), count)| {
            (vec![KeyValue::new("title", title.to_owned()), of_class(class)], number(count))
        });
        replace(&work::ATTEMPTS_ACTIVE, of_attempts.collect());
        let ages =
            groups.iter().filter_map(|(key, group)| Some((*key, seconds(group.oldest?, now))));
        by_group(&work::TASK_OLDEST, "state", ages);
        let counts = groups.iter().map(|(key, group)| (*key, number(group.count)));
        by_group(&work::TASKS_ACTIVE, "state", counts);
        let held = held.into_iter().map(|(key, count)| (key, number(count)));
        by_group(&work::TASKS_HELD, "reason", held);
        let titles = paused.into_iter();
        let titles = titles.map(|title| (vec![KeyValue::new("title", title.to_owned())], 1.0));
        replace(&work::TITLES_PAUSED, titles.collect());
        self.show_spending(now);
        self.show_pool();
    }

    fn show_pool(&self) {
        let usage = self.dispatcher.usage();
        let windows = [
            ("pool", usage.pool),
            ("title", usage.title),
            ("region", usage.region),
            ("table", usage.table),
        ];
        let windows = windows.map(|(window, (live, places))| {
            (vec![KeyValue::new("window", window)], number(live) / number(places.max(1)))
        });
        replace(&work::WINDOW_USED, windows.to_vec());
        set(&pool::UNPUBLISHED, number(self.unpublished.len()));
        set(&pool::ATTEMPTS_LOST, number(self.lost.len() + self.broken.len()));
        set(&pool::COMMANDS_WAITING, number(self.parts.commands.len()));
        let now = self.parts.clock.now();
        set(&pool::WORKERS, number(self.parts.workers.living(now).len()));
    }
}

/// Tells of each state how many tasks of an attempt are in it, and since when the oldest is.
fn tasks(live: &Live, mut tell: impl FnMut(&'static str, usize, Option<Timestamp>)) {
    let ready = live.attempt.dispatchable_count();
    if ready > 0 {
        tell("ready", ready, live.ready.oldest());
    }
    for (task, _, phase) in live.attempt.running() {
        let TaskState::Running { since, .. } = &task.state else { continue };
        match phase {
            Phase::Dispatched => tell("dispatched", 1, Some(*since)),
            Phase::Submitted { .. } => tell("submitted", 1, Some(*since)),
            Phase::Unreachable { .. } => tell("unreachable", 1, Some(*since)),
            Phase::Canceling { at, .. } => tell("canceling", 1, Some(*at)),
        }
    }
    let retries = live.attempt.waiting_for_retry();
    if retries > 0 {
        tell("retry_waiting", retries, None);
    }
}

fn by_group<'a>(
    metric: &Metric,
    label: &'static str,
    groups: impl Iterator<Item = ((&'a str, Class, &'static str), f64)>,
) {
    let series = groups.map(|((title, class, word), value)| -> Series {
        let title = KeyValue::new("title", title.to_owned());
        (vec![title, of_class(class), KeyValue::new(label, word)], value)
    });
    replace(metric, series.collect());
}

fn word(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::OlderAttempt => "older_attempt",
        Obstacle::Partition => "partition",
        Obstacle::Table => "table",
        Obstacle::Region => "region",
        Obstacle::Budget => "budget",
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
