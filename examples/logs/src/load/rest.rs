//! The few requests of BigQuery's REST API (version 2) that a load needs.

use std::time::{Duration, Instant};

use reqwest::{Body, Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::Destination;
use super::error::LoadError;
use super::upload::BOUNDARY;

/// A day of logs loads in seconds; a job that takes longer than this is stuck.
const JOB_WAIT: Duration = Duration::from_mins(10);

/// Between two looks at a job: short at first, as the local warehouse needs milliseconds.
const POLL_FIRST: Duration = Duration::from_millis(20);
const POLL_MAX: Duration = Duration::from_secs(1);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// No byte for so long means that nobody will answer any more.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// A client for one project.
pub(super) struct Rest {
    client: Client,
    base: String,
    project: String,
    location: Option<String>,
    token: Option<String>,
}

/// A submitted job.
pub(super) struct Job {
    id: String,
    location: Option<String>,
    resource: Value,
}

impl Rest {
    pub(super) fn new(destination: &Destination) -> Result<Self, LoadError> {
        let failed = |source| LoadError::Client { address: destination.address.clone(), source };
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build()
            .map_err(failed)?;
        client.get(&destination.address).build().map_err(failed)?;
        Ok(Self {
            client,
            base: destination.address.trim_end_matches('/').to_owned(),
            project: destination.project.clone(),
            location: destination.location.clone(),
            token: destination.token.clone(),
        })
    }

    pub(super) fn project(&self) -> &str {
        &self.project
    }

    /// Creates a dataset unless it exists.
    pub(super) async fn create_dataset(&self, dataset: &str) -> Result<(), LoadError> {
        let mut body = json!({
            "datasetReference": { "projectId": self.project, "datasetId": dataset },
        });
        if let Some(location) = &self.location {
            body["location"] = json!(location);
        }
        self.create("datasets", &body, &format!("create dataset `{dataset}`")).await
    }

    /// Creates an empty table with one partition per day, unless it exists. Its columns come with
    /// the first query that is written to it.
    pub(super) async fn create_daily_table(
        &self,
        dataset: &str,
        table: &str,
    ) -> Result<(), LoadError> {
        let body = json!({
            "tableReference": {
                "projectId": self.project, "datasetId": dataset, "tableId": table,
            },
            "timePartitioning": { "type": "DAY" },
        });
        let path = format!("datasets/{dataset}/tables");
        self.create(&path, &body, &format!("create table `{dataset}.{table}`")).await
    }

    /// Submits a load job with its rows.
    pub(super) async fn upload(&self, body: Body, doing: &str) -> Result<Job, LoadError> {
        let url = format!("{}/upload/bigquery/v2/projects/{}/jobs", self.base, self.project);
        let request = self
            .client
            .post(&url)
            .query(&[("uploadType", "multipart")])
            .header("content-type", format!("multipart/related; boundary={BOUNDARY}"))
            .body(body);
        let resource = self.answer(request, &url, doing).await?;
        let reference = &resource["jobReference"];
        Ok(Job {
            id: text(&reference["jobId"]),
            location: reference["location"].as_str().map(str::to_owned),
            resource,
        })
    }

    /// Returns when the job has succeeded.
    pub(super) async fn wait_until_done(&self, mut job: Job) -> Result<(), LoadError> {
        let url = format!("{}/bigquery/v2/projects/{}/jobs/{}", self.base, self.project, job.id);
        let started = Instant::now();
        let mut pause = POLL_FIRST;
        loop {
            let status = &job.resource["status"];
            if status["state"] == "DONE" {
                return outcome(&job.id, status);
            }
            if started.elapsed() > JOB_WAIT {
                let minutes = JOB_WAIT.as_secs() / 60;
                return Err(LoadError::JobTooSlow {
                    state: text(&status["state"]),
                    job: job.id,
                    minutes,
                    url,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(POLL_MAX);
            let mut request = self.client.get(&url);
            if let Some(location) = &job.location {
                request = request.query(&[("location", location)]);
            }
            job.resource = self.answer(request, &url, &format!("look at job `{}`", job.id)).await?;
        }
    }

    async fn create(&self, path: &str, body: &Value, doing: &str) -> Result<(), LoadError> {
        let url = format!("{}/bigquery/v2/projects/{}/{path}", self.base, self.project);
        match self.answer(self.client.post(&url).json(body), &url, doing).await {
            Err(LoadError::Refused { status: 409, .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    async fn answer(
        &self,
        request: RequestBuilder,
        url: &str,
        doing: &str,
    ) -> Result<Value, LoadError> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let unreachable = |source: reqwest::Error| LoadError::Unreachable {
            doing: doing.to_owned(),
            url: url.to_owned(),
            // The address is in the message already.
            source: source.without_url(),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        match serde_json::from_slice::<Value>(&body) {
            Ok(value) if status.is_success() && value.is_object() => Ok(value),
            Ok(value) if value["error"].is_object() => {
                Err(refused(status, &value["error"], url, doing))
            }
            Ok(_) | Err(_) => Err(LoadError::Unreadable {
                doing: doing.to_owned(),
                url: url.to_owned(),
                status: status.as_u16(),
            }),
        }
    }
}

fn refused(status: StatusCode, error: &Value, url: &str, doing: &str) -> LoadError {
    let cure = match status.as_u16() {
        401 | 403 => "; check the token and the project's permissions",
        404 => "; check the project's name",
        429 | 500..=599 => "; try again in a minute",
        _ => "",
    };
    LoadError::Refused {
        doing: doing.to_owned(),
        url: url.to_owned(),
        status: status.as_u16(),
        reason: text(&error["errors"][0]["reason"]),
        message: text(&error["message"]),
        cure,
    }
}

fn outcome(job: &str, status: &Value) -> Result<(), LoadError> {
    let error = &status["errorResult"];
    if error.is_null() {
        return Ok(());
    }
    Err(LoadError::JobFailed {
        job: job.to_owned(),
        reason: text(&error["reason"]),
        message: text(&error["message"]),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("unknown").to_owned()
}
