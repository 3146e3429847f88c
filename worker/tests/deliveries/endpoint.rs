//! An endpoint with fixed answers, and a worker in front of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use himekuri_bigquery::{BigQuery, BigQueryConfig, Endpoint};
use himekuri_broker::{Broker, MemoryBroker, OutgoingMessage, Queue};
use himekuri_protocol::{Report, WorkerMessage};
use himekuri_worker::{Worker, WorkerConfig};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// What a call begins with, and its answer; of several that fit, each is given once, in order.
pub(crate) type Rule = (&'static str, u16, Value);

/// Calls as they came, and the answers to them.
struct Script {
    rules: Vec<Rule>,
    calls: Vec<String>,
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, method: Method, uri: Uri) -> Response {
    let call = format!("{method} {uri}");
    let mut script = script.lock().unwrap();
    let fits = |(begin, ..): &Rule| call.starts_with(begin);
    let (status, body) = match script.rules.iter().position(fits) {
        // The last answer to a call is repeated.
        Some(place) if script.rules.iter().skip(place + 1).any(fits) => {
            let (_, status, body) = script.rules.remove(place);
            (status, body)
        }
        Some(place) => (script.rules[place].1, script.rules[place].2.clone()),
        None => (200, json!({})),
    };
    script.calls.push(call);
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

/// What a worker reports of these messages, one after the other, and the calls that it made.
pub(crate) async fn run(
    messages: &[WorkerMessage],
    reports: usize,
    rules: &[Rule],
    list_age: Duration,
) -> (Vec<Report>, Vec<String>) {
    let script = Arc::new(Mutex::new(Script { rules: rules.to_vec(), calls: Vec::new() }));
    let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::Local(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let bigquery = BigQuery::connect(&BigQueryConfig::new(endpoint)).await.unwrap();
    script.lock().unwrap().calls.clear();
    let broker = Arc::new(MemoryBroker::default());
    let mut consumer = broker.consume(Queue::Reports, 1_000).await.unwrap();
    // Less than the pause between two looks: one look.
    let config = WorkerConfig {
        job_wait: Duration::from_millis(100),
        patience: Duration::from_millis(500),
        prefetch: 1,
        list_age,
        unknown_for: list_age,
        announce_every: None,
        ..WorkerConfig::new()
    };
    let stop = CancellationToken::new();
    let worker = Worker::new(Arc::new(broker.connect()), bigquery, config, stop.clone());
    let working = tokio::spawn(worker.run());
    for message in messages {
        let message = OutgoingMessage::new(Queue::Tasks, message.id(), message.encode().unwrap());
        broker.publish(vec![message]).await.into_iter().collect::<Result<(), _>>().unwrap();
    }
    let mut said = Vec::new();
    while said.len() < reports {
        let delivery = consumer.next().await.unwrap();
        said.push(Report::decode(&delivery.body).unwrap());
        delivery.ack().unwrap();
    }
    stop.cancel();
    working.await.unwrap().unwrap();
    let calls = script.lock().unwrap().calls.clone();
    (said, calls)
}

/// Google's JSON of an error.
pub(crate) fn error(code: u16, reason: &str, message: &str) -> Value {
    let errors = json!([{"reason": reason}]);
    json!({"error": {"code": code, "message": message, "status": "S", "errors": errors}})
}
