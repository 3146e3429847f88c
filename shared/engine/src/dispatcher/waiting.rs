//! What is in a task's way, and who goes on when it is gone.

use himekuri_protocol::{AttemptId, TableReference};

use super::candidates::{Candidates, Waiter};
use super::line::Order;
use super::partitions::table_of;
use super::windows::Entry;
use super::{Class, Demand, Dispatcher, Group, Obstacle, TaskKey};

impl Dispatcher {
    /// The first thing that is in a task's way, the windows of pool, class and title aside.
    pub(super) fn obstacle(&mut self, task: TaskKey, demand: &Demand) -> Option<Obstacle> {
        let candidates = self.attempts.get(&task.0)?;
        let class = candidates.group.class;
        if demand.region.is_some() && self.budgets.is_spent(candidates.group.title) {
            return Some(Obstacle::Budget);
        }
        let may_start = |group: Group| self.titles.has_place(group);
        if let Some(destination) = &demand.destination {
            let oldest = self.sessions.get(&candidates.session).and_then(|all| all.first());
            if oldest.is_some_and(|oldest| *oldest < task.0) {
                return Some(Obstacle::OlderAttempt);
            }
            if !self.is_free(destination) {
                return Some(Obstacle::Partition);
            }
            let line = self.partitions.get(destination).map(|partition| &partition.line);
            let next = line.and_then(|line| line.oldest_woken(may_start));
            if next.is_some_and(|next| next < task) {
                return Some(self.yields(Obstacle::Partition, demand));
            }
            let limit = (self.limits.table_window(destination), self.passes);
            match self.tables.entry(&table_of(destination), class, limit, may_start) {
                Entry::Open => {}
                Entry::Full => return Some(Obstacle::Table),
                Entry::Yield => return Some(self.yields(Obstacle::Table, demand)),
            }
        }
        if let Some(region) = &demand.region {
            let limit = (self.limits.region_window(region), self.passes);
            match self.regions.entry(region, class, limit, may_start) {
                Entry::Open => {}
                Entry::Full => return Some(Obstacle::Region),
                Entry::Yield => return Some(self.yields(Obstacle::Region, demand)),
            }
        }
        None
    }

    /// Remembers what a task leaves to another although it is free.
    fn yields(&mut self, obstacle: Obstacle, demand: &Demand) -> Obstacle {
        let mut crowded = demand.clone();
        match (obstacle, &mut crowded.destination) {
            (Obstacle::Region, destination) => *destination = None,
            (Obstacle::Table, Some(destination)) => destination.partition = None,
            (Obstacle::Table, None)
            | (Obstacle::OlderAttempt | Obstacle::Partition | Obstacle::Budget, _) => {}
        }
        if obstacle != Obstacle::Region {
            crowded.region = None;
        }
        self.yielded.insert((obstacle, crowded));
        obstacle
    }

    /// Whether a job on `destination` would meet no live one on the same partition, nor on a table and one of its
    /// partitions at once.
    fn is_free(&self, destination: &TableReference) -> bool {
        self.partitions.meeting(destination).all(|(_, partition)| partition.writers == 0)
    }

    /// Whoever yielded is looked at again; whether anybody is.
    pub(super) fn reopen(&mut self) -> bool {
        let yielded = std::mem::take(&mut self.yielded);
        let mut any = false;
        for (obstacle, demand) in yielded {
            any |= self.wake(obstacle, &demand);
        }
        any
    }

    /// Puts a task in line for what is in its way. It leaves the line it was in.
    pub(super) fn park(&mut self, task: TaskKey, demand: Demand, obstacle: Obstacle) {
        let Some(group) = self.group(task.0) else {
            return;
        };
        let left = self.leave(task);
        match (obstacle, &demand.destination, &demand.region) {
            (Obstacle::Budget, _, _) => self.budgets.park(group, task),
            (Obstacle::Partition, Some(destination), _) => {
                self.partitions.entry(destination).line.park(group, task);
            }
            (Obstacle::Table, Some(destination), _) => {
                self.tables.line(table_of(destination)).park(group, task);
            }
            (Obstacle::Region, _, Some(region)) => {
                self.regions.line(region.clone()).park(group, task);
            }
            (Obstacle::OlderAttempt, _, _)
            | (Obstacle::Partition | Obstacle::Table, None, _)
            | (Obstacle::Region, _, None) => {}
        }
        let same =
            left.as_ref().is_some_and(|left| left.obstacle == obstacle && left.demand == demand);
        if let Some(candidates) = self.attempts.get_mut(&task.0) {
            candidates.park(task.1, demand, obstacle);
        }
        self.sync(task.0);
        if let Some(left) = left.filter(|_| !same) {
            self.wake(left.obstacle, &left.demand);
        }
    }

    /// Takes a task out of the line that it is in.
    pub(super) fn leave(&mut self, (attempt, task): TaskKey) -> Option<Waiter> {
        let candidates = self.attempts.get_mut(&attempt)?;
        let group = candidates.group;
        let left = candidates.leave(task)?;
        let demand = &left.demand;
        let line = match (left.obstacle, &demand.destination, &demand.region) {
            (Obstacle::Budget, _, _) => self.budgets.line(group.title),
            (Obstacle::Partition, Some(destination), _) => {
                self.partitions.get_mut(destination).map(|partition| &mut partition.line)
            }
            (Obstacle::Table, Some(destination), _) => {
                Some(self.tables.line(table_of(destination)))
            }
            (Obstacle::Region, _, Some(region)) => Some(self.regions.line(region.clone())),
            (Obstacle::OlderAttempt, _, _)
            | (Obstacle::Partition | Obstacle::Table, None, _)
            | (Obstacle::Region, _, None) => None,
        };
        if let Some(line) = line {
            match left.woken {
                true => line.unwake(group, (attempt, task)),
                false => line.unpark(group, (attempt, task)),
            }
        }
        self.sync(attempt);
        Some(left)
    }

    /// A task waits no more, whatever for.
    pub(super) fn ended_waiting(&mut self, task: TaskKey) {
        if let Some(left) = self.leave(task) {
            self.wake(left.obstacle, &left.demand);
        }
    }

    /// A task takes its places and its partition.
    pub(super) fn hold(&mut self, task: TaskKey, demand: Demand, class: Class) {
        if let Some(destination) = &demand.destination {
            self.partitions.entry(destination).writers += 1;
            self.tables.start(table_of(destination), class);
        }
        if let Some(region) = &demand.region {
            self.regions.start(region.clone(), class);
        }
        self.live.insert(task, demand);
    }

    /// Gives places and partition back.
    pub(super) fn release(&mut self, demand: &Demand) {
        if let Some(destination) = &demand.destination {
            self.release_partition(destination);
            self.leave_table(destination);
        }
        if let Some(region) = &demand.region {
            self.regions.end(region);
            self.wake(Obstacle::Region, demand);
        }
    }

    pub(super) fn release_partition(&mut self, destination: &TableReference) {
        if let Some(partition) = self.partitions.get_mut(destination) {
            partition.writers = partition.writers.saturating_sub(1);
        }
        let met = self.partitions.meeting(destination);
        let met: Vec<TableReference> = met
            .filter(|(_, partition)| !partition.line.is_empty())
            .map(|(digits, _)| TableReference {
                partition: (!digits.is_empty()).then(|| digits.clone()),
                ..destination.clone()
            })
            .collect();
        for reference in &met {
            self.wake_partition(reference);
        }
        self.clean(destination);
    }

    /// Wakes who waits for this, as far as there is room; whether anybody does.
    pub(super) fn wake(&mut self, obstacle: Obstacle, demand: &Demand) -> bool {
        match (obstacle, &demand.destination, &demand.region) {
            (Obstacle::Partition, Some(destination), _) => {
                let any = self.wake_partition(destination);
                self.clean(destination);
                any
            }
            (Obstacle::Table, Some(destination), _) => {
                let limit = self.limits.table_window(destination);
                let woken = self.tables.wake(&table_of(destination), limit);
                self.woken(woken)
            }
            (Obstacle::Region, _, Some(region)) => {
                let woken = self.regions.wake(region, self.limits.region_window(region));
                self.woken(woken)
            }
            (Obstacle::OlderAttempt | Obstacle::Budget, _, _)
            | (Obstacle::Partition | Obstacle::Table, None, _)
            | (Obstacle::Region, _, None) => false,
        }
    }

    fn wake_partition(&mut self, reference: &TableReference) -> bool {
        let free = usize::from(self.is_free(reference));
        let line = self.partitions.get_mut(reference).map(|partition| &mut partition.line);
        let woken = line.map(|line| line.wake(free, Order::Oldest)).unwrap_or_default();
        self.woken(woken)
    }

    pub(super) fn woken(&mut self, woken: Vec<TaskKey>) -> bool {
        let any = !woken.is_empty();
        for (attempt, task) in woken {
            if let Some(candidates) = self.attempts.get_mut(&attempt) {
                candidates.wake(task);
            }
            self.sync(attempt);
        }
        any
    }

    fn clean(&mut self, reference: &TableReference) {
        let unused =
            |partition: &super::Partition| partition.writers == 0 && partition.line.is_empty();
        self.partitions.clean(reference, unused);
    }

    /// An attempt is over: the next one of its session may write.
    pub(super) fn leave_session(&mut self, attempt: AttemptId, session: &str) {
        let Some(all) = self.sessions.get_mut(session) else {
            return;
        };
        all.remove(&attempt);
        let Some(oldest) = all.first().copied() else {
            self.sessions.remove(session);
            return;
        };
        let behind = self.attempts.get(&oldest).map(Candidates::behind_older).unwrap_or_default();
        self.woken(behind.into_iter().map(|task| (oldest, task)).collect());
    }
}
