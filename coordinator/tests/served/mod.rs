//! A leading coordinator that serves its API, with two titles.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use himekuri_broker::MemoryBroker;
use himekuri_coordinator::{
    Access, BackfillRequest, Coordinator, CoordinatorConfig, Entries, Entry, Guard, Role,
    Scheduler, StartRequest, TokenHash, Who, router, serve,
};
use himekuri_store::MemoryStore;
use himekuri_workflow::ProjectFiles;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

pub(crate) const TITLES: [&str; 2] = ["title_a", "title_b"];

const DAILY: &str = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+a:\n  echo>: x\n";

pub(crate) struct Served {
    pub(crate) coordinator: Coordinator,
    pub(crate) guard: Guard,
    pub(crate) stop: CancellationToken,
    pub(crate) address: String,
    http: reqwest::Client,
}

impl Served {
    pub(crate) async fn start(access: Access) -> Self {
        Self::start_with(Guard::new(access)).await
    }

    pub(crate) async fn start_with(guard: Guard) -> Self {
        let stop = CancellationToken::new();
        let (store, broker) = (Arc::new(MemoryStore::new()), Arc::new(MemoryBroker::default()));
        let config = CoordinatorConfig::default();
        let launched = Coordinator::launch(config, store, broker, None, stop.clone());
        let (coordinator, _) = launched.await.unwrap().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let routes = router(coordinator.clone(), guard.clone());
        tokio::spawn(serve(listener, routes, stop.clone()));
        Self { coordinator, guard, stop, address, http: reqwest::Client::new() }
    }

    /// Pushes both titles, lets the scheduler look, and starts a session and a backfill of each. Returns the attempts.
    pub(crate) async fn with_titles(access: Access) -> (Self, [u64; 2]) {
        let served = Self::start(access).await;
        let mut attempts = [0; 2];
        for (title, attempt) in TITLES.iter().zip(&mut attempts) {
            served.coordinator.push(title, &archive(), Some("gcp".to_owned())).await.unwrap();
            let started = served.coordinator.start(&start_of(title)).await.unwrap();
            *attempt = started[0].attempt.0;
            served.coordinator.backfill(&backfill_of(title)).await.unwrap();
        }
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        Scheduler::new(served.coordinator.clone()).run_once(now).await.unwrap();
        (served, attempts)
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &Body,
    ) -> (StatusCode, Value) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("http://{}{path}", self.address));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request = match body {
            Body::None => request,
            Body::Json(json) => request.json(json),
            Body::Archive => request.body(archive()),
        };
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&text).unwrap_or_default())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask("GET", path, None, &Body::None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) enum Body {
    None,
    Json(Value),
    Archive,
}

pub(crate) fn archive() -> Vec<u8> {
    himekuri_project::pack(&ProjectFiles::from_iter([("wf.dig", DAILY)])).unwrap()
}

fn start_of(title: &str) -> StartRequest {
    serde_json::from_value(json!({
        "project": title, "workflow": "wf", "from": "2025-06-01", "to": "2025-06-01",
    }))
    .unwrap()
}

fn backfill_of(title: &str) -> BackfillRequest {
    serde_json::from_value(json!({
        "project": title, "workflow": "wf", "from": "2025-01-01", "to": "2025-01-03",
    }))
    .unwrap()
}

/// An entry for this token.
pub(crate) fn entry(name: &str, role: Role, titles: Option<&[&str]>, token: &str) -> Entry {
    let titles = titles.map(|titles| titles.iter().map(|title| (*title).to_owned()).collect());
    let who = Who::Token { name: name.to_owned(), sha256: TokenHash::of(token) };
    Entry { who, role, titles }
}

pub(crate) fn listed(entries: &[Entry]) -> Access {
    Access::Listed(Entries::read(&serde_json::to_string(entries).unwrap()).unwrap())
}

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    /// Of this process from now on, as talkative as it gets.
    pub(crate) fn begin() -> Self {
        let logged = Self::default();
        let writer = logged.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        tracing::trace!("as talkative as it gets");
        logged
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Said over a plain connection, so that no client logs either.
pub(crate) async fn say(served: &Served, words: &str) -> String {
    let mut stream = TcpStream::connect(&served.address).await.unwrap();
    stream.write_all(words.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
