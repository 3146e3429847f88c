//! What a task does, as a hash: its definition with all below it, the files that it calls and its SQL, by content. Where
//! it stands in its file, its `_retry` and its `_error` do not change what it does.
//!
//! What only an expression names cannot be known without evaluating it. There the revision stands for all files: in
//! doubt, a task has changed.

use std::sync::Arc;

use himekuri_protocol::fingerprint;
use himekuri_workflow::{
    ProjectFiles, TaskDefinition, TaskKind, Workdir, compile_body, compile_called, resolve,
};
use serde::Serialize;
use serde_json::Value;

use crate::attempt::{Attempt, Task};
use crate::operators;

/// Deepest nesting of calls and bodies that is looked at; the same bound as that of `check`.
const MAX_DEPTH: usize = 50;

/// Keys of an operator task that are looked at by what they mean, or that do not change what it does.
const HASHED_APART: &[&str] = &["_do", "_else_do", "_check", "_error", "_retry"];

/// Hashes tasks of one revision.
pub(crate) struct Contents<'a> {
    files: &'a ProjectFiles,
    revision: &'a str,
    /// The last definition: iterations of a loop share theirs, and come in a row.
    last: Option<(Arc<TaskDefinition>, Workdir, String)>,
}

impl<'a> Contents<'a> {
    pub(crate) fn new(files: &'a ProjectFiles, revision: &'a str) -> Self {
        Self { files, revision, last: None }
    }

    /// What a task does, with the `_export` and the iterations that it sees from above.
    pub(crate) fn of(&mut self, attempt: &Attempt, task: &Task) -> String {
        let path = attempt.path(task);
        let above = path.split_last().map_or(&[][..], |(_, above)| above);
        let workdir =
            above.iter().fold(Workdir::OfFile, |workdir, above| workdir.within(&above.definition));
        let mut parts = vec![self.definition(&task.definition, workdir)];
        for node in path {
            parts.push(json(&node.definition.export));
            parts.push(json(&node.exported.config()));
        }
        fingerprint(parts.iter().map(String::as_str))
    }

    fn definition(&mut self, definition: &Arc<TaskDefinition>, workdir: Workdir) -> String {
        if let Some((last, around, hash)) = &self.last
            && Arc::ptr_eq(last, definition)
            && *around == workdir
        {
            return hash.clone();
        }
        let hash = self.hash(definition, workdir, 0);
        self.last = Some((Arc::clone(definition), workdir, hash.clone()));
        hash
    }

    fn hash(&self, task: &TaskDefinition, workdir: Workdir, depth: usize) -> String {
        if depth > MAX_DEPTH {
            return self.in_doubt();
        }
        let workdir = workdir.within(task);
        let mut parts = vec![
            task.name.clone(),
            task.workdir.clone(),
            json(&task.export),
            json(&task.check),
            json(&(task.background, &task.after)),
        ];
        match &task.kind {
            TaskKind::Group { children, parallel } => {
                parts.push(json(parallel));
                parts.extend(children.iter().map(|child| self.hash(child, workdir, depth + 1)));
            }
            TaskKind::Operator { operator, command, config } => {
                parts.push(operator.clone());
                parts.push(json(command));
                let what = config.iter().filter(|(key, _)| !HASHED_APART.contains(&key.as_str()));
                parts.push(json(&what.collect::<Vec<_>>()));
                parts.extend(self.named_file(task, operator, command, workdir, depth));
            }
        }
        for body in ["_do", "_else_do", "_check"].into_iter().filter(|key| has_body(task, key)) {
            parts.push(match compile_body(task, body, "^sub") {
                Ok(body) => self.hash(&body, workdir, depth + 1),
                Err(_) => self.in_doubt(),
            });
        }
        fingerprint(parts.iter().map(String::as_str))
    }

    /// The file that an operator reads, by content.
    fn named_file(
        &self,
        task: &TaskDefinition,
        operator: &str,
        command: &Value,
        workdir: Workdir,
        depth: usize,
    ) -> Option<String> {
        if operators::is_template(operator) {
            return Some(self.in_doubt());
        }
        let name = match operator {
            "call" => command,
            // Inline SQL is a mapping.
            "bq" => Some(command)
                .filter(|command| !command.is_null())
                .or_else(|| config_of(task)?.get("query"))
                .filter(|command| !command.is_object())?,
            _ => return None,
        };
        let literal = name.as_str().filter(|name| !name.contains("${"));
        let Some(name) = literal.filter(|_| workdir == Workdir::OfFile) else {
            return Some(self.in_doubt());
        };
        let content = match operator {
            "call" => compile_called(self.files, &task.workdir, name)
                .ok()
                .map(|called| self.hash(&called, workdir, depth + 1)),
            _ => resolve(&task.workdir, name)
                .ok()
                .and_then(|path| self.files.text(&path).ok().map(str::to_owned)),
        };
        Some(content.unwrap_or_else(|| self.in_doubt()))
    }

    fn in_doubt(&self) -> String {
        format!("revision {}", self.revision)
    }
}

fn config_of(task: &TaskDefinition) -> Option<&crate::Config> {
    match &task.kind {
        TaskKind::Operator { config, .. } => Some(config),
        TaskKind::Group { .. } => None,
    }
}

fn has_body(task: &TaskDefinition, key: &str) -> bool {
    let body = match key {
        "_check" => task.check.as_ref(),
        key => config_of(task).and_then(|config| config.get(key)),
    };
    body.is_some_and(|body| !body.is_null())
}

/// What is written has a JSON form, always.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
