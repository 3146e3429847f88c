//! One node of the tree: a group, or a task with an operator (digdag `WorkflowCompiler.collect`).

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::position::Positions;
use crate::task::{Config, Parallel, TaskDefinition, TaskKind};
use crate::yaml::{Entry, Kind, Node, Span};

use super::{directives, name, order};

/// Name of the task that an `_error` becomes, as in digdag.
const ERROR_NAME: &str = "^error";

/// Compiles one file and collects its problems.
pub(super) struct Compiler {
    pub(super) problems: Vec<Diagnostic>,
    workdir: String,
}

/// Directives that are fields of the definition, not parameters of the operator.
const FIELDS: &[&str] = &["_export", "_error", "_check", "_background", "_after"];

/// What is known of a task before its kind is.
pub(super) struct TaskHead<'a> {
    pub(super) name: &'a str,
    pub(super) full_name: &'a str,
    pub(super) key_span: &'a Span,
}

impl Compiler {
    pub(super) fn new(workdir: &str) -> Self {
        Self { problems: Vec::new(), workdir: workdir.to_owned() }
    }

    /// Compiles the task `name`; `None` if it has problems, which are then noted.
    pub(super) fn task(
        &mut self,
        name: &str,
        full_name: &str,
        key_span: &Span,
        value: &Node,
    ) -> Option<TaskDefinition> {
        name::check_task(name, full_name, key_span, &mut self.problems);
        let head = TaskHead { name, full_name, key_span };
        let entries = self.entries(&head, value)?;
        if self.is_disabled(&head, &entries) {
            // Nothing of it is compiled, but digdag has looked at its tasks by then.
            for entry in entries.iter().filter(|entry| entry.key.starts_with('+')) {
                let full_name = format!("{full_name}{}", entry.key);
                let child =
                    TaskHead { name: &entry.key, full_name: &full_name, key_span: &entry.key_span };
                self.entries(&child, &entry.value);
            }
            let kind = TaskKind::Group { children: Vec::new(), parallel: Parallel::No };
            return Some(self.definition(&head, kind, &[]));
        }
        let is_operator = |entry: &Entry| entry.key.ends_with('>') || entry.key == "_type";
        if entries.iter().any(is_operator) {
            self.operator(&head, &entries)
        } else {
            self.check_group_keys(&head, &entries);
            Some(self.group(&head, &entries))
        }
    }

    /// Compiles a body (`_do`, `_error`, the tasks of an `sla`): a mapping, and no list.
    pub(super) fn body(
        &mut self,
        name: &str,
        full_name: &str,
        key_span: &Span,
        value: &Node,
    ) -> Option<TaskDefinition> {
        if let Kind::Map(_) = &value.kind {
            return self.task(name, full_name, key_span, value);
        }
        let message = format!("the body must be a mapping, but it is {}", value.describe());
        let error = key_span.error(codes::TASK_NOT_MAPPING, message).in_task(full_name);
        self.problems.push(
            error.with_help("write an operator or `+tasks` below it, indented deeper, without `-`"),
        );
        None
    }

    /// A task's mapping; a list of mappings counts as one mapping, later keys winning.
    fn entries<'n>(&mut self, head: &TaskHead<'_>, value: &'n Node) -> Option<Cow<'n, [Entry]>> {
        match &value.kind {
            Kind::Map(entries) => return Some(Cow::Borrowed(entries)),
            Kind::List(items) => {
                let maps: Option<Vec<&[Entry]>> = items.iter().map(as_map).collect();
                if let Some(maps) = maps {
                    return Some(Cow::Owned(self.joined(head, &maps)));
                }
            }
            Kind::Scalar(_) => {}
        }
        let message = format!(
            "the task must be a mapping or a list of mappings, but it is {}",
            value.describe()
        );
        let error = head.key_span.error(codes::TASK_NOT_MAPPING, message).in_task(head.full_name);
        self.problems.push(error.with_help(
            "write an operator or `+tasks` below it, indented deeper; or remove the task",
        ));
        None
    }

    fn joined(&mut self, head: &TaskHead<'_>, maps: &[&[Entry]]) -> Vec<Entry> {
        let mut joined: Vec<Entry> = Vec::new();
        let mut index = HashMap::new();
        for entry in maps.iter().copied().flatten() {
            match index.get(entry.key.as_str()).copied() {
                None => {
                    index.insert(entry.key.as_str(), joined.len());
                    joined.push(entry.clone());
                }
                Some(place) => {
                    let earlier: &mut Entry = &mut joined[place];
                    let message = format!(
                        "`{}` replaces the one on line {}, as both are in the list of one task",
                        entry.key, earlier.key_span.start.0
                    );
                    self.problems.push(
                        entry
                            .key_span
                            .warning(codes::WITHOUT_EFFECT, message)
                            .in_task(head.full_name)
                            .with_help("remove one of the two"),
                    );
                    *earlier = entry.clone();
                }
            }
        }
        joined
    }

    fn is_disabled(&mut self, head: &TaskHead<'_>, entries: &[Entry]) -> bool {
        let entry = entries.iter().find(|entry| entry.key == "_disable");
        entry.is_some_and(|entry| self.read(head, directives::disable(entry)).unwrap_or(false))
    }

    fn check_group_keys(&mut self, head: &TaskHead<'_>, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| !entry.key.starts_with('+')) {
            if self.is_full() {
                return;
            }
            let problem = if directives::GROUP_KEYS.contains(&entry.key.as_str()) {
                directives::without_effect(entry)
            } else {
                let known = directives::GROUP_KEYS;
                Some(directives::unknown_key(entry, known, "in a task without an operator"))
            };
            self.problems.extend(problem.map(|problem| problem.in_task(head.full_name)));
        }
    }

    /// A group of checked keys: of a `+task`, of a workflow or of a called file.
    pub(super) fn group(&mut self, head: &TaskHead<'_>, entries: &[Entry]) -> TaskDefinition {
        let parallel = entries
            .iter()
            .find(|entry| entry.key == "_parallel")
            .and_then(|entry| self.read(head, directives::parallel(entry)))
            .unwrap_or_default();
        let mut children: Vec<Arc<TaskDefinition>> = Vec::new();
        let mut earlier = BTreeSet::new();
        for entry in entries.iter().filter(|entry| entry.key.starts_with('+')) {
            if self.is_full() {
                break;
            }
            let full_name = format!("{}{}", head.full_name, entry.key);
            if let Some(child) = self.task(&entry.key, &full_name, &entry.key_span, &entry.value) {
                self.problems.extend(order::check(&child, &full_name, &earlier, parallel));
                earlier.insert(entry.key.as_str());
                children.push(Arc::new(child));
            }
        }
        self.definition(head, TaskKind::Group { children, parallel }, entries)
    }

    fn operator(&mut self, head: &TaskHead<'_>, entries: &[Entry]) -> Option<TaskDefinition> {
        for entry in entries.iter().filter(|entry| entry.key.starts_with('+')) {
            self.problems.push(child_of_operator(entry).in_task(head.full_name));
        }
        let (operator, command) = self.read(head, operator_and_command(entries))?;
        if entries.iter().any(|entry| entry.key == "_type")
            && let Some(entry) = entries.iter().find(|entry| entry.key.ends_with('>'))
        {
            let message = format!("`{}` has no effect beside `_type`", entry.key);
            let warning = entry.key_span.warning(codes::WITHOUT_EFFECT, message);
            self.problems.push(warning.in_task(head.full_name).with_help("remove one of the two"));
        }
        let config: Config = entries
            .iter()
            .filter(|entry| !FIELDS.contains(&entry.key.as_str()))
            .map(|entry| (entry.key.clone(), entry.value.to_value()))
            .collect();
        Some(self.definition(head, TaskKind::Operator { operator, command, config }, entries))
    }

    /// The definition with what groups and operators have in common.
    fn definition(
        &mut self,
        head: &TaskHead<'_>,
        kind: TaskKind,
        entries: &[Entry],
    ) -> TaskDefinition {
        let mut positions = Positions::new(head.key_span.file.clone());
        let mut export = Config::new();
        let (mut retry, mut error, mut check) = (None, None, None);
        let (mut background, mut after) = (false, Vec::new());
        for entry in entries.iter().filter(|entry| !entry.key.starts_with('+')) {
            entry.record_positions("", &mut positions);
            match entry.key.as_str() {
                "_export" => {
                    export = self.read(head, directives::export(entry)).unwrap_or_default()
                }
                "_retry" => retry = not_null(entry),
                "_error" => {
                    error = not_null(entry);
                    // digdag compiles it with the task, though it runs only after a failure.
                    if error.is_some() {
                        let full_name = format!("{}{ERROR_NAME}", head.full_name);
                        self.body(ERROR_NAME, &full_name, &entry.key_span, &entry.value);
                    }
                }
                "_check" => check = not_null(entry),
                "_background" => {
                    background = self.read(head, directives::background(entry)).unwrap_or(false);
                }
                "_after" => after = self.read(head, directives::after(entry)).unwrap_or_default(),
                _ => {}
            }
        }
        TaskDefinition {
            name: head.name.to_owned(),
            position: head.key_span.position(),
            kind,
            export,
            retry,
            background,
            after,
            error,
            check,
            positions,
            workdir: self.workdir.clone(),
        }
    }

    /// The value, or `None` with the problem noted.
    pub(super) fn read<T>(
        &mut self,
        head: &TaskHead<'_>,
        read: Result<T, Box<Diagnostic>>,
    ) -> Option<T> {
        read.map_err(|problem| self.problems.push(problem.in_task(head.full_name))).ok()
    }
}

fn not_null(entry: &Entry) -> Option<Value> {
    Some(entry.value.to_value()).filter(|value| !value.is_null())
}

fn as_map(node: &Node) -> Option<&[Entry]> {
    match &node.kind {
        Kind::Map(entries) => Some(entries),
        Kind::List(_) | Kind::Scalar(_) => None,
    }
}

fn child_of_operator(entry: &Entry) -> Diagnostic {
    let message =
        format!("a task with an operator can't have subtasks, but it has `{}`", entry.key);
    entry.key_span.error(codes::OPERATOR_WITH_CHILDREN, message).with_help(
        "give the operator a task of its own beside the others, or check the indentation",
    )
}

/// The operator's name without `>`, and its command. A `_type` wins over a key that ends with `>`,
/// as in digdag (`OperatorManager`); it may hold `${...}`.
fn operator_and_command(entries: &[Entry]) -> Result<(String, Value), Box<Diagnostic>> {
    let mut operators = entries.iter().filter(|entry| entry.key.ends_with('>'));
    let first = operators.next();
    if let (Some(first), Some(second)) = (first, operators.next()) {
        let message = format!(
            "a task can't have more than one operator, but it has `{}` and `{}`",
            first.key, second.key
        );
        let error = second.key_span.error(codes::TWO_OPERATORS, message);
        return Err(error.with_help("make it two tasks").into());
    }
    let find = |key| entries.iter().find(|entry: &&Entry| entry.key == key);
    match (find("_type"), first) {
        (Some(entry), _) => {
            let command = find("_command").map_or(Value::Null, |entry| entry.value.to_value());
            match &entry.value.kind {
                Kind::Scalar(Value::String(name)) if !name.is_empty() => {
                    Ok((name.clone(), command))
                }
                Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => {
                    Err(directives::wrong_type(entry, "the name of an operator").into())
                }
            }
        }
        (None, Some(first)) => {
            let name = first.key.strip_suffix('>').unwrap_or(&first.key);
            Ok((name.to_owned(), first.value.to_value()))
        }
        // Only called for a task with one of the two.
        (None, None) => Ok((String::new(), Value::Null)),
    }
}
