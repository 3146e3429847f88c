//! The file that says what goes wrong, in YAML or JSON.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::JOB;
use super::duration::Span;
use super::facts::{Facts, Wanted, fits};
use super::quota::Quotas;
use crate::error::{BqError, Reason};

/// Faults, latency and quotas.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Setup {
    /// Equal seeds give equal choices where a rule has a probability.
    pub(super) seed: u64,
    /// The first entry that fits a job counts.
    pub(super) latency: Vec<Latency>,
    /// Missing: a table takes as many changes as come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quotas: Option<Quotas>,
    /// The first rule that fits a call, and is not used up, counts.
    pub(super) rules: Vec<Rule>,
}

/// Why a setup could not be used.
#[derive(Debug, thiserror::Error)]
pub enum FaultsError {
    /// The file cannot be read.
    #[error("could not read the faults file `{}`", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The text has another shape.
    #[error("could not understand the faults: {0}")]
    Syntax(String),
    /// A rule says too little or too much.
    #[error("rule {number} of the faults {what}")]
    Rule {
        /// Counted from one.
        number: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// How long jobs wait beside their work.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Latency {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    #[serde(default)]
    pub(super) pending: Span,
    #[serde(default)]
    pub(super) running: Span,
}

/// One thing that goes wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rule {
    /// `jobs.insert`, `tables.*`; a word without a dot is a method of `jobs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    /// The next so many; missing: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<u64>,
    /// How likely it is met, from 0 to 1; missing: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) probability: Option<f64>,
    #[serde(default)]
    pub(super) delay: Span,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
    /// Whether the answer, or the end of the connection, comes in place of the effect or after it.
    #[serde(default)]
    when: Moment,
    /// Closes the connection without an answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    close: bool,
    /// Calls that do not find a job after its insert was answered with 409.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hide_after_conflict: Option<u64>,
    /// How long a job runs on after its cancel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) late_cancel: Option<Span>,
    /// How the job ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<End>,
}

/// When a fault comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Moment {
    /// The call has no effect.
    #[default]
    Before,
    /// The call has its effect, and the caller does not learn of it.
    After,
}

/// An answer in place of the real one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Missing: what BigQuery gives with this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default)]
    pub(crate) body: Body,
}

/// What an answer carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Body {
    /// Google's error object.
    #[default]
    Json,
    /// A page of a proxy.
    Html,
    /// Nothing.
    Empty,
}

/// How a job ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct End {
    reason: Reason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// What the caller meets.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    Answer(Answer, Moment),
    Close(Moment),
}

impl Setup {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FaultsError`], with the place.
    pub fn read(file: &Path) -> Result<Self, FaultsError> {
        let text = fs::read_to_string(file)
            .map_err(|source| FaultsError::Read { file: file.into(), source })?;
        Self::parse(&text)
    }

    /// Reads YAML, of which JSON is a part. An empty text is a setup without faults.
    ///
    /// # Errors
    /// [`FaultsError`], with the place.
    pub fn parse(text: &str) -> Result<Self, FaultsError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let setup: Self =
            serde_saphyr::from_str(text).map_err(|error| FaultsError::Syntax(error.to_string()))?;
        for (index, rule) in setup.rules.iter().enumerate() {
            rule.check().map_err(|what| FaultsError::Rule { number: index + 1, what })?;
        }
        Ok(setup)
    }
}

impl Latency {
    pub(super) fn wanted(&self) -> Wanted<'_> {
        let Self { job, label, table, .. } = self;
        Wanted { job: job.as_deref(), label: label.as_deref(), table: table.as_deref() }
    }
}

impl Rule {
    pub(super) fn wanted(&self) -> Wanted<'_> {
        let Self { job, label, table, .. } = self;
        Wanted { job: job.as_deref(), label: label.as_deref(), table: table.as_deref() }
    }

    /// Whether it is about calls of the REST interface.
    pub(super) fn is_about_calls(&self) -> bool {
        self.answer.is_some() || self.close || !self.delay.0.is_zero()
    }

    pub(super) fn covers(&self, method: &str) -> bool {
        self.method.as_deref().is_some_and(|pattern| match pattern.contains(['.', '*']) {
            true => fits(pattern, method),
            false => method.strip_prefix("jobs.").is_some_and(|word| word == pattern),
        })
    }

    pub(super) fn effect(&self) -> Option<Effect> {
        let answer = self.answer.clone().map(|answer| Effect::Answer(answer, self.when));
        answer.or_else(|| self.close.then_some(Effect::Close(self.when)))
    }

    fn check(&self) -> Result<(), &'static str> {
        let about_job =
            [self.hide_after_conflict.is_some(), self.late_cancel.is_some(), self.end.is_some()];
        let kinds = [self.answer.is_some(), self.close].into_iter().chain(about_job);
        let kinds = kinds.filter(|is| *is).count();
        if kinds > 1 {
            return Err(
                "has more than one of answer, close, end, lateCancel and hideAfterConflict",
            );
        }
        if kinds == 0 && self.delay.0.is_zero() {
            return Err("needs one of answer, close, delay, end, lateCancel and hideAfterConflict");
        }
        if self.is_about_calls() && self.method.is_none() {
            return Err("needs a method, such as insert, get, tables.* or *");
        }
        if about_job.contains(&true) && self.method.as_deref().is_some_and(|method| method != JOB) {
            return Err("is about a job itself: leave the method out");
        }
        let answer = self.answer.as_ref();
        if answer.is_some_and(|answer| !(200..600).contains(&answer.status)) {
            return Err("has an answer whose status is no HTTP status");
        }
        match self.probability {
            Some(probability) if !(0.0..=1.0).contains(&probability) => {
                Err("has a probability that is not between 0 and 1")
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Answer {
    /// The answer about a job that is not there.
    pub(super) fn not_found(facts: &Facts) -> Self {
        let job = facts.job.as_deref().unwrap_or_default();
        let message = format!("Not found: Job {}:{job}", facts.project);
        Self { status: 404, reason: None, message: Some(message), body: Body::Json }
    }

    /// The error object.
    pub(crate) fn json(&self) -> Value {
        let (reason, status) = match self.status {
            401 => ("authError", "UNAUTHENTICATED"),
            403 => ("rateLimitExceeded", "PERMISSION_DENIED"),
            404 => ("notFound", "NOT_FOUND"),
            409 => ("duplicate", "ALREADY_EXISTS"),
            412 => ("conditionNotMet", "FAILED_PRECONDITION"),
            429 => ("rateLimitExceeded", "RESOURCE_EXHAUSTED"),
            500 => ("internalError", "INTERNAL"),
            502 => ("badGateway", "UNAVAILABLE"),
            504 => ("backendError", "DEADLINE_EXCEEDED"),
            503 => ("backendError", "UNAVAILABLE"),
            _other => ("invalid", "INVALID_ARGUMENT"),
        };
        let reason = self.reason.as_deref().unwrap_or(reason);
        let message = self.message.clone();
        let message =
            message.unwrap_or_else(|| format!("A fault of the local warehouse: {reason}"));
        json!({ "error": {
            "code": self.status,
            "message": message,
            "status": status,
            "errors": [{ "domain": "global", "reason": reason, "message": message }],
        }})
    }
}

impl End {
    pub(super) fn error(&self) -> BqError {
        let message = self
            .message
            .clone()
            .unwrap_or_else(|| format!("A fault of the local warehouse: {}", self.reason.name()));
        BqError::new(self.reason, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_say_the_same() {
        let yaml = "rules:\n- method: insert\n  times: 2\n  answer: {status: 503, body: html}\n\
                    quotas: {tableUpdates: 3}\n";
        let json = r#"{"rules": [{"method": "insert", "times": 2,
                       "answer": {"status": 503, "body": "html"}}], "quotas": {"tableUpdates": 3}}"#;

        let (yaml, json) = (Setup::parse(yaml).unwrap(), Setup::parse(json).unwrap());

        assert_eq!(json!(yaml), json!(json));
        assert_eq!(yaml.quotas.unwrap().partitioned_table_updates, 50);
        assert!(Setup::parse("").unwrap().rules.is_empty());
    }

    #[test]
    fn a_rule_that_says_too_little_or_too_much_is_named() {
        for (rule, words) in [
            ("{method: insert}", "rule 1 of the faults needs one of answer"),
            ("{answer: {status: 503}}", "needs a method"),
            ("{method: get, close: true, answer: {status: 503}}", "more than one"),
            ("{method: get, end: {reason: backendError}}", "leave the method out"),
            ("{method: get, close: true, probability: 7}", "not between 0 and 1"),
            ("{method: get, answer: {status: 7}}", "no HTTP status"),
            ("{method: get, delay: soon}", "a span of time is needed"),
            ("{method: get, clsoe: true}", "clsoe"),
        ] {
            let error = Setup::parse(&format!("rules: [{rule}]")).unwrap_err().to_string();
            assert!(error.contains(words), "{rule}: {error}");
        }
    }

    #[test]
    fn a_method_without_a_dot_is_one_of_jobs() {
        let rule = |method: &str| {
            let text = format!("rules: [{{method: '{method}', close: true}}]");
            Setup::parse(&text).unwrap().rules.remove(0)
        };

        assert!(rule("insert").covers("jobs.insert"));
        assert!(!rule("insert").covers("tables.insert"));
        assert!(rule("tables.*").covers("tables.insert"));
        assert!(rule("*").covers("tabledata.list"));
    }
}
