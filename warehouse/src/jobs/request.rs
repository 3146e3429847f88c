//! What a caller asks for with `jobs.insert`.

use std::time::Duration;

use serde_json::Value;

use crate::error::BqError;

/// A job that a caller asks for.
pub(crate) struct Request {
    pub(crate) project: String,
    /// Chosen by the caller, else made up.
    pub(crate) job_id: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) configuration: Value,
    /// The rows of a load job.
    pub(crate) upload: Option<Vec<u8>>,
}

impl Request {
    /// Reads a `Job` resource.
    ///
    /// # Errors
    /// `invalid` when the reference names another project or an impossible id.
    pub(crate) fn parse(project: &str, job: &Value) -> Result<Self, BqError> {
        let reference = &job["jobReference"];
        let text = |key: &str| reference[key].as_str().filter(|text| !text.is_empty());
        if text("projectId").is_some_and(|other| other != project) {
            return Err(BqError::invalid(
                "Invalid project ID in jobReference: it differs from the URL's",
            ));
        }
        let job_id = text("jobId").map(str::to_owned);
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if job_id.as_ref().is_some_and(|id| id.len() > 1024 || !id.chars().all(allowed)) {
            return Err(BqError::invalid(
                "Invalid job ID. Job IDs must be alphanumeric (plus underscores and dashes) and must \
                 be at most 1024 characters long.",
            ));
        }
        Ok(Self {
            project: project.into(),
            job_id,
            location: text("location").map(str::to_owned),
            configuration: job["configuration"].clone(),
            upload: None,
        })
    }

    /// `jobTimeoutMs`, a number written as text.
    ///
    /// # Errors
    /// `invalid` for anything else.
    pub(crate) fn timeout(&self) -> Result<Option<Duration>, BqError> {
        let value = &self.configuration["jobTimeoutMs"];
        if value.is_null() {
            return Ok(None);
        }
        let millis = value.as_str().map_or_else(|| value.as_u64(), |text| text.parse().ok());
        millis
            .map(|millis| Some(Duration::from_millis(millis)))
            .ok_or_else(|| BqError::invalid(format!("Invalid value for: jobTimeoutMs: {value}")))
    }
}
