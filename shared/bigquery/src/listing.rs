//! Many jobs with few calls (REST, `jobs.list`; decision 0020).

use std::collections::HashMap;
use std::time::Duration;

use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::{JobReference, TableReference};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::answer::{Answer, Why};
use crate::call::Call;
use crate::client::{BigQuery, until_clear};
use crate::state::JobState;

/// Jobs on a page of those that run: names and times only.
const PAGE: usize = 1_000;

/// Jobs on a page of those that have ended, which come whole, with their SQL.
const WHOLE_PAGE: usize = 200;

/// Pages that are read at most; more are the jobs of somebody else.
const PAGES_MAX: usize = 50;

/// Times of creation, milliseconds since 1970, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    /// Of the oldest job.
    pub from: i64,
    /// Of the youngest.
    pub to: i64,
}

/// What is needed of a job that writes: its SQL may be a megabyte ("Partial responses" in Google's API guide).
const WRITER_FIELDS: &str = "nextPageToken,jobs(jobReference,configuration(labels,query/destinationTable,load/destinationTable))";

/// A job of a pool that is PENDING or RUNNING, and what it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The job.
    pub job: JobReference,
    /// Table or partition.
    pub destination: TableReference,
}

/// One page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    jobs: Vec<Value>,
    next_page_token: Option<String>,
}

impl BigQuery {
    /// The jobs of a GCP project that are PENDING or RUNNING, with their times of creation.
    ///
    /// # Errors
    /// No list, for whatever reason: the jobs must be asked for one by one.
    pub async fn running(
        &self,
        project: &str,
        patience: Duration,
    ) -> Result<HashMap<String, i64>, Answer> {
        let list = Call::bigquery(Method::GET, ["projects", project, "jobs"])
            .query("maxResults", PAGE.to_string())
            .query("projection", "minimal")
            .query("stateFilter", "pending")
            .query("stateFilter", "running");
        let mut running = HashMap::new();
        self.pages(project, list, patience, |job| {
            let id = job.pointer("/jobReference/jobId").and_then(Value::as_str);
            let created = job.pointer("/statistics/creationTime").and_then(Value::as_str);
            if let Some(id) = id {
                let created = created.and_then(|text| text.parse().ok()).unwrap_or_default();
                running.insert(id.to_owned(), created);
            }
        })
        .await?;
        Ok(running)
    }

    /// The jobs of pools in a GCP project that are PENDING or RUNNING and write a table.
    ///
    /// # Errors
    /// As [`Self::running`].
    pub async fn writers(&self, project: &str, patience: Duration) -> Result<Vec<Writer>, Answer> {
        let list = Call::bigquery(Method::GET, ["projects", project, "jobs"])
            .query("maxResults", PAGE.to_string())
            .query("projection", "full")
            .query("stateFilter", "pending")
            .query("stateFilter", "running")
            .query("fields", WRITER_FIELDS);
        let mut writers = Vec::new();
        self.pages(project, list, patience, |job| {
            writers.extend(writer(&job, project));
        })
        .await?;
        Ok(writers)
    }

    /// The jobs of a GCP project that were created then and are DONE, by id.
    ///
    /// # Errors
    /// As [`Self::running`].
    pub async fn ended(
        &self,
        project: &str,
        created: Created,
        patience: Duration,
    ) -> Result<HashMap<String, JobState>, Answer> {
        let list = Call::bigquery(Method::GET, ["projects", project, "jobs"])
            .query("maxResults", WHOLE_PAGE.to_string())
            .query("projection", "full")
            .query("stateFilter", "done")
            .query("minCreationTime", created.from.to_string())
            .query("maxCreationTime", created.to.to_string());
        let mut ended = HashMap::new();
        self.pages(project, list, patience, |job| {
            let Ok(job) = serde_json::from_value::<Job>(job) else { return };
            let named = job.job_reference.as_ref().and_then(|named| named.job_id.clone());
            if let Some(job_id) = named {
                let asked =
                    JobReference { project: Some(project.to_owned()), location: None, job_id };
                ended.insert(asked.job_id.clone(), JobState::of(&job, &asked));
            }
        })
        .await?;
        Ok(ended)
    }

    async fn pages(
        &self,
        project: &str,
        list: Call,
        patience: Duration,
        mut job: impl FnMut(Value),
    ) -> Result<(), Answer> {
        let mut next: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let call = match &next {
                Some(token) => list.clone().query("pageToken", token),
                None => list.clone(),
            };
            let ask = || self.jobs.call(project, call.clone());
            let answer = until_clear(patience, "the jobs that run", ask).await?;
            let page: Page = serde_json::from_value(answer).map_err(|error| unreadable(&error))?;
            page.jobs.into_iter().for_each(&mut job);
            next = page.next_page_token;
            if next.is_none() {
                return Ok(());
            }
        }
        let message = format!("more than {PAGES_MAX} pages of jobs");
        Err(Answer::Rejected(Why { reason: "tooMany".to_owned(), message }))
    }
}

/// What a job of a pool writes; nothing for others.
fn writer(job: &Value, project: &str) -> Option<Writer> {
    let text = |pointer: &str| job.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned);
    text("/configuration/labels/himekuri_project")?;
    let destination = ["query", "load"].into_iter().find_map(|kind| {
        let part = |name: &str| text(&format!("/configuration/{kind}/destinationTable/{name}"));
        let table_id = part("tableId")?;
        let (table, partition) = match table_id.split_once('$') {
            Some((table, digits)) => (table.to_owned(), Some(digits.to_owned())),
            None => (table_id, None),
        };
        let dataset = part("datasetId")?;
        Some(TableReference { project: part("projectId"), dataset, table, partition })
    })?;
    let job = JobReference {
        project: Some(project.to_owned()),
        location: text("/jobReference/location"),
        job_id: text("/jobReference/jobId")?,
    };
    Some(Writer { job, destination: destination.in_project(project) })
}

fn unreadable(error: &serde_json::Error) -> Answer {
    let message = format!("BigQuery's list of jobs cannot be read: {error}");
    Answer::Rejected(Why { reason: "client".to_owned(), message })
}
