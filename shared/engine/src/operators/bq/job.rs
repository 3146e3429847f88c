//! What every job has: a place, an id that is known before, labels, limits.

use std::collections::BTreeMap;

use himekuri_protocol::{JobIdentity, JobLimits, JobReference, TaskError, TryNo, fingerprint};
use serde::Serialize;
use serde_json::Value;

use super::super::{Parameters, config_error, timeout};

/// Labels have at most 63 characters (BigQuery "Requirements for labels").
const LABEL_MAX: usize = 63;

/// Labels of one job (the same page).
const LABELS_MAX: usize = 64;

/// Ours begin so.
const OWN_PREFIX: &str = "himekuri_";

/// How much longer than the task's `timeout` BigQuery lets the job run: the coordinator ends it at the `timeout`, and this
/// is for the case that nobody is there to do so.
const GRACE_MS: u64 = 60_000;

/// Fingerprint, id and labels of a job.
pub(super) struct Identity {
    pub(super) fingerprint: String,
    pub(super) job_id: String,
    pub(super) labels: BTreeMap<String, String>,
}

/// Where the job runs. Its id comes later, when it is known what it does.
pub(super) fn place(parameters: &Parameters<'_>) -> Result<JobReference, TaskError> {
    Ok(JobReference {
        project: parameters.attempt.started.gcp_project.clone(),
        location: parameters.text("location")?,
        job_id: String::new(),
    })
}

/// `timeout` and `reservation`.
pub(super) fn limits(parameters: &Parameters<'_>) -> Result<JobLimits, TaskError> {
    let timeout = timeout(parameters)?;
    let timeout_ms = timeout.and_then(|timeout| u64::try_from(timeout.as_millis()).ok());
    Ok(JobLimits {
        timeout_ms: timeout_ms.map(|timeout| timeout.saturating_add(GRACE_MS)),
        reservation: parameters.own_text("reservation")?,
    })
}

/// Names a job after all that it does, which is `job` with neither id nor labels.
pub(super) fn identify(
    parameters: &Parameters<'_>,
    try_no: TryNo,
    job: &impl Serialize,
) -> Result<Identity, TaskError> {
    let started = &parameters.attempt.started;
    let text = serde_json::to_string(job)
        .map_err(|error| config_error(format!("could not write the job as JSON: {error}")))?;
    let fingerprint = fingerprint([text.as_str()]);
    let identity = JobIdentity {
        project: &started.project,
        workflow: &started.workflow,
        session_time: started.session_time,
        task_name: &parameters.task.full_name,
        fingerprint: &fingerprint,
        attempt_number: started.number,
        try_no,
    };
    let job_id = identity.job_id();
    let labels = labels(parameters, &fingerprint)?;
    Ok(Identity { fingerprint, job_id, labels })
}

fn labels(
    parameters: &Parameters<'_>,
    fingerprint: &str,
) -> Result<BTreeMap<String, String>, TaskError> {
    let started = &parameters.attempt.started;
    let session = match started.variables.get("session_date") {
        Some(Value::String(date)) => date.clone(),
        Some(_) | None => started.session_time.to_string(),
    };
    let own = [
        ("himekuri_project", label(&started.project)),
        ("himekuri_workflow", label(&started.workflow)),
        ("himekuri_session", label(&session)),
        ("himekuri_attempt", started.number.to_string()),
        ("himekuri_task", label(&parameters.task.full_name)),
        ("himekuri_fingerprint", fingerprint.to_owned()),
    ];
    let mut labels = user_labels(parameters)?;
    labels.extend(own.into_iter().map(|(key, value)| (key.to_owned(), value)));
    if labels.len() > LABELS_MAX {
        let message = format!(
            "a job has at most {LABELS_MAX} labels, and with Himekuri's own these are {}",
            labels.len()
        );
        return Err(parameters.error("labels", message));
    }
    Ok(labels)
}

/// `labels`, as they are written: a label that was changed on the way would be missed in the billing export.
fn user_labels(parameters: &Parameters<'_>) -> Result<BTreeMap<String, String>, TaskError> {
    let Some(value) = parameters.own("labels") else { return Ok(BTreeMap::new()) };
    let Value::Object(given) = value else {
        return Err(
            parameters.error("labels", "`labels` must be a mapping, such as `{team: data}`")
        );
    };
    let mut labels = BTreeMap::new();
    for (key, value) in given {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null => String::new(),
            Value::Array(_) | Value::Object(_) => {
                return Err(parameters.error("labels", format!("label `{key}` must be a text")));
            }
        };
        if key.starts_with(OWN_PREFIX) {
            let message =
                format!("label `{key}`: names that begin with `{OWN_PREFIX}` are Himekuri's own");
            return Err(parameters.error("labels", message));
        }
        let begins = key.chars().next().is_some_and(char::is_lowercase);
        if !begins || !is_label(key) || !is_label(&value) {
            let message = format!(
                "label `{key}: {value}`: keys and values have at most {LABEL_MAX} lower case letters, digits, `_` and `-`, and a key begins with a letter"
            );
            return Err(parameters.error("labels", message));
        }
        labels.insert(key.clone(), value);
    }
    Ok(labels)
}

fn is_label(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '_' | '-');
    text.chars().count() <= LABEL_MAX && text.chars().all(allowed)
}

/// A text as a label's value: lower case letters, digits, `_` and `-`. Of a long text the end is kept: it tells
/// tasks apart.
fn label(text: &str) -> String {
    let lower = text.to_lowercase();
    let cut = lower.chars().count().saturating_sub(LABEL_MAX);
    lower
        .chars()
        .skip(cut)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_keeps_the_end_of_a_long_name_within_63_characters() {
        let name = format!("+Summary{}^sub+loop-3", "x".repeat(80));

        let label = label(&name);

        assert_eq!(label.len(), LABEL_MAX);
        assert!(label.ends_with("_sub_loop-3"), "{label}");
    }
}
