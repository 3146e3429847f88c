//! The API of one of several coordinators. The one that leads answers itself; the others pass requests on to it, so that
//! callers need not know who leads.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::extract::{FromRequest, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use himekuri_store::{RecordKind, Store, StoreError};
use tower::ServiceExt;

use super::bounds::{ARCHIVE_MAX, Bounds, within};
use super::caller::Guard;
use super::digdag::in_digdags_words;
use super::problem::Problem;
use super::router;
use crate::coordinator::Coordinator;

/// Longest wait for a connection to the leader.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait for its answer: starting three years of sessions takes a while.
const TIMEOUT: Duration = Duration::from_secs(300);
/// How often it is looked whether the leader that is waited for still leads.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Tells a coordinator that the request comes from another one, and must not be passed on again.
const PASSED_ON: HeaderName = HeaderName::from_static("himekuri-passed-on");
/// Key of the record with the leader's address.
const ADDRESS: &str = "address";
/// What belongs to one connection and is not passed on (RFC 9110, 7.6.1), and what is written anew.
const OF_THE_CONNECTION: [HeaderName; 6] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::HOST,
    header::CONTENT_LENGTH,
];

/// Serves the API from the start of the process, whoever leads.
#[derive(Clone)]
pub struct Front {
    leading: Arc<OnceLock<Router>>,
    guard: Guard,
    store: Arc<dyn Store>,
    http: reqwest::Client,
}

impl Front {
    /// One that stands by. Requests that it passes on are guarded by who leads.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(store: Arc<dyn Store>, guard: Guard) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT);
        Ok(Self { leading: Arc::default(), guard, store, http: http.no_proxy().build()? })
    }

    /// This process leads from now on, and others reach it at `address`, such as `http://10.0.0.7:7070`.
    ///
    /// # Errors
    /// The store cannot be reached, or a newer leader has begun.
    pub async fn lead(&self, coordinator: Coordinator, address: &str) -> Result<(), StoreError> {
        let epoch = coordinator.epoch();
        let _already = self.leading.set(router(coordinator, self.guard.clone()));
        let record = Some(address.trim_end_matches('/'));
        self.store.put_record(epoch, RecordKind::Pool, ADDRESS, record).await
    }

    /// The routes.
    pub fn router(self) -> Router {
        let standing_by = Router::new()
            // Alive is who answers, whether anybody leads or not.
            .route("/livez", get(|| async { "ok" }))
            .fallback(pass_on)
            .layer(DefaultBodyLimit::max(ARCHIVE_MAX))
            .layer(from_fn_with_state(Bounds::passed_on(), within))
            .layer(from_fn(in_digdags_words))
            .with_state(self.clone());
        let answer = move |request: Request| {
            let router = self.leading.get().unwrap_or(&standing_by).clone();
            async move {
                let Ok(answer) = router.oneshot(request).await;
                answer
            }
        };
        Router::new().fallback(answer)
    }

    async fn leader(&self) -> Result<Option<String>, StoreError> {
        let records = self.store.records(RecordKind::Pool).await?;
        Ok(records.into_iter().find(|(key, _)| key == ADDRESS).map(|(_, address)| address))
    }

    /// Until another one leads: a leader that is frozen never answers, and whatever it would still do is fenced off.
    async fn replaced(&self, leader: &str) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Ok(Some(now)) = self.leader().await
                && now != leader
            {
                return;
            }
        }
    }

    async fn pass_on(&self, parts: Parts, body: Bytes) -> Result<Response, Problem> {
        if parts.headers.contains_key(PASSED_ON) {
            return Err(nobody_leads("the coordinator that led has just stopped"));
        }
        let leader = self.leader().await.map_err(|error| nobody_leads(&error.to_string()))?;
        let leader = leader.ok_or_else(|| nobody_leads("no coordinator has led yet"))?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let sent = self
            .http
            .request(parts.method, format!("{leader}{path}"))
            .headers(end_to_end(parts.headers))
            .header(PASSED_ON, HeaderValue::from_static("1"))
            .body(body)
            .send();
        let answer = tokio::select! {
            answer = sent => answer.map_err(|error| unreachable(&leader, &error))?,
            () = self.replaced(&leader) => return Err(nobody_leads("another one has just begun to")),
        };
        let (status, headers) = (answer.status(), end_to_end(answer.headers().clone()));
        let body = answer.bytes().await.map_err(|error| unreachable(&leader, &error))?;
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

async fn pass_on(State(front): State<Front>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match Bytes::from_request(Request::new(body), &()).await {
        Ok(body) => front.pass_on(parts, body).await.unwrap_or_else(IntoResponse::into_response),
        Err(refusal) => refusal.into_response(),
    }
}

fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
    headers
}

fn nobody_leads(why: &str) -> Problem {
    Problem::passing(format!(
        "no coordinator leads at the moment ({why}); ask again in a few seconds"
    ))
}

fn unreachable(leader: &str, error: &reqwest::Error) -> Problem {
    tracing::info!("the coordinator that leads does not answer at {leader}: {error}");
    Problem::passing(format!(
        "the coordinator that leads, at {leader}, does not answer; ask again in a few seconds, and if that does not help, check its `--advertise`"
    ))
}
