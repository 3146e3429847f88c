//! Accounts of single GCP projects, from a folder: whose token goes with which call, and what is asked of Google for it.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::{Json, Router};
use futures::future::join_all;
use himekuri_bigquery::{BigQuery, BigQueryConfig, ConnectError, Endpoint};
use himekuri_protocol::{TableReference, TableWait};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(5);

/// Path and `Authorization` of each call; and of a request for a token its body.
#[derive(Default)]
struct Seen {
    calls: Vec<(String, String)>,
    token_requests: Vec<String>,
}

type Shared = Arc<Mutex<Seen>>;

async fn answer(
    State(seen): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Json<Value> {
    let mut seen = seen.lock().unwrap();
    if uri.path() == "/token" {
        seen.token_requests.push(String::from_utf8_lossy(&body).into_owned());
        return Json(json!({
            "access_token": "token-of-b",
            "token_type": "Bearer",
            "expires_in": 3_600,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }));
    }
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap());
    let call = (uri.path().to_owned(), authorization.unwrap_or_default().to_owned());
    seen.calls.push(call);
    Json(json!({"numRows": "1"}))
}

async fn serve() -> (Shared, String) {
    let seen = Shared::default();
    let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (seen, address)
}

fn config(address: &str, folder: &Path) -> BigQueryConfig {
    BigQueryConfig {
        credentials: Some(folder.to_owned()),
        ..BigQueryConfig::new(Endpoint::Local(address.to_owned()))
    }
}

/// Workload identity federation: a token of somebody else's is exchanged for one of Google's.
fn federated(folder: &Path, address: &str) -> Value {
    let subject = folder.join("subject");
    std::fs::write(&subject, "subject-token").unwrap();
    json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{address}/token"),
        "credential_source": {"file": subject},
    })
}

fn wait(project: &str) -> TableWait {
    let table = TableReference::parse("ds.t", None).unwrap();
    TableWait { project: Some(project.to_owned()), table }
}

#[tokio::test]
async fn a_project_with_a_file_is_called_with_its_own_token_and_many_calls_ask_for_it_once() {
    let (seen, address) = serve().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("game-b.json");
    std::fs::write(file, federated(folder.path(), &address).to_string()).unwrap();
    let bigquery = BigQuery::connect(&config(&address, folder.path())).await.unwrap();

    let (others, own) = (wait("game-a"), wait("game-b"));
    let first = bigquery.has_table(&own, PATIENCE).await;
    let calls = (0..200).map(|_| bigquery.has_table(&own, PATIENCE));
    let answers = join_all(calls).await;
    bigquery.has_table(&others, PATIENCE).await.unwrap();

    assert_eq!(first, Ok(true));
    assert!(answers.iter().all(|answer| *answer == Ok(true)), "{answers:?}");
    let seen = seen.lock().unwrap();
    let tables = seen.calls.iter().filter(|(path, _)| path.contains("/tables/"));
    for (path, authorization) in tables {
        let expected = if path.contains("game-b") { "Bearer token-of-b" } else { "Bearer local" };
        assert_eq!(authorization, expected, "{path}");
    }
    assert_eq!(seen.token_requests.len(), 1, "{:?}", seen.token_requests);
    let scope = "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform";
    assert!(seen.token_requests[0].contains(scope), "{:?}", seen.token_requests);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_stops_the_start_and_is_named_without_its_text() {
    let (_, address) = serve().await;
    let cases = [
        ("not json: sesame", "could not read the credentials in"),
        (
            r#"{"type": "gdch_service_account", "key": "sesame"}"#,
            "of the type `gdch_service_account`",
        ),
        (
            r#"{"type": "service_account", "private_key": "sesame"}"#,
            "could not read the credentials in",
        ),
    ];
    for (text, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("game-b.json"), text).unwrap();

        let Err(error) = BigQuery::connect(&config(&address, folder.path())).await else {
            panic!("{text} was taken")
        };

        let mut words = error.to_string();
        let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
        while let Some(error) = cause {
            words.push_str(&format!(": {error}"));
            cause = error.source();
        }
        assert!(words.contains(expected), "{words}");
        assert!(words.contains("game-b.json") && !words.contains("sesame"), "{words}");
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_stops_the_start() {
    let (_, address) = serve().await;

    let refused = BigQuery::connect(&config(&address, Path::new("/nowhere"))).await;

    assert!(matches!(refused, Err(ConnectError::KeyFile { .. })));
}
