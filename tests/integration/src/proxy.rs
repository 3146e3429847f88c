//! A proxy before BigQuery that lets a worker die at a chosen call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Longest body that is passed on.
const BODY_MAX: usize = 16 * 1_024 * 1_024;

/// On which side of a call the worker dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// BigQuery never sees the call.
    Before,
    /// BigQuery has done what was asked, and the worker does not learn it.
    After,
}

/// A running proxy.
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
    deaths: UnboundedReceiver<String>,
}

struct Shared {
    upstream: String,
    http: reqwest::Client,
    plan: Mutex<Plan>,
    deaths: UnboundedSender<String>,
}

/// What goes wrong.
#[derive(Default)]
struct Plan {
    /// The call that is not answered, counted down.
    left: Option<(usize, Option<Side>)>,
    /// Whether BigQuery says yes to a cancel and lets the job run on.
    ignores_cancels: bool,
}

impl Proxy {
    /// A proxy of the BigQuery at `upstream`.
    ///
    /// # Errors
    /// No free port.
    pub async fn start(upstream: &str) -> anyhow::Result<Self> {
        let (sender, deaths) = unbounded_channel();
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            http: reqwest::Client::new(),
            plan: Mutex::default(),
            deaths: sender,
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, shared, deaths })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Leaves the call `number` from now, counted from 0, without an answer.
    pub fn die_at(&mut self, number: usize, side: Side) {
        while self.deaths.try_recv().is_ok() {}
        self.shared.plan().left = Some((number, Some(side)));
    }

    /// Lets every job run to its end from now on, whatever is cancelled: BigQuery promises no more.
    pub fn ignore_cancels(&self) {
        self.shared.plan().ignores_cancels = true;
    }

    /// Answers every call from now on.
    pub fn spare(&self) {
        self.shared.plan().left = None;
    }

    /// Waits for the call that is not answered; what it was.
    pub async fn died(&mut self) -> Option<String> {
        self.deaths.recv().await
    }
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the call.
    fn strike(&self) -> Option<Side> {
        let mut plan = self.plan();
        match &mut plan.left {
            Some((0, side)) => side.take(),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let call = format!("{} {}", request.method(), request.uri());
    // A worker that starts asks once whether anybody is there.
    let side = if call.ends_with("/v2/projects") { None } else { shared.strike() };
    if side == Some(Side::Before) {
        return silence(&shared, call).await;
    }
    if request.uri().path().ends_with("/cancel") && shared.plan().ignores_cancels {
        return Response::new(Body::from(r#"{"kind": "bigquery#jobCancelResponse"}"#));
    }
    let answer = forward(&shared, request).await;
    if side == Some(Side::After) {
        return silence(&shared, call).await;
    }
    answer.unwrap_or_else(|error| {
        let mut response = Response::new(Body::from(format!("{error:#}")));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    })
}

/// The connection stays open until the worker is dead.
async fn silence(shared: &Shared, call: String) -> Response {
    // Nobody listens any more when the test has failed.
    let _told = shared.deaths.send(call);
    std::future::pending().await
}

async fn forward(shared: &Shared, request: Request) -> anyhow::Result<Response> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().context("a request has a path")?;
    let body = to_bytes(body, BODY_MAX).await?;
    let sent = shared
        .http
        .request(parts.method, format!("{}{path}", shared.upstream))
        .headers(parts.headers)
        .body(body);
    let answer = sent.send().await?;
    let status = answer.status();
    let bytes = answer.bytes().await?;
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    Ok(response)
}
