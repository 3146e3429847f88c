//! A driver for the dispatcher that knows everything: what is ready, what each task needs, what is out.

use std::collections::{BTreeMap, BTreeSet};

use himekuri_engine::{
    Admission, AttemptFacts, Class, Demand, Dispatcher, GcpRegion, Limits, Obstacle,
};
use himekuri_protocol::{AttemptId, TableReference, TaskId};
use jiff::SignedDuration;

pub(crate) type TaskKey = (AttemptId, TaskId);

pub(crate) struct Pool {
    pub(crate) limits: Limits,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) facts: BTreeMap<AttemptId, AttemptFacts>,
    pub(crate) ready: BTreeMap<AttemptId, BTreeMap<TaskId, Demand>>,
    pub(crate) live: BTreeMap<TaskKey, Demand>,
    pub(crate) paused: BTreeSet<String>,
    /// Order in which tasks went out.
    pub(crate) out: Vec<TaskKey>,
    /// How often a task was evaluated.
    pub(crate) looks: BTreeMap<TaskKey, usize>,
}

impl Pool {
    /// One whose tables do not count writes over time.
    pub(crate) fn new(limits: Limits) -> Self {
        Self::counting(Limits { table_interval: SignedDuration::ZERO, ..limits })
    }

    pub(crate) fn counting(limits: Limits) -> Self {
        limits.validate().unwrap();
        Self {
            dispatcher: Dispatcher::new(limits.clone()),
            limits,
            facts: BTreeMap::new(),
            ready: BTreeMap::new(),
            live: BTreeMap::new(),
            paused: BTreeSet::new(),
            out: Vec::new(),
            looks: BTreeMap::new(),
        }
    }

    /// An attempt of a session of its own.
    pub(crate) fn begin(&mut self, attempt: u64, title: &str, class: Class) {
        self.begin_in(attempt, title, class, &format!("session {attempt}"));
    }

    pub(crate) fn begin_in(&mut self, attempt: u64, title: &str, class: Class, session: &str) {
        let facts = AttemptFacts { title: title.to_owned(), class, session: session.to_owned() };
        self.dispatcher.begin(AttemptId(attempt), &facts);
        self.facts.insert(AttemptId(attempt), facts);
    }

    /// Makes a task ready.
    pub(crate) fn add(&mut self, attempt: u64, task: u32, demand: Demand) {
        self.ready.entry(AttemptId(attempt)).or_default().insert(TaskId(task), demand);
        self.dispatcher.look_again(AttemptId(attempt));
    }

    /// Makes `count` tasks ready that need nothing special.
    pub(crate) fn add_many(&mut self, attempt: u64, count: u32) {
        for task in 0..count {
            self.add(attempt, task, Demand::default());
        }
    }

    /// Sends out what may go; the tasks in order.
    pub(crate) fn dispatch(&mut self) -> Vec<TaskKey> {
        let before = self.out.len();
        while self.step().is_some() {}
        self.out[before..].to_vec()
    }

    /// One decision of the dispatcher: a task, and what is in its way.
    pub(crate) fn step(&mut self) -> Option<(TaskKey, Option<Obstacle>)> {
        while let Some(attempt) = self.dispatcher.asked() {
            let ready = self.ready.get(&attempt).into_iter().flat_map(BTreeMap::keys);
            self.dispatcher.offer(attempt, ready.copied());
        }
        let task = self.dispatcher.next()?;
        *self.looks.entry(task).or_default() += 1;
        let demand = self.ready[&task.0][&task.1].clone();
        Some((
            task,
            match self.dispatcher.admit(task, demand.clone()) {
                Admission::Out => {
                    self.ready.entry(task.0).or_default().remove(&task.1);
                    self.live.insert(task, demand);
                    self.out.push(task);
                    None
                }
                Admission::Parked(obstacle) => Some(obstacle),
            },
        ))
    }

    /// A task that is out is decided.
    pub(crate) fn end(&mut self, task: TaskKey) {
        assert!(self.live.remove(&task).is_some(), "{task:?} is not out");
        self.dispatcher.ended(task);
        self.dispatcher.look_again(task.0);
    }

    /// Somebody pauses a title, or lets it go on.
    pub(crate) fn set_paused(&mut self, title: &str, paused: bool) {
        self.dispatcher.set_paused(title, paused);
        match paused {
            true => self.paused.insert(title.to_owned()),
            false => self.paused.remove(title),
        };
    }

    /// An attempt is over.
    pub(crate) fn over(&mut self, attempt: u64) {
        let attempt = AttemptId(attempt);
        self.dispatcher.forget(attempt);
        self.facts.remove(&attempt);
        self.ready.remove(&attempt);
        self.live.retain(|task, _| task.0 != attempt);
    }

    /// How many tasks are out of which a predicate holds.
    pub(crate) fn count(&self, of: impl Fn(TaskKey, &Demand) -> bool) -> usize {
        self.live.iter().filter(|(task, demand)| of(**task, demand)).count()
    }

    pub(crate) fn class(&self, task: TaskKey) -> Class {
        self.facts[&task.0].class
    }

    pub(crate) fn title(&self, task: TaskKey) -> &str {
        &self.facts[&task.0].title
    }

    /// What is in a ready task's way, by looking at everything.
    pub(crate) fn in_the_way(&self, task: TaskKey, demand: &Demand) -> Option<&'static str> {
        let class = self.class(task);
        let title = self.title(task);
        let same_region = |other: &Demand| demand.region.is_some() && other.region == demand.region;
        let table = |demand: &Demand| demand.destination.clone().map(whole_table);
        let same_table =
            |other: &Demand| demand.destination.is_some() && table(other) == table(demand);
        let meets = |other: &Demand| match (&demand.destination, &other.destination) {
            (Some(one), Some(other)) => meet(one, other),
            (None, _) | (_, None) => false,
        };
        let older = |(attempt, facts): (&AttemptId, &AttemptFacts)| {
            *attempt < task.0 && facts.session == self.facts[&task.0].session
        };
        let region_limit =
            demand.region.as_ref().map_or(usize::MAX, |region| self.limits.region_window(region));
        let checks = [
            ("pause", self.paused.contains(title)),
            ("pool", self.live.len() >= self.limits.window),
            ("class", {
                let live = self.count(|other, _| self.class(other) == class);
                live >= self.limits.class_window(class)
            }),
            ("title", {
                let live = self.count(|other, _| self.title(other) == title);
                live >= self.limits.title_window(title)
            }),
            ("region", self.count(|_, other| same_region(other)) >= region_limit),
            ("table", self.count(|_, other| same_table(other)) >= self.limits.table),
            ("partition", self.count(|_, other| meets(other)) > 0),
            ("session", demand.destination.is_some() && self.facts.iter().any(older)),
        ];
        checks.into_iter().find(|(_, in_the_way)| *in_the_way).map(|(what, _)| what)
    }

    /// Ready tasks that could go out.
    pub(crate) fn left(&self) -> BTreeSet<TaskKey> {
        let ready = self.ready.iter().flat_map(|(attempt, tasks)| {
            tasks.iter().map(|(task, demand)| ((*attempt, *task), demand))
        });
        let fits = ready.filter(|(task, demand)| self.in_the_way(*task, demand).is_none());
        fits.map(|(task, _)| task).collect()
    }
}

pub(crate) fn key(attempt: u64, task: u32) -> TaskKey {
    (AttemptId(attempt), TaskId(task))
}

/// The attempts of tasks, in order.
pub(crate) fn attempts(tasks: &[TaskKey]) -> Vec<u64> {
    tasks.iter().map(|task| task.0.0).collect()
}

/// A job in a GCP project that writes a table or partition.
pub(crate) fn writes(table: &str) -> Demand {
    let destination = Some(TableReference::parse(table, None).unwrap());
    Demand { region: None, destination }
}

/// A job in a GCP project without a table.
pub(crate) fn runs_in(project: &str, location: Option<&str>) -> Demand {
    let location = location.map(str::to_owned);
    Demand {
        region: Some(GcpRegion { project: Some(project.to_owned()), location }),
        destination: None,
    }
}

fn whole_table(mut reference: TableReference) -> TableReference {
    reference.partition = None;
    reference
}

/// The same partition, or one that holds the other.
fn meet(one: &TableReference, other: &TableReference) -> bool {
    let digits = |reference: &TableReference| reference.partition.clone().unwrap_or_default();
    let (first, second) = (digits(one), digits(other));
    whole_table(one.clone()) == whole_table(other.clone())
        && (first.starts_with(&second) || second.starts_with(&first))
}
