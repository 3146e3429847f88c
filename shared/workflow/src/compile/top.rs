//! The top of a `.dig` file (digdag `WorkflowFile`): its own keys, and the root group.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::position::Located;
use crate::task::{Config, TaskDefinition, Workflow};
use crate::yaml::{Entry, Kind, Node};

use super::name;
use super::task::{Compiler, TaskHead};
use super::{directives, file_span, sla};

/// Keys of a called file that only mean something in a workflow of its own.
const IGNORED_IN_CALLED: &[&str] = &["timezone", "schedule", "sla"];

/// A workflow; its problems are noted in `compiler`.
pub(super) fn compile(name: &str, root: &Node, compiler: &mut Compiler) -> Workflow {
    let root_name = format!("+{name}");
    let entries = entries_of(root);
    let span = file_span(root);
    let head = TaskHead { name: &root_name, full_name: &root_name, key_span: &span };
    check_keys(entries, compiler);
    let find = |key| entries.iter().find(|entry| entry.key == key && !entry.value.is_null());
    let timezone = find("timezone").and_then(|entry| compiler.read(&head, timezone(entry)));
    let schedule = find("schedule").and_then(|entry| compiler.read(&head, schedule(entry)));
    let sla = find("sla").map(|entry| sla::compile(entry, &head, compiler)).unwrap_or_default();
    let root = compiler.group(&head, entries);
    Workflow { name: name.to_owned(), timezone, schedule, sla, root, warnings: Vec::new() }
}

/// The tree of a called file.
pub(super) fn compile_called(name: &str, root: &Node, compiler: &mut Compiler) -> TaskDefinition {
    let span = file_span(root);
    let head = TaskHead { name, full_name: name, key_span: &span };
    let entries: Vec<Entry> = entries_of(root)
        .iter()
        .filter(|entry| !IGNORED_IN_CALLED.contains(&entry.key.as_str()))
        .cloned()
        .collect();
    check_keys(&entries, compiler);
    compiler.group(&head, &entries)
}

fn entries_of(root: &Node) -> &[Entry] {
    match &root.kind {
        Kind::Map(entries) => entries,
        // The reader refuses any other root.
        Kind::List(_) | Kind::Scalar(_) => &[],
    }
}

fn check_keys(entries: &[Entry], compiler: &mut Compiler) {
    let known = directives::TOP_KEYS;
    for entry in entries {
        if compiler.is_full() {
            return;
        }
        if entry.key.starts_with('+') {
            name::check_top_task(&entry.key, &entry.key_span, &mut compiler.problems);
        } else if !known.contains(&entry.key.as_str()) {
            let place = "at the top of the workflow";
            compiler.problems.push(directives::unknown_key(entry, known, place));
        }
    }
}

fn timezone(entry: &Entry) -> Result<Located<String>, Box<Diagnostic>> {
    match &entry.value.kind {
        Kind::Scalar(Value::String(zone)) => {
            Ok(Located { value: zone.clone(), position: entry.value.span.position() })
        }
        Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => {
            Err(directives::wrong_type(entry, "the name of a time zone")
                .with_help("write for example `timezone: Asia/Tokyo`")
                .into())
        }
    }
}

fn schedule(entry: &Entry) -> Result<Located<Config>, Box<Diagnostic>> {
    match entry.value.to_value() {
        Value::Object(value) => Ok(Located { value, position: entry.key_span.position() }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(directives::wrong_type(entry, "a mapping")
                .with_help("write for example `daily>: 07:00:00` on the next line, indented")
                .into())
        }
    }
}
