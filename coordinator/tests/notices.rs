//! People are told what they have to know: once, whoever leads, and as soon as they can be reached.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod pool;

use std::str::FromStr;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use himekuri_coordinator::{Notifier, Receiver};
use himekuri_protocol::{Outcome, TaskError};
use himekuri_service::Secret;
use himekuri_store::MemoryStore;
use jiff::SignedDuration;
use pool::Pool;
use serde_json::{Value, json};

/// What came, and whether the receiver takes anything.
#[derive(Clone, Default)]
struct Inbox {
    notices: Arc<Mutex<Vec<Value>>>,
    is_closed: Arc<Mutex<bool>>,
}

impl Inbox {
    async fn open(&self) -> String {
        let router = axum::Router::new().route("/{*path}", post(take)).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/secret", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    fn taken(&self) -> Vec<Value> {
        std::mem::take(&mut self.notices.lock().unwrap())
    }
}

async fn take(State(inbox): State<Inbox>, Json(notice): Json<Value>) -> StatusCode {
    if *inbox.is_closed.lock().unwrap() {
        return StatusCode::BAD_GATEWAY;
    }
    inbox.notices.lock().unwrap().push(notice);
    StatusCode::OK
}

fn notifier(pool: &Pool, receivers: Vec<Receiver>) -> Notifier {
    Notifier::new(pool.coordinator.clone(), receivers, SignedDuration::from_mins(10)).unwrap()
}

fn secret(address: &str) -> Secret {
    Secret::from_str(address).unwrap()
}

/// A pool with an attempt that has failed.
async fn failed(store: &Arc<MemoryStore>) -> Pool {
    let mut pool = Pool::over(Arc::clone(store)).await;
    pool.push(&[("wf.dig", "+a:\n  echo>: x\n")]).await;
    let request =
        json!({"project": "title", "workflow": "wf", "from": "2026-01-02", "to": "2026-01-02"});
    pool.coordinator.start(&serde_json::from_value(request).unwrap()).await.unwrap();
    let message = "it broke".to_owned();
    let error = TaskError { reason: "r".to_owned(), message, job: None };
    pool.finish("x", Outcome::Failed { error }).await;
    pool
}

#[tokio::test]
async fn a_failure_is_told_once_also_by_the_next_leader() {
    let store = Arc::new(MemoryStore::new());
    let pool = failed(&store).await;
    let inbox = Inbox::default();
    let address = inbox.open().await;
    let receivers = vec![Receiver::Webhook(secret(&address)), Receiver::Slack(secret(&address))];
    let now = jiff::Timestamp::now();

    let mut first = notifier(&pool, receivers.clone());
    assert_eq!(first.look(now).await.unwrap(), 1);
    assert_eq!(first.look(now).await.unwrap(), 0);

    let told = inbox.taken();
    assert_eq!(told.len(), 2);
    assert_eq!((&told[0]["cause"], &told[0]["project"]), (&json!("failed"), &json!("title")));
    let text = told[1]["text"].as_str().unwrap();
    assert!(text.contains("it broke") && text.contains("himekuri why 1"), "{text}");
    pool.stop.cancel();
    let next = Pool::over(store).await;
    assert_eq!(notifier(&next, receivers).look(now).await.unwrap(), 0);
    assert_eq!(inbox.taken(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_receiver_that_cannot_be_reached_is_told_later_and_its_address_stays_a_secret() {
    let pool = failed(&Arc::new(MemoryStore::new())).await;
    let inbox = Inbox::default();
    *inbox.is_closed.lock().unwrap() = true;
    let address = inbox.open().await;
    let mut notifier = notifier(&pool, vec![Receiver::Slack(secret(&address))]);
    let now = jiff::Timestamp::now();

    let error = format!("{:#}", notifier.look(now).await.unwrap_err());

    assert!(error.contains("Slack") && error.contains("502"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    *inbox.is_closed.lock().unwrap() = false;
    assert_eq!(notifier.look(now).await.unwrap(), 1);
    assert_eq!(inbox.taken().len(), 1);
}
