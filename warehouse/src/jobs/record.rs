//! The persistent record of a job, and the `Job` resource that callers see.

use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::BqError;
use crate::ids::TableId;
use crate::schema::Field;
use crate::statements::Effect;

/// What makes a job unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct JobKey {
    pub(crate) project: String,
    /// Upper case, as in `US` or `ASIA-NORTHEAST1`.
    pub(crate) location: String,
    pub(crate) job_id: String,
}

impl std::fmt::Display for JobKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}.{}", self.project, self.location, self.job_id)
    }
}

/// Who every job belongs to: an address that no mail reaches.
const USER: &str = "local@himekuri.invalid";

/// How much of a job a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Projection {
    /// All.
    Full,
    /// All but the configuration.
    Minimal,
}

/// A job from insertion on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    pub(crate) key: JobKey,
    /// As sent by the caller.
    pub(crate) configuration: Value,
    pub(crate) created_ms: i64,
    pub(crate) state: JobState,
    /// The job that made this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    /// `jobs.delete`: nobody sees it any more, and its id stays used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) deleted: bool,
}

/// How far a job is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum JobState {
    /// Waiting for a free slot.
    Pending,
    /// A slot is working on it.
    Running { started_ms: i64 },
    /// Over; the next start of the warehouse still knows it.
    Done { started_ms: i64, ended_ms: i64, outcome: Outcome },
}

/// How a job ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// With rows.
    Success(Output),
    /// Without any change of data.
    Failure(BqError),
}

/// What a successful job leaves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Output {
    pub(crate) fields: Vec<Field>,
    /// Rows written or selected.
    pub(crate) rows: i64,
    /// Bytes of the columns that a query touches.
    pub(crate) bytes: i64,
    /// Where the rows are: DuckDB's FROM text.
    pub(crate) from: String,
    /// The hidden table of a query without destination.
    pub(crate) anonymous: Option<TableId>,
    /// Files that were read or written.
    #[serde(default)]
    pub(crate) files: i64,
    /// Rows that a load left out.
    #[serde(default)]
    pub(crate) bad_rows: i64,
    /// What the statement did; without a name for a SELECT.
    #[serde(default)]
    pub(crate) effect: Box<Effect>,
}

impl JobRecord {
    /// The output of a successful job.
    pub(crate) fn output(&self) -> Option<&Output> {
        match &self.state {
            JobState::Done { outcome: Outcome::Success(output), .. } => Some(output),
            JobState::Done { outcome: Outcome::Failure(_), .. }
            | JobState::Pending
            | JobState::Running { .. } => None,
        }
    }

    /// The error of a failed job.
    pub(crate) fn error(&self) -> Option<&BqError> {
        match &self.state {
            JobState::Done { outcome: Outcome::Failure(error), .. } => Some(error),
            JobState::Done { outcome: Outcome::Success(_), .. }
            | JobState::Pending
            | JobState::Running { .. } => None,
        }
    }

    /// Whether the job is over.
    pub(crate) fn is_done(&self) -> bool {
        match self.state {
            JobState::Done { .. } => true,
            JobState::Pending | JobState::Running { .. } => false,
        }
    }

    /// `jobReference`.
    pub(crate) fn reference(&self) -> Value {
        json!({
            "projectId": self.key.project,
            "jobId": self.key.job_id,
            "location": self.key.location,
        })
    }

    /// The `Job` resource.
    pub(crate) fn resource(&self) -> Value {
        let JobKey { project, location, job_id } = &self.key;
        json!({
            "kind": "bigquery#job",
            "etag": format!("{job_id}-{}", self.state_name()),
            "id": self.key.to_string(),
            "selfLink": format!("/bigquery/v2/projects/{project}/jobs/{job_id}?location={location}"),
            "user_email": USER,
            "jobReference": self.reference(),
            "configuration": self.full_configuration(),
            "status": self.status(),
            "statistics": self.statistics(),
        })
    }

    /// The entry of a list: with the state beside the resource, and without the configuration unless all is asked for.
    pub(crate) fn entry(&self, projection: Projection) -> Value {
        let mut entry = json!({
            "kind": "bigquery#job",
            "id": self.key.to_string(),
            "jobReference": self.reference(),
            "state": self.state_name(),
            "status": self.status(),
            "statistics": self.statistics(),
            "user_email": USER,
        });
        if let Some(error) = self.error() {
            entry["errorResult"] = error.proto();
        }
        match projection {
            Projection::Full => entry["configuration"] = self.full_configuration(),
            Projection::Minimal => {}
        }
        entry
    }

    fn full_configuration(&self) -> Value {
        let mut configuration = self.configuration.clone();
        if configuration["query"].is_object() {
            configuration["jobType"] = json!("QUERY");
            if let Some(anonymous) = self.output().and_then(|output| output.anonymous.as_ref()) {
                configuration["query"]["destinationTable"] = json!(anonymous);
            }
        } else {
            for (key, name) in [("load", "LOAD"), ("copy", "COPY"), ("extract", "EXTRACT")] {
                if configuration[key].is_object() {
                    configuration["jobType"] = json!(name);
                }
            }
        }
        configuration
    }

    /// `PENDING`, `RUNNING` or `DONE`.
    pub(crate) fn state_name(&self) -> &'static str {
        match self.state {
            JobState::Pending => "PENDING",
            JobState::Running { .. } => "RUNNING",
            JobState::Done { .. } => "DONE",
        }
    }

    fn status(&self) -> Value {
        match self.error() {
            Some(error) => json!({
                "state": "DONE",
                "errorResult": error.proto(),
                "errors": [error.proto()],
            }),
            None => json!({ "state": self.state_name() }),
        }
    }

    fn statistics(&self) -> Value {
        // Google writes 64-bit numbers as text.
        let mut statistics = json!({ "creationTime": self.created_ms.to_string() });
        if let Some(parent) = &self.parent {
            statistics["parentJobId"] = json!(parent);
        }
        if let Some(reservation) = self.configuration["reservation"].as_str() {
            statistics["reservation_id"] = json!(reservation);
        }
        match self.state {
            JobState::Pending => {}
            JobState::Running { started_ms } => {
                statistics["startTime"] = json!(started_ms.to_string());
            }
            JobState::Done { started_ms, ended_ms, .. } => {
                statistics["startTime"] = json!(started_ms.to_string());
                statistics["endTime"] = json!(ended_ms.to_string());
                statistics["totalSlotMs"] = json!((ended_ms - started_ms).to_string());
            }
        }
        let Some(output) = self.output() else {
            return statistics;
        };
        let (rows, bytes) = (output.rows.to_string(), output.bytes.to_string());
        let files = output.files.to_string();
        if self.configuration["load"].is_object() {
            statistics["load"] = json!({
                "inputFiles": files,
                "inputFileBytes": bytes,
                "outputRows": rows,
                "outputBytes": bytes,
                "badRecords": output.bad_rows.to_string(),
            });
        } else if self.configuration["copy"].is_object() {
            statistics["copy"] = json!({ "copiedRows": rows, "copiedLogicalBytes": bytes });
        } else if self.configuration["extract"].is_object() {
            statistics["extract"] =
                json!({ "destinationUriFileCounts": [files], "inputBytes": bytes });
        } else {
            statistics["totalBytesProcessed"] = json!(bytes);
            statistics["query"] = query_statistics(&self.configuration, output);
            statistics["query"]["totalSlotMs"] = statistics["totalSlotMs"].clone();
            if output.effect.children > 0 {
                statistics["numChildJobs"] = json!(output.effect.children.to_string());
            }
        }
        statistics
    }
}

fn query_statistics(configuration: &Value, output: &Output) -> Value {
    let bytes = output.bytes.to_string();
    let effect = &output.effect;
    let mut statistics = json!({
        "statementType": match effect.statement.as_str() {
            "" => statement_type(configuration),
            statement => statement,
        },
        "totalBytesProcessed": bytes,
        "totalBytesBilled": bytes,
        "cacheHit": false,
        "schema": { "fields": output.fields },
    });
    if let Some(rows) = &effect.rows {
        statistics["numDmlAffectedRows"] = json!(rows.total().to_string());
        statistics["dmlStats"] = rows.resource();
    }
    if let Some((operation, table)) = &effect.definition
        && effect.statement != "SCRIPT"
    {
        statistics["ddlOperationPerformed"] = json!(operation);
        if let Some(table) = table {
            statistics["ddlTargetTable"] = json!(table);
        }
    }
    statistics
}

fn statement_type(configuration: &Value) -> &'static str {
    let text = configuration["query"]["query"].as_str().unwrap_or_default().trim_start();
    let creates = text.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("create"));
    if creates { "CREATE_TABLE_AS_SELECT" } else { "SELECT" }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}
