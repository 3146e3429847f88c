//! The compiled tree: what the engine runs and what attempt logs keep.

use std::borrow::Cow;

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::position::{Located, Position, Positions};

/// A mapping of a `.dig` file, in file order, values typed by digdag's rules.
pub type Config = serde_json::Map<String, Value>;

/// One top-level `.dig` file, compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// File name without `.dig`.
    pub name: String,
    /// `timezone:` as written; digdag's default is `UTC`.
    pub timezone: Option<Located<String>>,
    /// `schedule:` as written; `himekuri-schedule` checks it.
    pub schedule: Option<Located<Config>>,
    /// `sla:`, in file order; digdag has one at most.
    pub sla: Vec<Sla>,
    /// The task tree; the root's name is `+` and the workflow's name.
    pub root: TaskDefinition,
    /// What runs but looks wrong.
    pub warnings: Vec<Diagnostic>,
}

/// A node of the compiled tree.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "TaskRecord<'_>")]
pub struct TaskDefinition {
    /// Own key: `+load`, for the root `+` and the workflow's name, for a called file `^sub`.
    pub name: String,
    /// Where the key stands; for a root, the beginning of its file.
    pub position: Position,
    /// Group or operator.
    pub kind: TaskKind,
    /// `_export`, raw: evaluated in every task below.
    pub export: Config,
    /// `_retry`, raw. A group's is never evaluated (digdag `WorkflowExecutor.checkRetry`);
    /// [`crate::RetryPolicy`] reads it.
    pub retry: Option<Value>,
    /// `_background: true`: in a sequence, it starts with its group, and the next sibling waits for
    /// it.
    pub background: bool,
    /// `_after`: names of earlier siblings that it waits for, in a `_parallel` group.
    pub after: Vec<String>,
    /// `_error`, raw: runs as `^error` when the task has failed for good. It is known to compile;
    /// [`crate::compile_body`] makes a task of it.
    pub error: Option<Value>,
    /// `_check`, raw: runs as `^check` after the task and its subtasks have succeeded.
    pub check: Option<Value>,
    /// Places of all keys and values of the task's mapping.
    pub positions: Positions,
    /// Folder of the workflow file, `""` for the project's own: base of relative files
    /// (`_workdir`).
    pub workdir: String,
}

/// One entry of `sla:`: what to do when the workflow has not ended by a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sla {
    /// Where it stands.
    pub position: Position,
    /// By when the workflow should have ended.
    pub trigger: SlaTrigger,
    /// Whether a notification says so; digdag's default is yes.
    pub alert: bool,
    /// Whether the attempt ends as an error.
    pub fail: bool,
    /// Its own tasks, compiled as `^sla`; none if there are none.
    pub body: Option<Arc<TaskDefinition>>,
}

/// When an [`Sla`] is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlaTrigger {
    /// The first time the clock of the workflow's zone shows this after the run time, seconds after
    /// midnight.
    Time {
        /// Seconds after midnight.
        seconds: u32,
    },
    /// So long after the run time, seconds.
    Duration {
        /// Seconds.
        seconds: u32,
    },
}

/// What a task does.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskKind {
    /// Runs its children; with none, it succeeds at once.
    Group {
        /// In file order.
        children: Vec<Arc<TaskDefinition>>,
        /// Whether children wait for one another.
        parallel: Parallel,
    },
    /// Runs one operator.
    Operator {
        /// Without the `>`: `bq`. A `_type` with `${...}` stands here as written, see
        /// [`TaskDefinition::dynamic_operator`].
        operator: String,
        /// Value of the `bq>` key (or `_command`), raw.
        command: Value,
        /// All local keys as written, with the operator's own key, `_retry` and `_do`, but without
        /// `_export`, `_error`, `_check`, `_background` and `_after`, which are fields of the task.
        config: Config,
    },
}

/// `_parallel` of a group: read when compiling, so it holds no `${...}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parallel {
    /// One child after another.
    #[default]
    No,
    /// All children at once.
    Yes,
    /// At most this many at once; never 0.
    Limit(u32),
}

impl TaskDefinition {
    /// A group without children and directives, such as the `^sub` around the iterations of a loop.
    #[must_use]
    pub fn empty_group(
        name: impl Into<String>,
        position: Position,
        workdir: impl Into<String>,
        parallel: Parallel,
    ) -> Self {
        Self {
            name: name.into(),
            positions: Positions::new(position.file.clone()),
            position,
            kind: TaskKind::Group { children: Vec::new(), parallel },
            export: Config::new(),
            retry: None,
            background: false,
            after: Vec::new(),
            error: None,
            check: None,
            workdir: workdir.into(),
        }
    }

    /// The template of an operator that is only known when the task runs (`_type: ${...}`).
    #[must_use]
    pub fn dynamic_operator(&self) -> Option<&str> {
        match &self.kind {
            TaskKind::Operator { operator, config, .. } => {
                let is_dynamic = operator.contains("${") && config.contains_key("_type");
                is_dynamic.then_some(operator.as_str())
            }
            TaskKind::Group { .. } => None,
        }
    }

    /// Children of a group; none for an operator.
    #[must_use]
    pub fn children(&self) -> &[Arc<Self>] {
        match &self.kind {
            TaskKind::Group { children, .. } => children,
            TaskKind::Operator { .. } => &[],
        }
    }
}

/// JSON form of [`TaskDefinition`]: flat, so that a level of the tree takes two levels of JSON
/// (readers have a limit on those), and the positions do not repeat the task's file.
#[derive(Serialize, Deserialize)]
struct TaskRecord<'a> {
    name: Cow<'a, str>,
    position: Cow<'a, Position>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operator: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config: Option<Cow<'a, Config>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parallel: Option<Parallel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    children: Option<Cow<'a, [Arc<TaskDefinition>]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    export: Option<Cow<'a, Config>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    background: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Cow<'a, [String]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    positions: Option<Cow<'a, Positions>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workdir: Option<Cow<'a, str>>,
}

impl Serialize for TaskDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (operator, command, config, parallel, children) = match &self.kind {
            TaskKind::Operator { operator, command, config } => {
                (Some(operator), Some(command), Some(config), None, None)
            }
            TaskKind::Group { children, parallel } => {
                (None, None, None, Some(*parallel), Some(children))
            }
        };
        let record = TaskRecord {
            name: Cow::Borrowed(&self.name),
            position: Cow::Borrowed(&self.position),
            operator: operator.map(|operator| Cow::Borrowed(operator.as_str())),
            command: command.filter(|command| !command.is_null()).map(Cow::Borrowed),
            config: config.map(Cow::Borrowed),
            parallel: parallel.filter(|parallel| *parallel != Parallel::No),
            children: children
                .filter(|all| !all.is_empty())
                .map(|all| Cow::Borrowed(all.as_slice())),
            export: (!self.export.is_empty()).then_some(Cow::Borrowed(&self.export)),
            retry: self.retry.as_ref().map(Cow::Borrowed),
            background: self.background,
            after: (!self.after.is_empty()).then_some(Cow::Borrowed(self.after.as_slice())),
            error: self.error.as_ref().map(Cow::Borrowed),
            check: self.check.as_ref().map(Cow::Borrowed),
            positions: (!self.positions.is_empty()).then_some(Cow::Borrowed(&self.positions)),
            workdir: (!self.workdir.is_empty()).then_some(Cow::Borrowed(self.workdir.as_str())),
        };
        record.serialize(serializer)
    }
}

impl From<TaskRecord<'_>> for TaskDefinition {
    fn from(record: TaskRecord<'_>) -> Self {
        let position = record.position.into_owned();
        let file = position.file.clone();
        let positions = match record.positions {
            Some(positions) => positions.into_owned().with_file(file),
            None => Positions::new(file),
        };
        let kind = match record.operator {
            Some(operator) => TaskKind::Operator {
                operator: operator.into_owned(),
                command: record.command.unwrap_or_default().into_owned(),
                config: record.config.unwrap_or_default().into_owned(),
            },
            None => TaskKind::Group {
                children: record.children.map(Cow::into_owned).unwrap_or_default(),
                parallel: record.parallel.unwrap_or_default(),
            },
        };
        Self {
            positions,
            name: record.name.into_owned(),
            position,
            kind,
            export: record.export.unwrap_or_default().into_owned(),
            retry: record.retry.map(Cow::into_owned),
            background: record.background,
            after: record.after.map(Cow::into_owned).unwrap_or_default(),
            error: record.error.map(Cow::into_owned),
            check: record.check.map(Cow::into_owned),
            workdir: record.workdir.unwrap_or_default().into_owned(),
        }
    }
}
