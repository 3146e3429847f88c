//! How much work a plan is, and where it writes.

use std::collections::BTreeSet;

use himekuri_coordinator::ScriptEvaluator;
use himekuri_engine::Prepared;

use super::Arguments;
use crate::cost::Planned;
use crate::project::LoadedProject;
use crate::simulate::{PlannedTask, planned_attempts, simulate};

/// A plan in a few numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// Tasks of all sessions.
    pub(super) tasks: usize,
    /// Different tables and partitions that they write.
    pub(super) destinations: BTreeSet<String>,
    /// The first one, in the order of the sessions' dates.
    pub(super) first: Option<String>,
    /// The last one.
    pub(super) last: Option<String>,
}

impl Outline {
    /// # Errors
    /// A session that cannot be planned.
    pub(super) fn simulated(
        project: &LoadedProject,
        arguments: &Arguments,
    ) -> anyhow::Result<Self> {
        let mut outline = Self::default();
        let mut evaluator = ScriptEvaluator::new(arguments.expressions.limits())?;
        // One after another: the tasks of three years are many, and their SQL is long.
        for started in planned_attempts(project, &arguments.sessions)? {
            simulate(project, started, &mut evaluator, &mut |task| {
                outline.add(&task);
                Ok(())
            })?;
        }
        Ok(outline)
    }

    pub(super) fn of(plan: &[Planned]) -> Self {
        let mut outline = Self::default();
        for Planned { task, .. } in plan {
            outline.add(task);
        }
        outline
    }

    fn add(&mut self, task: &PlannedTask) {
        self.tasks += 1;
        let Some(table) = task.prepared.as_ref().and_then(Prepared::destination) else { return };
        let name = table.to_string();
        self.first.get_or_insert_with(|| name.clone());
        self.last = Some(name.clone());
        self.destinations.insert(name);
    }
}
