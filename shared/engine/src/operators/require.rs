//! `require>`: which session must have run.

use himekuri_protocol::TaskError;
use himekuri_workflow::TaskKind;
use jiff::Timestamp;

use super::{Control, Parameters};
use crate::Config;
use crate::require::{Requirement, RerunOn};

pub(super) fn require(parameters: &Parameters<'_>) -> Result<Control, TaskError> {
    let key = parameters.command_key("require>");
    let workflow = parameters.text(key)?.filter(|workflow| !workflow.is_empty());
    let Some(workflow) = workflow else {
        return Err(parameters.error(key, "`require>` needs the workflow to wait for"));
    };
    let requirement = Requirement {
        project: project(parameters)?,
        workflow,
        session_time: session_time(parameters)?,
        attempt_name: local_text(parameters, "retry_attempt_name")?.unwrap_or_default(),
        params: params(parameters)?,
        rerun_on: parameters
            .word("rerun_on", "`none`, `failed` or `all`")?
            .unwrap_or(RerunOn::None),
        ignore_failure: parameters.boolean("ignore_failure")?.unwrap_or(false),
    };
    refuse_own_session(parameters, key, &requirement)?;
    Ok(Control::Require(Box::new(requirement)))
}

/// digdag reads the project from the task itself: an `_export` above must not send all of a group's `require>` elsewhere.
fn project(parameters: &Parameters<'_>) -> Result<String, TaskError> {
    if is_local(parameters, "project_id") {
        let message = "projects have names here, and no numbers that stay; write `project_name: NAME` instead of `project_id`";
        return Err(parameters.error("project_id", message));
    }
    let name = local_text(parameters, "project_name")?;
    Ok(name.unwrap_or_else(|| parameters.attempt.started.project.clone()))
}

fn session_time(parameters: &Parameters<'_>) -> Result<Timestamp, TaskError> {
    let Some(text) = parameters.text("session_time")? else {
        return Ok(parameters.attempt.started.session_time);
    };
    text.trim().parse().map_err(|_| {
        let message = format!(
            "`session_time` must be a time with its offset, such as `2019-09-02T00:00:00+09:00`, not `{text}`; `moment(...).format()` writes one"
        );
        parameters.error("session_time", message)
    })
}

fn params(parameters: &Parameters<'_>) -> Result<Config, TaskError> {
    match parameters.get("params") {
        Some(_) => parameters.nested("params"),
        None => Ok(Config::new()),
    }
}

/// The session would wait for its own end.
fn refuse_own_session(
    parameters: &Parameters<'_>,
    key: &str,
    requirement: &Requirement,
) -> Result<(), TaskError> {
    let own = &parameters.attempt.started;
    if requirement.project != own.project
        || requirement.workflow != own.workflow
        || requirement.session_time != own.session_time
    {
        return Ok(());
    }
    let message = format!(
        "workflow `{}` requires its own session and would wait for ever; give another `session_time`, such as `${{last_session_time}}`",
        own.workflow
    );
    Err(parameters.error(key, message))
}

fn local_text(parameters: &Parameters<'_>, key: &str) -> Result<Option<String>, TaskError> {
    if is_local(parameters, key) { parameters.text(key) } else { Ok(None) }
}

/// Whether the task itself has the key.
fn is_local(parameters: &Parameters<'_>, key: &str) -> bool {
    match &parameters.task.definition.kind {
        TaskKind::Operator { config, .. } => config.contains_key(key),
        TaskKind::Group { .. } => false,
    }
}
