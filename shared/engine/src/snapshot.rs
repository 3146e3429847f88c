//! The state of an attempt at a length of its log, so that whoever takes a long log over need not read all of it.
//!
//! A snapshot is a shortcut, the log is the truth: one that this program cannot read is no loss, as the whole log still
//! leads to the same state. So it has no compatibility to keep, only a version.
//!
//! It holds what the fold holds, but for three things. What was fixed at the start is in the log's first record. Tasks
//! that have ended are history. And what a planned child *is* follows from its parent's plan, of which 1,000 iterations
//! share one: written for each, it would be most of the snapshot.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use himekuri_protocol::TaskId;
use himekuri_workflow::{Parallel, Position, TaskDefinition};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, Index, Task};
use crate::exported::Exported;
use crate::fold::ReplayError;
use crate::record::{AttemptOutcome, KillReason, Record};
use crate::subtasks::Sight;

/// Version of snapshots: another one is not read. It rises with every change of what the engine holds of a task.
pub const SNAPSHOT_VERSION: u16 = 3;

/// Why a snapshot is of no use; its log is read instead.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Written by another program.
    #[error("the snapshot has version {found}, this program reads version {SNAPSHOT_VERSION}")]
    Version {
        /// Its version.
        found: u16,
    },
    /// Not what this program writes.
    #[error("the snapshot cannot be read")]
    Json(#[from] serde_json::Error),
    /// A task that its parent has not planned.
    #[error("the snapshot has task {task}, which nothing in it explains")]
    Unexplained {
        /// The task.
        task: TaskId,
    },
    /// The records around it do not fit.
    #[error("the log does not fit the snapshot")]
    Replay(#[from] ReplayError),
}

#[derive(Serialize, Deserialize)]
struct Snapshot<'a> {
    version: u16,
    length: u64,
    /// In order of creation: parents first.
    tasks: Vec<Kept<'a>>,
    next_id: TaskId,
    outcome: Option<(AttemptOutcome, Timestamp)>,
    killed: Option<(KillReason, Timestamp)>,
    missed_sla: Cow<'a, BTreeSet<u32>>,
    resume_used: Cow<'a, BTreeSet<String>>,
    bytes_billed: u64,
    index: Cow<'a, Index>,
}

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    task: Cow<'a, Task>,
    /// Of a task that was not planned with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    joined: Option<Joined<'a>>,
}

/// `^check`, `^error`, `^sla`: what they are.
#[derive(Serialize, Deserialize)]
struct Joined<'a> {
    full_name: Cow<'a, str>,
    definition: Arc<TaskDefinition>,
    exported: Cow<'a, Exported>,
    sight: Sight,
}

#[derive(Deserialize)]
struct Version {
    version: u16,
}

impl Attempt {
    /// The state as JSON, for [`Attempt::recover_from`].
    ///
    /// # Errors
    /// None that is known: every part of the state can be written.
    pub fn snapshot(&self) -> serde_json::Result<String> {
        let tasks = self.tasks.values().map(|task| Kept {
            task: Cow::Borrowed(task.as_ref()),
            joined: (!self.is_planned(task)).then(|| Joined {
                full_name: Cow::Borrowed(&task.full_name),
                definition: Arc::clone(&task.definition),
                exported: Cow::Borrowed(&task.exported),
                sight: task.sight,
            }),
        });
        serde_json::to_string(&Snapshot {
            version: SNAPSHOT_VERSION,
            length: self.length,
            tasks: tasks.collect(),
            next_id: self.next_id,
            outcome: self.outcome,
            killed: self.killed.clone(),
            missed_sla: Cow::Borrowed(&self.missed_sla),
            resume_used: Cow::Borrowed(&self.resume_used),
            bytes_billed: self.bytes_billed,
            index: Cow::Borrowed(&self.index),
        })
    }

    /// The state that a log leads to, as [`Attempt::recover`] finds it: from its first record, a snapshot, and the records
    /// behind the snapshot.
    ///
    /// # Errors
    /// A snapshot that this program does not read, or that does not belong to these records.
    pub fn recover_from(
        first: Record,
        snapshot: &str,
        behind: impl IntoIterator<Item = Record>,
    ) -> Result<Self, SnapshotError> {
        let Version { version: found } = serde_json::from_str(snapshot)?;
        if found != SNAPSHOT_VERSION {
            return Err(SnapshotError::Version { found });
        }
        let mut attempt = Self::begin_from(Some(first))?;
        attempt.restore(serde_json::from_str(snapshot)?)?;
        attempt.go_on(behind, Self::forget_ended)?;
        Ok(attempt)
    }

    /// How many tasks it holds that have begun or may begin and have not ended: the size of its snapshot goes with them.
    #[must_use]
    pub fn live_count(&self) -> usize {
        self.tasks.len()
    }

    fn restore(&mut self, snapshot: Snapshot<'_>) -> Result<(), SnapshotError> {
        self.tasks = BTreeMap::new();
        for Kept { task, joined } in snapshot.tasks {
            let mut task = task.into_owned();
            if let Some(joined) = joined {
                task.full_name = joined.full_name.into_owned();
                task.definition = joined.definition;
                task.exported = joined.exported.into_owned();
                task.sight = joined.sight;
            } else {
                let unexplained = SnapshotError::Unexplained { task: task.id };
                let planned = self.planned_by(&task).ok_or(unexplained)?;
                task.full_name = planned.full_name;
                task.definition = planned.definition;
                task.exported = planned.exported;
                task.sight = planned.sight;
            }
            self.tasks.insert(task.id, Box::new(task));
        }
        self.length = snapshot.length;
        self.next_id = snapshot.next_id;
        self.outcome = snapshot.outcome;
        self.killed = snapshot.killed;
        self.missed_sla = snapshot.missed_sla.into_owned();
        self.resume_used = snapshot.resume_used.into_owned();
        self.bytes_billed = snapshot.bytes_billed;
        self.index = snapshot.index.into_owned();
        Ok(())
    }

    /// The task as its parent has planned it, or as the attempt began.
    fn planned_by(&self, task: &Task) -> Option<Task> {
        let Some(parent) = task.parent else {
            let root = &self.started.root;
            return Some(Task::new(TaskId::ROOT, None, &root.name, Arc::clone(root)));
        };
        let parent = self.live(parent)?;
        self.planned_task(parent, planned_place(parent, task.id)?)
    }

    fn is_planned(&self, task: &Task) -> bool {
        let Some(parent) = task.parent else { return true };
        self.live(parent).is_some_and(|parent| planned_place(parent, task.id).is_some())
    }
}

fn planned_place(parent: &Task, id: TaskId) -> Option<usize> {
    parent.subtasks.place(id).filter(|place| *place < parent.subtasks.planned)
}

/// In place of a definition while a snapshot is being read.
pub(crate) fn unknown() -> Arc<TaskDefinition> {
    Arc::new(TaskDefinition::empty_group("", Position::start_of(""), "", Parallel::No))
}
