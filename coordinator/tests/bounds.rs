//! What the API takes from the network.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod served;

use std::sync::Arc;

use himekuri_broker::MemoryBroker;
use himekuri_coordinator::{Access, Coordinator, CoordinatorConfig, Guard, router, serve};
use himekuri_store::MemoryStore;
use serde_json::json;
use served::{Body, Served};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// More than a request may have, and less than an archive.
const TWO_MIB: usize = 2 << 20;

#[tokio::test]
async fn an_archive_may_be_larger_than_any_other_request() {
    let address = api().await;

    assert_eq!(status(&address, "POST /v1/attempts", TWO_MIB).await, "413 Payload Too Large");
    assert_eq!(status(&address, "POST /v1/backfills", TWO_MIB).await, "413 Payload Too Large");
    // It was read: it is only no archive.
    assert_eq!(status(&address, "PUT /v1/projects/a", TWO_MIB).await, "400 Bad Request");
    assert_eq!(status(&address, "PUT /v1/projects/a", 65 << 20).await, "413 Payload Too Large");
}

#[tokio::test]
async fn requests_without_a_body_are_answered() {
    let address = api().await;

    assert_eq!(status(&address, "GET /livez", 0).await, "200 OK");
    assert_eq!(status(&address, "GET /v1/projects", 0).await, "200 OK");
    assert_eq!(status(&address, "GET /v1/projects/a", 0).await, "404 Not Found");
    assert_eq!(status(&address, "GET /v1/attempts", 0).await, "200 OK");
}

async fn api() -> String {
    let stop = CancellationToken::new();
    let (store, broker) = (Arc::new(MemoryStore::new()), Arc::new(MemoryBroker::default()));
    let config = CoordinatorConfig::default();
    let launched = Coordinator::launch(config, store, broker, None, stop.clone());
    let (coordinator, _) = launched.await.unwrap().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(serve(listener, router(coordinator, Guard::new(Access::Open)), stop));
    address
}

/// Sends that many bytes, as far as they are taken, and reads the status.
async fn status(address: &str, request: &str, bytes: usize) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("{request} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n");
    let head = format!("{head}content-length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let sending = tokio::spawn(async move {
        // Refused in the middle is what some of these are.
        let _sent = writing.write_all(&vec![b'x'; bytes]).await;
        writing
    });
    let mut answer = [0; 4_096];
    let read = reading.read(&mut answer).await.unwrap();
    sending.abort();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    answer.lines().next().unwrap().trim_start_matches("HTTP/1.1 ").to_owned()
}

#[tokio::test]
async fn a_request_for_a_thousand_years_is_refused_at_once() {
    let (served, _) = Served::with_titles(Access::Open).await;
    let range =
        json!({"project": "title_a", "workflow": "wf", "from": "0078-06-27", "to": "2019-09-30"});

    for path in ["/v1/attempts", "/v1/backfills"] {
        let (status, answer) = served.ask("POST", path, None, &Body::Json(range.clone())).await;

        assert_eq!(status.as_u16(), 400, "{path}: {answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.starts_with("709"), "{detail}");
        assert!(detail.contains("4000"), "{detail}");
    }
}
