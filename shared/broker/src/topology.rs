//! The queues of the pool and their names.

/// The queues of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// Task messages: coordinator to workers.
    Tasks,
    /// Reports: workers to the coordinator.
    Reports,
    /// Messages of the other two that were dead-lettered or returned too often; read by the coordinator,
    /// which fails the task visibly.
    Dead,
}

impl Queue {
    /// Every queue, in the order in which they are declared: the dead queue first, because the others
    /// point to it.
    pub const ALL: [Self; 3] = [Self::Dead, Self::Tasks, Self::Reports];

    /// The last part of the queue's name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Reports => "reports",
            Self::Dead => "dead",
        }
    }
}

/// Names the queues: `<prefix>.tasks`, `<prefix>.reports`, `<prefix>.dead`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// First part of every queue name; pools with different prefixes share a broker without meeting.
    pub prefix: String,
}

impl Topology {
    /// A topology with this prefix.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    /// The full name of a queue on the broker.
    #[must_use]
    pub fn name(&self, queue: Queue) -> String {
        format!("{}.{}", self.prefix, queue.suffix())
    }

    /// The queue with this full name, if it is one of ours.
    #[must_use]
    pub fn queue(&self, name: &str) -> Option<Queue> {
        let suffix = name.strip_prefix(&self.prefix)?.strip_prefix('.')?;
        Queue::ALL.into_iter().find(|queue| queue.suffix() == suffix)
    }
}

impl Default for Topology {
    fn default() -> Self {
        Self::new("himekuri")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_found_again_by_its_name() {
        let topology = Topology::new("team.a");

        for queue in Queue::ALL {
            assert_eq!(topology.queue(&topology.name(queue)), Some(queue));
        }
        assert_eq!(topology.name(Queue::Tasks), "team.a.tasks");
    }

    #[test]
    fn a_foreign_name_is_no_queue_of_ours() {
        let topology = Topology::default();

        assert_eq!(topology.queue("himekuri2.tasks"), None);
        assert_eq!(topology.queue("himekuri.other"), None);
    }
}
