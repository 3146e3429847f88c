//! `sla:` of a workflow (digdag `SlaCalculator`): one mapping, or a list of them.

use std::sync::Arc;

use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::task::{Sla, SlaTrigger, TaskDefinition};
use crate::yaml::{Entry, Kind, Node};

use super::task::{Compiler, TaskHead};
use super::{as_bool, directives};

/// Name of the task that an entry's own tasks become, as in digdag.
const SLA_NAME: &str = "^sla";

/// The keys of an entry that are not tasks.
const KEYS: &[&str] = &["time", "duration", "alert", "fail"];

/// All entries that can be read; the problems of the others are noted in `compiler`.
pub(super) fn compile(entry: &Entry, head: &TaskHead<'_>, compiler: &mut Compiler) -> Vec<Sla> {
    let nodes = match &entry.value.kind {
        Kind::Scalar(Value::Null) => return Vec::new(),
        Kind::Map(_) => std::slice::from_ref(&entry.value),
        Kind::List(items) => items.as_slice(),
        Kind::Scalar(_) => {
            let error = directives::wrong_type(entry, "a mapping with `time` or `duration`")
                .with_help("write for example `time: 09:00` on the next line, indented");
            compiler.problems.push(error);
            return Vec::new();
        }
    };
    nodes.iter().filter_map(|node| one(entry, node, head, compiler)).collect()
}

fn one(entry: &Entry, node: &Node, head: &TaskHead<'_>, compiler: &mut Compiler) -> Option<Sla> {
    let Kind::Map(entries) = &node.kind else {
        let error = directives::wrong_type(entry, "a mapping with `time` or `duration`")
            .with_help("write for example `time: 09:00` on the next line, indented");
        compiler.problems.push(error);
        return None;
    };
    let find = |key: &str| entries.iter().find(|entry| entry.key == key && !entry.value.is_null());
    let trigger = match (find("time"), find("duration")) {
        (Some(time), None) => seconds(time).map(|seconds| SlaTrigger::Time { seconds }),
        (None, Some(duration)) => seconds(duration).map(|seconds| SlaTrigger::Duration { seconds }),
        (Some(_), Some(second)) => Err(second
            .key_span
            .error(codes::BAD_SLA, "`sla` has both `time` and `duration`")
            .with_help("keep one of the two; a list of mappings gives more than one limit")
            .into()),
        (None, None) => Err(entry
            .key_span
            .error(codes::BAD_SLA, "`sla` needs `time` or `duration`")
            .with_help("write for example `time: 09:00` or `duration: 01:30:00` below it")
            .into()),
    };
    let mut flag = |key, default| {
        let Some(entry) = find(key) else { return default };
        let read = as_bool(&entry.value.to_value())
            .ok_or_else(|| directives::wrong_type(entry, "`true` or `false`").into());
        compiler.read(head, read).unwrap_or(default)
    };
    let (alert, fail) = (flag("alert", true), flag("fail", false));
    let body = body(entry, entries, head, compiler);
    let trigger = compiler.read(head, trigger)?;
    Some(Sla { position: entry.key_span.position(), trigger, alert, fail, body })
}

/// What runs when the time has come: the entry's operator or `+tasks`.
fn body(
    entry: &Entry,
    entries: &[Entry],
    head: &TaskHead<'_>,
    compiler: &mut Compiler,
) -> Option<Arc<TaskDefinition>> {
    let tasks: Vec<Entry> =
        entries.iter().filter(|entry| !KEYS.contains(&entry.key.as_str())).cloned().collect();
    if tasks.is_empty() {
        return None;
    }
    let node = Node { span: entry.value.span.clone(), kind: Kind::Map(tasks) };
    let full_name = format!("{}{SLA_NAME}", head.full_name);
    compiler.body(SLA_NAME, &full_name, &entry.key_span, &node).map(Arc::new)
}

/// `HH:MM` or `HH:MM:SS`. The parts may be greater than a clock shows, and a colon may end them, as
/// in digdag; a negative part is refused, which digdag takes as the day before.
fn seconds(entry: &Entry) -> Result<u32, Box<Diagnostic>> {
    let wrong = || {
        directives::wrong_type(entry, "`HH:MM` or `HH:MM:SS`")
            .with_help("write for example `09:30`")
            .into()
    };
    let text = entry.value.to_value().as_str().map(str::to_owned).ok_or_else(wrong)?;
    let parts = text.trim_end_matches(':').split(':').map(|part| part.parse().ok());
    let parts: Vec<u32> = parts.collect::<Option<_>>().ok_or_else(wrong)?;
    let (hours, minutes, seconds) = match *parts.as_slice() {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return Err(wrong()),
    };
    let total = [hours, minutes, seconds]
        .iter()
        .try_fold(0_u32, |sum, part| sum.checked_mul(60)?.checked_add(*part));
    total.ok_or_else(wrong)
}
