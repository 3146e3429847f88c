//! `projects.list`, `projects.getServiceAccount`.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::{Answer, Shared};

/// `projects.list`: those that have a dataset, all on one page.
pub(super) async fn list(State(warehouse): Shared) -> Answer {
    let catalog = warehouse.catalog();
    let names: BTreeSet<&str> = catalog.datasets.keys().map(|id| id.project.as_str()).collect();
    let projects: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({
                "kind": "bigquery#project",
                "id": name,
                "numericId": "0",
                "projectReference": { "projectId": name },
                "friendlyName": name,
            })
        })
        .collect();
    let total = projects.len();
    Answer(json!({ "kind": "bigquery#projectList", "projects": projects, "totalItems": total }))
}

/// `projects.getServiceAccount`: a name that no mail reaches.
pub(super) async fn service_account(Path(project): Path<String>) -> Answer {
    let email = format!("bq-{project}@himekuri.invalid");
    Answer(json!({ "kind": "bigquery#getServiceAccountResponse", "email": email }))
}
