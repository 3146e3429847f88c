//! `bq_ddl>`: datasets and tables are deleted, emptied and made, one after the other.
//!
//! All of it ends within the patience: a delivery that was held for longer may have been given to another worker, and a table that
//! is emptied late would lose what was written to it meanwhile.

use himekuri_bigquery::BigQuery;
use himekuri_protocol::{DdlWork, Outcome, StoreParams};
use tokio::time::Instant;

use super::bq::outcome_of_error;
use crate::config::WorkerConfig;

/// Performs what is left of the operations; all of them again after a lost report.
pub(crate) async fn run(bigquery: &BigQuery, work: &DdlWork, config: &WorkerConfig) -> Outcome {
    let deadline = Instant::now() + config.patience;
    for operation in &work.operations {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let done = bigquery.perform(work.project.as_deref(), operation, remaining).await;
        if let Err(error) = done {
            return outcome_of_error(error);
        }
    }
    Outcome::Succeeded { store_params: StoreParams::new(), job: None }
}
