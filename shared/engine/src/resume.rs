//! `retry --resume` and `--resume-from`: what an earlier attempt of the session has done is not done again.
//!
//! ```text
//! earlier attempt ──► Attempt::resume_all, resume_from ──► AttemptStarted::resumed of the new one
//! ready, and listed there ──► resumed ──► success, with what it had stored
//!                        └──► not_resumed ──► runs: it changed, or something that it waits for ran again
//! ```
//!
//! Only the topmost tasks that succeeded are listed; those below them are not made again, and what they stored goes to
//! those that follow with what their parent stored. `^error`, `^check` and `^sla` belong to a task that runs again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use himekuri_protocol::{AttemptId, JobStatistics, StoreParams, TableReference, TaskId};
use himekuri_workflow::{ProjectFiles, did_you_mean};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, Task};
use crate::content::Contents;
use crate::fold::remains;
use crate::record::{AttemptOutcome, Record};
use crate::state::TaskState;
use crate::subtasks::Sight;

/// Names of an ambiguous pattern that an error lists.
const LISTED_MAX: usize = 10;

/// What an attempt takes over from an earlier one of its session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// The earlier attempt.
    pub attempt: AttemptId,
    /// Its topmost tasks that do not run again, by full name.
    pub tasks: BTreeMap<String, ResumedTask>,
}

/// A task that an earlier attempt has done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResumedTask {
    /// Hash of what it did: one that does something else by now runs again.
    pub content: String,
    /// What it and everything below it stored.
    #[serde(default, skip_serializing_if = "StoreParams::is_empty")]
    pub store_params: StoreParams,
    /// The partition that it wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<TableReference>,
    /// Figures of its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobStatistics>,
}

/// Why a task runs though an earlier attempt has done it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotResumed {
    /// It does something else by now, or perhaps: see [`ResumedTask::content`].
    Changed,
    /// A task that it waits for ran again.
    UpstreamRan,
}

/// Why an attempt cannot be resumed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// It still runs.
    #[error("attempt {0} has not ended; wait for it, or stop it with `himekuri kill {0}`")]
    NotEnded(AttemptId),
    /// Nothing is left to do.
    #[error("attempt {0} succeeded, so nothing is left to resume; run it again with `--all`")]
    Succeeded(AttemptId),
    /// No task has this name.
    #[error("attempt {attempt} has no task whose name ends with `{pattern}`{}", meant(.similar))]
    UnknownTask {
        /// The attempt.
        attempt: AttemptId,
        /// As asked.
        pattern: String,
        /// A similar name.
        similar: Option<String>,
    },
    /// More than one task has this name.
    #[error(
        "`{pattern}` is the end of more than one task's name; write more of one of them: {}",
        .names.join(", ")
    )]
    AmbiguousTask {
        /// As asked.
        pattern: String,
        /// Full names, the first ten.
        names: Vec<String>,
    },
    /// Everything is behind the root.
    #[error("`{0}` is the whole workflow; run it again with `--all`")]
    Root(String),
    /// A task that would be skipped has not been done.
    #[error(
        "`{task}` comes before `{from}` and did not succeed (it is `{state}`); resume from there, or use `--resume`"
    )]
    NotDone {
        /// Full name.
        task: String,
        /// Its state.
        state: &'static str,
        /// Full name of the task to resume from.
        from: String,
    },
}

fn meant(similar: &Option<String>) -> String {
    similar.as_ref().map_or_else(String::new, |similar| format!("; did you mean `{similar}`?"))
}

impl Attempt {
    /// Everything that succeeded in this attempt, for one that resumes it. `files` are those of this attempt's revision.
    /// The attempt is a [`Attempt::replay`]: what has ended must not be forgotten.
    ///
    /// # Errors
    /// The attempt has not ended, or succeeded as a whole.
    pub fn resume_all(&self, files: &ProjectFiles) -> Result<Resume, ResumeError> {
        match self.outcome {
            None => return Err(ResumeError::NotEnded(self.started.attempt)),
            Some((AttemptOutcome::Success, _)) => {
                return Err(ResumeError::Succeeded(self.started.attempt));
            }
            Some((AttemptOutcome::Error | AttemptOutcome::Canceled, _)) => {}
        }
        let mut done = Vec::new();
        let mut open: Vec<&Task> = self.task(TaskId::ROOT).into_iter().collect();
        while let Some(task) = open.pop() {
            if task.id != TaskId::ROOT && task.state == TaskState::Success {
                done.push(task);
            } else {
                let begun = (0..task.subtasks.planned).rev();
                open.extend(begun.filter_map(|place| self.task(task.subtasks.id(place))));
            }
        }
        Ok(self.resume_of(done, files))
    }

    /// Everything that comes before one task of this attempt, for an attempt that runs from this task on: the siblings
    /// that it and those above it wait for. The task is named by the end of its full name. `files` are those of this
    /// attempt's revision. The attempt is a [`Attempt::replay`]: what has ended must not be forgotten.
    ///
    /// # Errors
    /// The attempt has not ended, the name fits no task or several, or a task before it did not succeed.
    pub fn resume_from(&self, pattern: &str, files: &ProjectFiles) -> Result<Resume, ResumeError> {
        if self.outcome.is_none() {
            return Err(ResumeError::NotEnded(self.started.attempt));
        }
        let from = self.find(pattern)?;
        let mut done = Vec::new();
        for pair in self.path(&from).windows(2) {
            let [above, task] = pair else { continue };
            for place in upstream(above, task) {
                let Some(sibling) = self.child(above, place) else { continue };
                if sibling.state != TaskState::Success {
                    return Err(ResumeError::NotDone {
                        task: sibling.full_name.clone(),
                        state: sibling.state.name(),
                        from: from.full_name.clone(),
                    });
                }
                if let Cow::Borrowed(sibling) = sibling {
                    done.push(sibling);
                }
            }
        }
        Ok(self.resume_of(done, files))
    }

    fn find(&self, pattern: &str) -> Result<Cow<'_, Task>, ResumeError> {
        let is_name = pattern.starts_with(['+', '^']);
        let mut fitting: Vec<Cow<'_, Task>> = self
            .planned_tasks()
            .filter(|task| is_name && task.full_name.ends_with(pattern))
            .collect();
        // A full name is no end of a longer one.
        if let Some(exact) = fitting.iter().position(|task| task.full_name == pattern) {
            fitting = vec![fitting.swap_remove(exact)];
        }
        match fitting.as_slice() {
            [root] if root.id == TaskId::ROOT => Err(ResumeError::Root(root.full_name.clone())),
            [task] => Ok(task.clone()),
            [] => {
                let names = self.planned_tasks().skip(1);
                let names: Vec<(String, String)> = names
                    .map(|task| (task.definition.name.clone(), task.full_name.clone()))
                    .collect();
                Err(ResumeError::UnknownTask {
                    attempt: self.started.attempt,
                    pattern: pattern.to_owned(),
                    similar: similar(pattern, &names).map(str::to_owned),
                })
            }
            several => Err(ResumeError::AmbiguousTask {
                pattern: pattern.to_owned(),
                names: several.iter().take(LISTED_MAX).map(|task| task.full_name.clone()).collect(),
            }),
        }
    }

    /// The root and all planned tasks below it, depth first, also those that never began.
    fn planned_tasks(&self) -> impl Iterator<Item = Cow<'_, Task>> {
        let mut root = self.task(TaskId::ROOT).map(Cow::Borrowed);
        let mut above: Vec<(&Task, usize)> = Vec::new();
        std::iter::from_fn(move || {
            let next = match root.take() {
                Some(root) => root,
                None => loop {
                    let (parent, place) = above.last_mut()?;
                    let (parent, next) = (*parent, *place);
                    *place += 1;
                    if next >= parent.subtasks.planned {
                        above.pop();
                    } else if let Some(child) = self.child(parent, next) {
                        break child;
                    }
                },
            };
            if let Cow::Borrowed(begun) = next {
                above.push((begun, 0));
            }
            Some(next)
        })
    }

    /// The planned child at `place`, also one that never began.
    fn child<'a>(&'a self, parent: &'a Task, place: usize) -> Option<Cow<'a, Task>> {
        if parent.subtasks.made.contains(place) {
            return self.task(parent.subtasks.id(place)).map(Cow::Borrowed);
        }
        self.waiting_task(parent, place).map(Cow::Owned)
    }

    fn resume_of(&self, done: Vec<&Task>, files: &ProjectFiles) -> Resume {
        let mut contents = Contents::new(files, &self.started.revision);
        let resumed = |task: &Task| ResumedTask {
            content: contents.of(self, task),
            store_params: remains(task).stores,
            destination: task.destination.clone(),
            job: task.job.clone(),
        };
        let names = done.iter().map(|task| task.full_name.clone());
        let names: Vec<String> = names.collect();
        let tasks = names.into_iter().zip(done.into_iter().map(resumed)).collect();
        Resume { attempt: self.started.attempt, tasks }
    }

    /// What an earlier attempt knows of a task whose turn has come for the first time.
    pub(crate) fn resumed_task(&self, task: &Task) -> Option<&ResumedTask> {
        let resumed = self.started.resumed.as_ref()?.tasks.get(&task.full_name)?;
        (!self.resume_used.contains(&task.full_name)).then_some(resumed)
    }

    /// Whether a task that an earlier attempt has done runs again.
    pub(crate) fn resume_decision(
        &self,
        task: &Task,
        at: Timestamp,
        contents: &mut Contents<'_>,
    ) -> Record {
        let id = task.id;
        let same = |known: &ResumedTask| known.content == contents.of(self, task);
        if self.upstream_ran(task) {
            Record::NotResumed { task: id, at, because: NotResumed::UpstreamRan }
        } else if self.resumed_task(task).is_some_and(same) {
            Record::Resumed { task: id, at }
        } else {
            Record::NotResumed { task: id, at, because: NotResumed::Changed }
        }
    }

    /// Whether something that a task or one above it waits for ran in this attempt: its result may be another.
    fn upstream_ran(&self, task: &Task) -> bool {
        self.path(task).windows(2).any(|pair| {
            let [above, task] = pair else { return false };
            match task.sight {
                Sight::Nothing => false,
                Sight::Earlier => above.subtasks.ran_before(task.id),
                Sight::After => above.subtasks.ran_upstream(task.id),
            }
        })
    }
}

/// The name that was probably meant.
fn similar<'a>(pattern: &str, tasks: &'a [(String, String)]) -> Option<&'a str> {
    let names = || tasks.iter().map(|(name, _)| name.as_str());
    let full_names = tasks.iter().map(|(_, full_name)| full_name.as_str());
    let without_plus = names().find(|name| name.strip_prefix('+') == Some(pattern));
    without_plus
        .or_else(|| did_you_mean(pattern, names()))
        .or_else(|| did_you_mean(pattern, full_names))
}

/// Places of the siblings that a task waits for.
fn upstream(above: &Task, task: &Task) -> Vec<usize> {
    match task.sight {
        Sight::Nothing => Vec::new(),
        Sight::Earlier => (0..above.subtasks.place(task.id).unwrap_or(0)).collect(),
        Sight::After => above.subtasks.upstream(task.id),
    }
}
