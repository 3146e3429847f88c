//! A BigQuery that answers dry runs and `tables.get` by rule, and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// What it says.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Whether its tables are partitioned.
    pub(crate) partitioned: bool,
    /// Bytes that a query reads.
    pub(crate) reads: fn(&str) -> Result<u64, Refusal>,
}

/// HTTP status, reason and message.
pub(crate) type Refusal = (u16, &'static str, String);

/// It ends with the test.
pub(crate) struct BigQuery {
    url: String,
    dry_runs: Arc<AtomicUsize>,
    _runtime: tokio::runtime::Runtime,
}

type Shared = State<(Rules, Arc<AtomicUsize>)>;

impl BigQuery {
    pub(crate) fn start(rules: Rules) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let dry_runs = Arc::new(AtomicUsize::new(0));
        let project = "/bigquery/v2/projects/{project}";
        let router = Router::new()
            .route(&format!("{project}/jobs"), post(insert))
            .route(&format!("{project}/datasets/{{dataset}}/tables/{{table}}"), get(table))
            .route("/himekuri/v1/partitions", get(partitions))
            .with_state((rules, Arc::clone(&dry_runs)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(listener).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, dry_runs, _runtime: runtime }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn dry_runs(&self) -> usize {
        self.dry_runs.load(Ordering::SeqCst)
    }
}

async fn insert(
    State((rules, dry_runs)): Shared,
    Path(project): Path<String>,
    body: Json<Value>,
) -> Response {
    assert_eq!(body["configuration"]["dryRun"], true);
    dry_runs.fetch_add(1, Ordering::SeqCst);
    let query = body["configuration"]["query"]["query"].as_str().unwrap();
    let table = if query.contains("raw_log.access") { "access" } else { "battle" };
    match (rules.reads)(query) {
        Ok(bytes) => Json(json!({ "statistics": { "query": {
            "totalBytesProcessed": bytes.to_string(),
            "referencedTables":
                [{ "projectId": project, "datasetId": "raw_log", "tableId": table }],
        }}}))
        .into_response(),
        Err((status, reason, message)) => {
            let error = json!({ "error": {
                "code": status, "message": message, "status": "X",
                "errors": [{ "reason": reason, "message": message }],
            }});
            (StatusCode::from_u16(status).unwrap(), Json(error)).into_response()
        }
    }
}

/// What a local warehouse says of what it holds.
async fn partitions() -> Json<Value> {
    let partition = |table: &str, partition: &str, rows: u32| {
        json!({
            "project": "title-a", "dataset": "summary", "table": table, "partition": partition,
            "rows": rows, "checksum": "0123abcd",
        })
    };
    Json(json!([partition("access", "20190902", 1_440), partition("consume", "20190902", 12)]))
}

async fn table(
    State((rules, _)): Shared,
    Path((project, dataset, table)): Path<(String, String, String)>,
) -> Json<Value> {
    let mut resource = json!({
        "tableReference": { "projectId": project, "datasetId": dataset, "tableId": table },
        "schema": { "fields": [{ "name": "day", "type": "STRING" }] },
    });
    if rules.partitioned {
        resource["timePartitioning"] = json!({ "type": "DAY" });
    }
    Json(resource)
}
