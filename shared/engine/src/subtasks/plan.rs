//! What the planned children of a task are. Each is made of its place when its turn has come, so that a loop of
//! 1,000,000 iterations is a few numbers until then.

use std::sync::Arc;

use himekuri_workflow::{TaskDefinition, TaskKind};
use serde::{Deserialize, Serialize};

use crate::exported::{Exported, combination_name, combinations};
use crate::record::ForEachEntry;

/// The children.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Plan {
    /// Those that the task's own definition lists; none for an operator.
    #[default]
    Listed,
    /// `^sub`, alone.
    Sub(Arc<TaskDefinition>),
    /// Iterations of a `loop>`.
    Loop { body: Arc<TaskDefinition> },
    /// Iterations of a `for_each>`.
    ForEach { entries: Arc<Vec<ForEachEntry>>, body: Arc<TaskDefinition> },
    /// Iterations of a `for_range>`.
    ForRange { from: i64, to: i64, step: i64, body: Arc<TaskDefinition> },
}

/// A child before it is a task.
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) exported: Exported,
}

impl Plan {
    /// The child at `place` of a task of this definition.
    pub(crate) fn child(&self, parent: &TaskDefinition, place: usize) -> Option<Planned> {
        let definition = Arc::clone(self.definition(parent, place)?);
        let (name, exported) = match self {
            Self::Listed => (definition.name.clone(), Exported::Nothing),
            Self::Sub(_) => ("^sub".to_owned(), Exported::Nothing),
            Self::Loop { .. } => {
                (format!("+loop-{place}"), Exported::Loop(u32::try_from(place).ok()?))
            }
            Self::ForEach { entries, .. } => {
                let (entries, number) = (Arc::clone(entries), u64::try_from(place).ok()?);
                (combination_name(&entries, number), Exported::ForEach { entries, number })
            }
            Self::ForRange { from, to, step, .. } => {
                let index = u32::try_from(place).ok()?;
                let from = from.checked_add(step.checked_mul(i64::from(index))?)?;
                let to = from.checked_add(*step).map_or(*to, |end| end.min(*to));
                (format!("+range-from={from}&to={to}"), Exported::Range { from, to, index })
            }
        };
        Some(Planned { name, definition, exported })
    }

    fn definition<'a>(
        &'a self,
        parent: &'a TaskDefinition,
        place: usize,
    ) -> Option<&'a Arc<TaskDefinition>> {
        match self {
            Self::Listed => match &parent.kind {
                TaskKind::Group { children, .. } => children.get(place),
                TaskKind::Operator { .. } => None,
            },
            Self::Sub(body)
            | Self::Loop { body }
            | Self::ForEach { body, .. }
            | Self::ForRange { body, .. } => Some(body),
        }
    }

    /// What all children are, if they are iterations.
    pub(crate) fn body(&self) -> Option<&Arc<TaskDefinition>> {
        match self {
            Self::Listed | Self::Sub(_) => None,
            Self::Loop { body } | Self::ForEach { body, .. } | Self::ForRange { body, .. } => {
                Some(body)
            }
        }
    }

    /// How many iterations a `for_each>` has.
    pub(crate) fn combinations(entries: &[ForEachEntry]) -> usize {
        combinations(entries).and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
    }

    /// How many slices a `for_range>` has.
    pub(crate) fn slices(from: i64, to: i64, step: i64) -> usize {
        let length = (i128::from(to) - i128::from(from)).max(0);
        let step = i128::from(step.max(1));
        usize::try_from((length + step - 1) / step).unwrap_or(usize::MAX)
    }
}
