//! Loads logs into BigQuery's REST API, which the local warehouse speaks too.
//!
//! One load job per table and UTC day, with the rows in the same request (a multipart upload) and
//! `WRITE_TRUNCATE` into the day's partition: loading a day again replaces it.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::day::Day;
use crate::generate::Logs;
use crate::progress::{Made, Progress};
use crate::table::{PARTITION_COLUMN, Table};

mod error;
mod rest;
mod upload;

pub use error::LoadError;
use rest::Rest;

/// The dataset of the logs, and the dataset that the marts are written to.
const RAW_DATASET: &str = "raw_log";
const MART_DATASET: &str = "summary";

/// The marts of the examples. BigQuery makes no partitioned table from a query that only names a
/// partition (`access$20190901`): with an engine that sends no more, as digdag does, the tables have
/// to be there before the first run.
const MARTS: [&str; 5] = ["access", "consume", "install", "session", "battle"];

/// Days of a table that are loaded at the same time.
const UPLOADS_AT_ONCE: usize = 4;

/// Where to load to.
#[derive(Clone)]
pub struct Destination {
    /// `http://127.0.0.1:9050`, or BigQuery's `https://bigquery.googleapis.com`.
    pub address: String,
    /// The GCP project of the title.
    pub project: String,
    /// Location of the datasets, such as `asia-northeast1`; BigQuery's own default if `None`.
    pub location: Option<String>,
    /// An OAuth access token; the local warehouse needs none.
    pub token: Option<String>,
    /// Whether to create the tables that the marts are written to.
    pub marts: MartTables,
}

/// What to do about the tables of the marts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MartTables {
    /// Nothing: they exist, or whoever writes them creates them.
    Leave,
    /// Create those that are missing, empty and with one partition per day.
    Create,
}

/// Creates the datasets `raw_log` and `summary`, and if asked the mart tables, where they are missing;
/// then loads every day of every table. Several days are under way at the same time.
///
/// # Errors
/// The first request or job that failed; the other days may or may not have been loaded. Loading
/// the same range again is safe.
pub async fn load(
    logs: Arc<Logs>,
    destination: &Destination,
    days: &[Day],
    progress: &dyn Progress,
) -> Result<(), LoadError> {
    let rest = Rest::new(destination)?;
    for dataset in [RAW_DATASET, MART_DATASET] {
        rest.create_dataset(dataset).await?;
    }
    match destination.marts {
        MartTables::Leave => {}
        MartTables::Create => {
            for mart in MARTS {
                rest.create_daily_table(MART_DATASET, mart).await?;
            }
        }
    }
    for table in Table::ALL {
        progress.table_started(table);
        let total = stream::iter(days)
            .map(|day| load_day(&rest, &logs, table, *day, progress))
            .buffer_unordered(UPLOADS_AT_ONCE)
            .try_fold(Made::default(), async |sum, made| Ok(sum.plus(made)))
            .await?;
        progress.table_done(table, days.len(), total);
    }
    Ok(())
}

async fn load_day(
    rest: &Rest,
    logs: &Arc<Logs>,
    table: Table,
    day: Day,
    progress: &dyn Progress,
) -> Result<Made, LoadError> {
    let configuration = configuration(rest.project(), logs, table, day);
    let (body, producer) = upload::body(&configuration, Arc::clone(logs), table, day);
    let submitted = rest.upload(body, &format!("load {table} of {day}")).await;
    // A request that failed also ends the producer, with a broken pipe: the request's error says more.
    let job = submitted?;
    let made = producer.finish().await?;
    rest.wait_until_done(job).await?;
    progress.day_done(table, day, made);
    Ok(made)
}

fn configuration(project: &str, logs: &Logs, table: Table, day: Day) -> Value {
    json!({
        "configuration": {
            "load": {
                "destinationTable": {
                    "projectId": project,
                    "datasetId": RAW_DATASET,
                    "tableId": format!("{table}${}", day.partition()),
                },
                "schema": { "fields": table.schema(logs.title().battles) },
                "sourceFormat": "NEWLINE_DELIMITED_JSON",
                "timePartitioning": { "type": "DAY", "field": PARTITION_COLUMN },
                "createDisposition": "CREATE_IF_NEEDED",
                "writeDisposition": "WRITE_TRUNCATE",
            }
        }
    })
}

#[cfg(test)]
mod tests;
