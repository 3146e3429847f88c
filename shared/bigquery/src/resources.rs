//! Tables, datasets and objects: made, deleted, looked for.

use std::time::Duration;

use himekuri_protocol::{
    DatasetReference, DdlOperation, ObjectWait, TableReference, TableWait, TaskError,
};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Why};
use crate::call::Call;
use crate::client::{BigQuery, until_clear};
use crate::convert;
use crate::error::JobError;

impl BigQuery {
    /// One operation of a `bq_ddl>`, with the credentials of `project`. What is there already, or gone already, is left so: a
    /// repetition after a lost answer is no failure (digdag `BqDdlOperatorFactory`).
    ///
    /// # Errors
    /// Refused, or no clear answer within `patience`.
    pub async fn perform(
        &self,
        project: Option<&str>,
        operation: &DdlOperation,
        patience: Duration,
    ) -> Result<(), JobError> {
        let own = named(project)?;
        match operation {
            DdlOperation::DeleteDataset { dataset } => {
                self.delete(own, of_dataset(dataset, own), patience).await
            }
            DdlOperation::EmptyDataset { dataset, resource } => {
                self.delete(own, of_dataset(dataset, own), patience).await?;
                self.create(own, new_dataset(dataset, own, resource), patience).await
            }
            DdlOperation::CreateDataset { dataset, resource } => {
                self.create(own, new_dataset(dataset, own, resource), patience).await
            }
            DdlOperation::DeleteTable { table } => {
                self.delete(own, of_table(table, own, Method::DELETE), patience).await
            }
            DdlOperation::EmptyTable { table, resource } => {
                self.delete(own, of_table(table, own, Method::DELETE), patience).await?;
                self.create(own, new_table(table, own, resource), patience).await
            }
            DdlOperation::CreateTable { table, resource } => {
                self.create(own, new_table(table, own, resource), patience).await
            }
        }
    }

    /// Whether a table or view is there (`tables.get`); a partition is there when it has rows.
    ///
    /// # Errors
    /// Refused, or no clear answer within `patience`.
    pub async fn has_table(&self, wait: &TableWait, patience: Duration) -> Result<bool, JobError> {
        let own = named(wait.project.as_deref())?;
        let call = of_table(&wait.table, own, Method::GET);
        let found = self.look_for(own, &call, &wait.table.to_string(), patience).await?;
        Ok(found.is_some_and(|table| wait.table.partition.is_none() || has_rows(&table)))
    }

    /// What Cloud Storage says of an object (`objects.get`), if it is there.
    ///
    /// # Errors
    /// Refused, or no clear answer within `patience`.
    pub async fn object(
        &self,
        wait: &ObjectWait,
        patience: Duration,
    ) -> Result<Option<Value>, JobError> {
        let own = named(wait.project.as_deref())?;
        let call = Call::storage(["b", &wait.bucket, "o", &wait.object]);
        let what = format!("gs://{}/{}", wait.bucket, wait.object);
        self.look_for(own, &call, &what, patience).await
    }

    async fn look_for(
        &self,
        project: &str,
        call: &Call,
        what: &str,
        patience: Duration,
    ) -> Result<Option<Value>, JobError> {
        let ask = || self.jobs.call(project, call.clone());
        match until_clear(patience, what, ask).await {
            Ok(found) => Ok(Some(found)),
            Err(Answer::NotFound(_)) => Ok(None),
            Err(answer) => Err(failed(what, answer)),
        }
    }

    async fn create(&self, project: &str, call: Call, patience: Duration) -> Result<(), JobError> {
        let what = call.path.join("/");
        let ask = || self.jobs.call(project, call.clone());
        match until_clear(patience, &what, ask).await {
            Ok(_) | Err(Answer::AlreadyExists(_)) => Ok(()),
            Err(answer) => Err(failed(&what, answer)),
        }
    }

    async fn delete(&self, project: &str, call: Call, patience: Duration) -> Result<(), JobError> {
        let what = call.path.join("/");
        let ask = || self.jobs.call(project, call.clone());
        match until_clear(patience, &what, ask).await {
            Ok(_) | Err(Answer::NotFound(_)) => Ok(()),
            Err(answer) => Err(failed(&what, answer)),
        }
    }
}

fn of_dataset(dataset: &DatasetReference, own: &str) -> Call {
    let project = dataset.project.as_deref().unwrap_or(own);
    Call::bigquery(Method::DELETE, ["projects", project, "datasets", &dataset.dataset])
        .query("deleteContents", "true")
}

fn new_dataset(dataset: &DatasetReference, own: &str, resource: &Map<String, Value>) -> Call {
    let project = dataset.project.as_deref().unwrap_or(own);
    let reference = json!({"projectId": project, "datasetId": dataset.dataset});
    let mut body = resource.clone();
    body.insert("datasetReference".to_owned(), reference);
    Call::bigquery(Method::POST, ["projects", project, "datasets"]).body(Value::Object(body))
}

pub(crate) fn of_table(table: &TableReference, own: &str, method: Method) -> Call {
    let project = table.project.as_deref().unwrap_or(own);
    let id = table.table_id();
    Call::bigquery(method, ["projects", project, "datasets", &table.dataset, "tables", &id])
}

fn new_table(table: &TableReference, own: &str, resource: &Map<String, Value>) -> Call {
    let project = table.project.as_deref().unwrap_or(own);
    let mut body = resource.clone();
    body.insert("tableReference".to_owned(), convert::table(table, own));
    Call::bigquery(Method::POST, ["projects", project, "datasets", &table.dataset, "tables"])
        .body(Value::Object(body))
}

/// Rows of the partition, or rows that were streamed into the table and have no partition yet.
fn has_rows(table: &Value) -> bool {
    let rows = table.get("numRows").and_then(Value::as_str);
    rows.is_some_and(|rows| rows != "0")
}

fn named(project: Option<&str>) -> Result<&str, JobError> {
    project.ok_or_else(|| {
        let message = "the task names no GCP project; push the title with `--gcp-project ID`";
        JobError::Rejected(task_error(
            "",
            Why { reason: "noProject".to_owned(), message: message.to_owned() },
        ))
    })
}

fn failed(what: &str, answer: Answer) -> JobError {
    match answer {
        Answer::Transient(why) => JobError::Unreachable(task_error(what, why)),
        Answer::Rejected(why) | Answer::NotFound(why) => JobError::Rejected(task_error(what, why)),
        Answer::AlreadyExists(message) => {
            let reason = "duplicate".to_owned();
            JobError::Rejected(task_error(what, Why { reason, message }))
        }
    }
}

fn task_error(what: &str, why: Why) -> TaskError {
    let message = match what {
        "" => why.message,
        what => format!("{what}: {}", why.message),
    };
    TaskError { reason: why.reason, message, job: None }
}
