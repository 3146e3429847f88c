//! The shapes of digdag's answers, named as its client library names them (`io.digdag.client.api.Rest*`). Ids are texts there.

use himekuri_engine::Config;
use himekuri_protocol::JobStatistics;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// What a caller gets in place of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestError {
    /// What is wrong, and what to do.
    pub(super) message: String,
    /// The status.
    pub(super) status: u16,
}

/// Answers that every request may have; as elsewhere, but in digdag's form.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the description of the API")]
pub(super) enum Errors {
    /// The request is not as it must be.
    #[response(status = 400)]
    BadRequest(#[to_schema] RestError),
    /// The caller did not say who they are, or is not known.
    #[response(status = 401)]
    Unknown(#[to_schema] RestError),
    /// The caller may not do this, or not with this title.
    #[response(status = 403)]
    Refused(#[to_schema] RestError),
    /// There is no such thing.
    #[response(status = 404)]
    NotFound(#[to_schema] RestError),
    /// The path knows other methods.
    #[response(status = 405)]
    Method(#[to_schema] RestError),
    /// The request was not here in time.
    #[response(status = 408)]
    TooSlow(#[to_schema] RestError),
    /// Something is as it is, and does not allow this.
    #[response(status = 409)]
    Conflict(#[to_schema] RestError),
    /// The request is too large.
    #[response(status = 413)]
    TooLarge(#[to_schema] RestError),
    /// The body is not JSON, or is not said to be.
    #[response(status = 415)]
    NotJson(#[to_schema] RestError),
    /// The request can be read, and cannot be carried out.
    #[response(status = 422)]
    Invalid(#[to_schema] RestError),
    /// The caller asks too often.
    #[response(status = 429)]
    TooMany(#[to_schema] RestError),
    /// Nobody leads at the moment, or a server of the pool does not answer: ask again.
    #[response(status = 503)]
    Passing(#[to_schema] RestError),
}

/// digdag's version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestVersion {
    pub(super) version: &'static str,
}

/// Whether a client fits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestVersionCheckResult {
    pub(super) server_version: &'static str,
    pub(super) upgrade_recommended: bool,
    pub(super) api_compatible: bool,
}

/// A thing that has a name of its own.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct IdAndName {
    pub(super) id: String,
    pub(super) name: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestProject {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) revision: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) archive_type: &'static str,
    pub(super) archive_md5: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestProjectCollection {
    pub(super) projects: Vec<RestProject>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestRevision {
    pub(super) revision: String,
    pub(super) created_at: Timestamp,
    pub(super) archive_type: &'static str,
    pub(super) archive_md5: Option<String>,
    #[schema(value_type = Object)]
    pub(super) user_info: Config,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestRevisionCollection {
    pub(super) revisions: Vec<RestRevision>,
}

/// A workflow of a revision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestWorkflowDefinition {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) project: IdAndName,
    pub(super) revision: String,
    pub(super) timezone: String,
    /// Empty: the files say it.
    #[schema(value_type = Object)]
    pub(super) config: Config,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestWorkflowDefinitionCollection {
    pub(super) workflows: Vec<RestWorkflowDefinition>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestWorkflowSessionTime {
    pub(super) project: IdAndName,
    pub(super) revision: String,
    /// With the offset of the workflow's zone.
    pub(super) session_time: String,
    pub(super) timezone: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestSchedule {
    pub(super) id: String,
    pub(super) project: IdAndName,
    pub(super) workflow: IdAndName,
    pub(super) next_run_time: Option<Timestamp>,
    /// With the offset of the workflow's zone.
    pub(super) next_schedule_time: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) disabled_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestScheduleCollection {
    pub(super) schedules: Vec<RestSchedule>,
}

/// What a backfill runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestScheduleAttemptCollection {
    pub(super) id: String,
    pub(super) project: IdAndName,
    pub(super) workflow: IdAndName,
    pub(super) attempts: Vec<RestSessionAttempt>,
}

/// An attempt within its session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LastAttempt {
    pub(super) id: String,
    /// Its number in the session.
    pub(super) index: Option<u32>,
    pub(super) retry_attempt_name: Option<String>,
    pub(super) done: bool,
    pub(super) success: bool,
    pub(super) cancel_requested: bool,
    #[schema(value_type = Object)]
    pub(super) params: Config,
    pub(super) created_at: Timestamp,
    pub(super) finished_at: Option<Timestamp>,
    /// `running`, `canceling`, `success`, `error` or `canceled`.
    pub(super) status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestSessionAttempt {
    #[serde(flatten)]
    pub(super) attempt: LastAttempt,
    pub(super) project: IdAndName,
    pub(super) workflow: IdAndName,
    pub(super) session_id: String,
    pub(super) session_uuid: String,
    pub(super) session_time: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestSessionAttemptCollection {
    pub(super) attempts: Vec<RestSessionAttempt>,
}

/// The attempt that has the name already, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "for the description of the API")]
pub(super) enum StartConflict {
    Attempt(Box<RestSessionAttempt>),
    Error(RestError),
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestSession {
    pub(super) id: String,
    pub(super) project: IdAndName,
    pub(super) workflow: IdAndName,
    pub(super) session_uuid: String,
    pub(super) session_time: String,
    pub(super) last_attempt: LastAttempt,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestSessionCollection {
    pub(super) sessions: Vec<RestSession>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestTask {
    pub(super) id: String,
    pub(super) full_name: String,
    pub(super) parent_id: Option<String>,
    pub(super) config: TaskConfig,
    pub(super) upstreams: Vec<String>,
    pub(super) state: String,
    pub(super) cancel_requested: bool,
    #[schema(value_type = Object)]
    pub(super) export_params: Config,
    #[schema(value_type = Object)]
    pub(super) store_params: Config,
    pub(super) state_params: TaskWork,
    pub(super) updated_at: Timestamp,
    pub(super) retry_at: Option<Timestamp>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) error: TaskFailure,
    pub(super) is_group: bool,
}

/// What kind of task it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskConfig {
    /// The operator; none of a group.
    #[serde(rename = "_type", skip_serializing_if = "Option::is_none")]
    pub(super) operator: Option<String>,
}

/// What a task writes, and what its job took.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskWork {
    pub(super) destination: Option<String>,
    pub(super) job: Option<JobStatistics>,
}

/// Why a task failed, if it did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskFailure {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestTaskCollection {
    pub(super) tasks: Vec<RestTask>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestLogFileHandle {
    pub(super) file_name: String,
    pub(super) file_size: usize,
    pub(super) task_name: String,
    pub(super) file_time: Option<Timestamp>,
    pub(super) agent_id: &'static str,
    /// Always `null`: the file is fetched from here.
    pub(super) direct: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestLogFileHandleCollection {
    pub(super) files: Vec<RestLogFileHandle>,
}
