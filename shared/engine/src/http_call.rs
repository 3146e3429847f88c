//! What the document of an `http_call>` decides: it is compiled like a called file and becomes `^sub`. The record holds the
//! compiled tasks, so a replay asks no server.

use std::sync::Arc;

use himekuri_protocol::{Document, TaskError};
use himekuri_workflow::{ProjectFiles, TaskDefinition, compile_called};
use jiff::Timestamp;
use serde_json::Value;

use crate::attempt::{Attempt, Task};
use crate::context::Context;
use crate::record::{Expansion, Record};

/// Reason of the error of a task whose document is no workflow.
const HTTP_CALL: &str = "httpCall";

/// Name of the document where its places are told (digdag's).
const FILE: &str = "http_call.dig";

/// Documents that call documents: nothing inside them could end the chain. digdag stops it at 1,000 tasks.
const DEPTH_MAX: usize = 10;

impl Attempt {
    /// `None` if the task asked for no document.
    pub(crate) fn fetched(
        &self,
        task: &Task,
        document: &Document,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Option<Record> {
        if task.operator() != Some("http_call") {
            return None;
        }
        Some(match self.compiled(task, document) {
            Ok(definition) => {
                let expansion = Expansion::Sub { definition: Arc::new(definition) };
                Record::Expanded { task: task.id, at, first: self.next_id, expansion }
            }
            Err(message) => {
                let position = self.position_of(task, "/http_call>");
                let message = format!("{position}: {message}");
                let error = TaskError { reason: HTTP_CALL.to_owned(), message, job: None };
                // Another try may meet another document.
                let retry = self.retry_decision(task, at, error.clone(), context);
                retry.unwrap_or_else(|| self.own_failure(task, at, error))
            }
        })
    }

    fn compiled(&self, task: &Task, document: &Document) -> Result<TaskDefinition, String> {
        let path = self.path(task);
        let calls = path.iter().filter(|above| above.operator() == Some("http_call")).count();
        if calls > DEPTH_MAX {
            return Err(format!("documents call documents more than {DEPTH_MAX} deep"));
        }
        let text = yaml(document)?;
        let files: ProjectFiles = [(FILE, text)].into_iter().collect();
        compile_called(&files, "", FILE)
            .map_err(|problems| format!("the document is no workflow: {problems}"))
    }
}

/// JSON goes through a reader of JSON: what only YAML allows is no JSON.
fn yaml(document: &Document) -> Result<String, String> {
    match document.media_type.as_str() {
        "application/json" => serde_json::from_str::<Value>(&document.text)
            .map(|value| value.to_string())
            .map_err(|problem| format!("the document is no JSON: {problem}")),
        "application/x-yaml" | "application/yaml" => Ok(document.text.clone()),
        other => Err(format!(
            "the document must be `application/json` or `application/x-yaml`, not `{other}`; `content_type_override` says what it is"
        )),
    }
}
