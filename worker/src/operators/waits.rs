//! `bq_wait>` and `gcs_wait>`: looks for a while, then lets others use the place; the coordinator sends the same try again.

use std::time::Duration;

use himekuri_bigquery::{BigQuery, JobError};
use himekuri_protocol::{ObjectWait, Outcome, StoreParams, TableWait};
use serde_json::json;
use tokio::time::Instant;

use super::bq::outcome_of_error;
use crate::config::WorkerConfig;

/// Pause between two looks, as digdag's shortest.
const PAUSE: Duration = Duration::from_secs(5);

/// What somebody else makes.
#[derive(Clone, Copy)]
pub(crate) enum Awaited<'a> {
    /// A table, a view or a partition.
    Table(&'a TableWait),
    /// An object of Cloud Storage.
    Object(&'a ObjectWait),
}

pub(crate) async fn run(bigquery: &BigQuery, wait: Awaited<'_>, config: &WorkerConfig) -> Outcome {
    let deadline = Instant::now() + config.job_wait;
    loop {
        match look(bigquery, wait, config.patience).await {
            Ok(Some(store_params)) => return Outcome::Succeeded { store_params, job: None },
            Ok(None) if Instant::now() + PAUSE >= deadline => return Outcome::NotYet,
            Ok(None) => tokio::time::sleep(PAUSE).await,
            Err(error) => return outcome_of_error(error),
        }
    }
}

/// What it stores for the tasks that follow, if it is there.
async fn look(
    bigquery: &BigQuery,
    wait: Awaited<'_>,
    patience: Duration,
) -> Result<Option<StoreParams>, JobError> {
    match wait {
        Awaited::Table(wait) => {
            Ok(bigquery.has_table(wait, patience).await?.then(StoreParams::new))
        }
        Awaited::Object(wait) => {
            let metadata = bigquery.object(wait, patience).await?;
            Ok(metadata.map(|metadata| {
                let last = json!({"last_object": {"metadata": metadata}});
                StoreParams::from_iter([("gcs_wait".to_owned(), last)])
            }))
        }
    }
}
