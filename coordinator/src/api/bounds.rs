//! What the body of a request may be: it is read whole, up to a size and a time, before anybody looks at it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::problem::Problem;

/// Bytes of the largest request.
pub(super) const ARCHIVE_MAX: usize = 64 << 20;

/// Bounds of one kind of request; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// Most bytes.
    bytes: usize,
    /// Longest time for all of them, the wait for a turn included.
    time: Duration,
    /// How many bodies are read and worked on at a time.
    turns: Arc<Semaphore>,
}

impl Bounds {
    /// JSON: a start with overrides has hundreds of bytes.
    pub(super) fn requests() -> Self {
        Self::new(1 << 20, Duration::from_secs(30), 64)
    }

    /// Archives. 64 MiB: digdag's default is 2 MiB, which teams outgrow. Few at a time, because each is unpacked in memory; five
    /// minutes are 64 MiB at 2 Mbit/s.
    pub(super) fn archives() -> Self {
        Self::new(ARCHIVE_MAX, Duration::from_secs(300), 4)
    }

    /// What a coordinator that stands by passes on: any of these. It waits for the leader with each.
    pub(super) fn passed_on() -> Self {
        Self::new(ARCHIVE_MAX, Duration::from_secs(300), 16)
    }

    fn new(bytes: usize, time: Duration, turns: usize) -> Self {
        Self { bytes, time, turns: Arc::new(Semaphore::new(turns)) }
    }
}

/// Reads the body within the bounds and passes it on.
pub(super) async fn within(State(bounds): State<Bounds>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let reading = async {
        // Closed by nobody.
        let turn = bounds.turns.acquire().await.ok();
        (turn, to_bytes(body, bounds.bytes).await)
    };
    let (turn, body) = match tokio::time::timeout(bounds.time, reading).await {
        Ok((turn, Ok(body))) => (turn, body),
        Ok((_, Err(error))) => return refusal(&error, &bounds).into_response(),
        Err(_) => {
            let text = format!("the request was not here within {} s", bounds.time.as_secs_f32());
            return Problem::new(StatusCode::REQUEST_TIMEOUT, text).into_response();
        }
    };
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    drop(turn);
    response
}

/// A body above the limit, or one that ended in the middle: the library keeps the difference in the cause.
fn refusal(error: &axum::Error, bounds: &Bounds) -> Problem {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    if cause.contains("length limit exceeded") {
        let text = format!("the request has more than {} bytes", bounds.bytes);
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text);
    }
    Problem::new(StatusCode::BAD_REQUEST, "the request ended too early")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// The first line of the answer to a request with these words.
    async fn told(bounds: Bounds, words: &str) -> String {
        let router = Router::new()
            .route("/", post(|body: String| async move { body.len().to_string() }))
            .layer(from_fn_with_state(bounds, within));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        stream.write_all(words.as_bytes()).await.unwrap();
        let mut answer = [0; 4_096];
        let read = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..read]).lines().next().unwrap().to_owned()
    }

    fn post_of(length: usize, body: &str) -> String {
        format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
    }

    fn small() -> Bounds {
        Bounds::new(10, Duration::from_secs(60), 1)
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_passed_on() {
        assert_eq!(told(small(), &post_of(10, "0123456789")).await, "HTTP/1.1 200 OK");
    }

    #[tokio::test]
    async fn a_larger_body_is_refused_also_if_it_does_not_say_its_length() {
        let said = told(small(), &post_of(11, "0123456789a")).await;
        assert_eq!(said, "HTTP/1.1 413 Payload Too Large");

        let chunked =
            "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nb\r\n0123456789a\r\n";
        assert_eq!(told(small(), chunked).await, "HTTP/1.1 413 Payload Too Large");
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let bounds = Bounds { time: Duration::from_millis(50), ..small() };

        let said = told(bounds, &post_of(10, "01234")).await;

        assert_eq!(said, "HTTP/1.1 408 Request Timeout");
    }

    #[tokio::test]
    async fn a_request_without_a_body_needs_no_turn() {
        let bounds = small();
        let _taken = Arc::clone(&bounds.turns).acquire_owned().await.unwrap();

        assert_eq!(told(bounds, &post_of(0, "")).await, "HTTP/1.1 200 OK");
    }

    #[tokio::test]
    async fn a_turn_that_does_not_come_is_not_waited_for() {
        let bounds = Bounds { time: Duration::from_millis(50), ..small() };
        let _taken = Arc::clone(&bounds.turns).acquire_owned().await.unwrap();

        let said = told(bounds, &post_of(2, "01")).await;

        assert_eq!(said, "HTTP/1.1 408 Request Timeout");
    }
}
