//! What only tests ask for: what the partitions hold, what was executed, what was called, and what has to go wrong.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde_json::json;

use super::{Answer, Params, Shared, blocking};
use crate::error::BqError;
use crate::faults::Setup;
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

/// `GET /himekuri/v1/calls`: how often each method was called, and in which seconds.
pub(super) async fn calls(State(warehouse): Shared) -> Answer {
    Answer(json!({ "calls": warehouse.calls.describe() }))
}

/// `DELETE /himekuri/v1/calls`: counts begin anew.
pub(super) async fn forget_calls(State(warehouse): Shared) -> StatusCode {
    warehouse.calls.forget();
    StatusCode::NO_CONTENT
}

/// `GET /himekuri/v1/faults`: the setup, with how often each rule was met.
pub(super) async fn faults(State(warehouse): Shared) -> Answer {
    Answer(warehouse.faults.describe())
}

/// `PUT /himekuri/v1/faults`: another setup, in YAML or JSON; counts begin anew.
pub(super) async fn put_faults(State(warehouse): Shared, body: String) -> Result<Answer, BqError> {
    let setup = Setup::parse(&body).map_err(|error| BqError::invalid(error.to_string()))?;
    warehouse.faults.replace(setup);
    Ok(Answer(warehouse.faults.describe()))
}

/// `DELETE /himekuri/v1/faults`: nothing goes wrong any more.
pub(super) async fn delete_faults(State(warehouse): Shared) -> StatusCode {
    warehouse.faults.replace(Setup::default());
    StatusCode::NO_CONTENT
}
