//! What only tests ask for: what the partitions hold, and what was executed.

use axum::extract::{Query, State};

use super::{Answer, Params, Shared, blocking};
use crate::error::BqError;
use crate::jobs::ledger;
use crate::partitions;

/// `GET /himekuri/v1/partitions[?project=P][&dataset=D]`; all projects without `project`.
pub(super) async fn partitions(
    State(warehouse): Shared,
    Query(params): Params,
) -> Result<Answer, BqError> {
    let project = params.get("project").cloned();
    let dataset = params.get("dataset").cloned();
    blocking(move || {
        let connection = warehouse.connection()?;
        let catalog = warehouse.catalog();
        partitions::list(&connection, &catalog, project.as_deref(), dataset.as_deref())
    })
    .await
    .map(|list| Answer(list.into()))
}

/// `GET /himekuri/v1/executions`.
pub(super) async fn executions(State(warehouse): Shared) -> Result<Answer, BqError> {
    blocking(move || {
        let connection = warehouse.connection()?;
        ledger::executions(&connection)
    })
    .await
    .map(Answer)
}
