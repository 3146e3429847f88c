//! Titles and classes: their windows, and whose turn it is.

use std::collections::BTreeMap;

use himekuri_protocol::AttemptId;

use super::demand::PerClass;
use super::fair::{FairQueue, TURN};
use super::{Class, Group, Limits};

/// What a look at a task that then has to wait costs, of a turn: little, as it takes no place, but a title of which everything
/// waits must not keep the driver busy all alone.
const LOOK: u64 = TURN / 16;

/// The classes, in each the titles that have something to send out, in each of these its attempts.
#[derive(Clone, Debug, Default)]
pub(super) struct Titles {
    ids: BTreeMap<String, u32>,
    titles: BTreeMap<u32, Title>,
    classes: PerClass<ClassState>,
    /// How often in a row a scheduled run went out while a backfill could have.
    passed: u32,
}

#[derive(Clone, Debug, Default)]
struct ClassState {
    window: usize,
    live: usize,
    titles: FairQueue<u32>,
}

#[derive(Clone, Debug)]
struct Title {
    weight: u64,
    window: usize,
    live: usize,
    /// Whether somebody keeps it from sending anything out.
    paused: bool,
    attempts: PerClass<FairQueue<AttemptId>>,
}

impl Title {
    fn has_place(&self) -> bool {
        !self.paused && self.live < self.window
    }
}

impl Titles {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut titles = Self::default();
        for class in [Class::Scheduled, Class::Backfill] {
            titles.classes.of_mut(class).window = limits.class_window(class);
        }
        titles
    }

    pub(super) fn group(&mut self, title: &str, class: Class, limits: &Limits) -> Group {
        Group { class, title: self.id(title, limits) }
    }

    pub(super) fn id(&mut self, title: &str, limits: &Limits) -> u32 {
        let next = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let id = *self.ids.entry(title.to_owned()).or_insert(next);
        self.titles.entry(id).or_insert_with(|| Title {
            weight: u64::from(limits.weight(title)).max(1),
            window: limits.title_window(title),
            live: 0,
            paused: false,
            attempts: PerClass::default(),
        });
        id
    }

    /// The attempt whose turn it is, if anybody has something to send out and a place in his windows.
    pub(super) fn next(&self, passes: u32) -> Option<AttemptId> {
        let first = |class| self.first_title(class).map(|title| (class, title));
        let turns = match (first(Class::Scheduled), first(Class::Backfill)) {
            (Some(_), Some(backfill)) if self.passed >= passes => Some(backfill),
            (scheduled, backfill) => scheduled.or(backfill),
        };
        let (class, title) = turns?;
        self.titles.get(&title)?.attempts.of(class).first()
    }

    fn first_title(&self, class: Class) -> Option<u32> {
        let state = self.classes.of(class);
        if state.live < state.window { state.titles.first() } else { None }
    }

    /// Whether the windows of class and title have a place.
    pub(super) fn has_place(&self, group: Group) -> bool {
        let class = self.classes.of(group.class);
        let title = self.titles.get(&group.title);
        class.live < class.window && title.is_some_and(Title::has_place)
    }

    /// Whether an attempt has something to send out.
    pub(super) fn set(&mut self, group: Group, attempt: AttemptId, has_candidate: bool) {
        if let Some(title) = self.titles.get_mut(&group.title) {
            title.attempts.of_mut(group.class).set(attempt, has_candidate);
        }
        self.sync(group.title);
    }

    pub(super) fn forget(&mut self, group: Group, attempt: AttemptId) {
        if let Some(title) = self.titles.get_mut(&group.title) {
            title.attempts.of_mut(group.class).forget(attempt);
        }
        self.sync(group.title);
    }

    pub(super) fn set_paused(&mut self, id: u32, paused: bool) {
        if let Some(title) = self.titles.get_mut(&id) {
            title.paused = paused;
        }
        self.sync(id);
    }

    /// Tasks that are out and places of each title.
    pub(super) fn live(&self) -> impl Iterator<Item = (usize, usize)> {
        self.titles.values().map(|title| (title.live, title.window))
    }

    pub(super) fn names(&self) -> BTreeMap<u32, &str> {
        self.ids.iter().map(|(name, id)| (*id, name.as_str())).collect()
    }

    pub(super) fn paused(&self) -> impl Iterator<Item = &str> {
        let paused = |id| self.titles.get(id).is_some_and(|title: &Title| title.paused);
        self.ids.iter().filter(move |(_, id)| paused(id)).map(|(name, _)| name.as_str())
    }

    pub(super) fn looked(&mut self, group: Group, attempt: AttemptId) {
        self.charge(group, attempt, LOOK);
    }

    pub(super) fn started(&mut self, group: Group, attempt: AttemptId) {
        self.passed = match group.class {
            Class::Scheduled if self.first_title(Class::Backfill).is_some() => {
                self.passed.saturating_add(1)
            }
            Class::Scheduled => self.passed,
            Class::Backfill => 0,
        };
        self.charge(group, attempt, TURN);
        self.restored(group);
    }

    /// A task takes its places without a turn.
    pub(super) fn restored(&mut self, group: Group) {
        self.classes.of_mut(group.class).live += 1;
        if let Some(title) = self.titles.get_mut(&group.title) {
            title.live += 1;
        }
        self.sync(group.title);
    }

    pub(super) fn ended(&mut self, group: Group) {
        let class = self.classes.of_mut(group.class);
        class.live = class.live.saturating_sub(1);
        if let Some(title) = self.titles.get_mut(&group.title) {
            title.live = title.live.saturating_sub(1);
        }
        self.sync(group.title);
    }

    fn charge(&mut self, group: Group, attempt: AttemptId, cost: u64) {
        if let Some(title) = self.titles.get_mut(&group.title) {
            title.attempts.of_mut(group.class).charge(attempt, cost);
            let cost = cost / title.weight;
            self.classes.of_mut(group.class).titles.charge(group.title, cost);
        }
    }

    /// A title wants turns while it has something to send out and a place in its window.
    fn sync(&mut self, id: u32) {
        let Some(title) = self.titles.get(&id) else {
            return;
        };
        for class in [Class::Scheduled, Class::Backfill] {
            let wants = title.has_place() && title.attempts.of(class).first().is_some();
            self.classes.of_mut(class).titles.set(id, wants);
        }
    }
}
