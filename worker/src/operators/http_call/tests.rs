//! Against a server in the test, friendly and hostile.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{any, get};
use futures::stream;
use himekuri_protocol::{HttpBody, HttpRequest, Outcome};

use super::{DOCUMENT_BYTES_MAX, run};

const YAML: [(&str, &str); 1] = [("content-type", "application/x-yaml; charset=UTF-8")];

/// Says back what it was asked, as a document.
async fn echo(request: Request) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1_000).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let header =
        |name: &str| parts.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (mark, kind) = (header("x-mark"), header("content-type"));
    (YAML, format!("{} {} {mark} {kind} {body}", parts.method, parts.uri))
}

async fn endless() -> impl IntoResponse {
    let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'a'; 8_192]));
    (YAML, Body::from_stream(chunks))
}

async fn server() -> String {
    let app = Router::new()
        .route("/echo", any(echo))
        .route("/no-type", get(|| async { Body::from("+a: {}") }))
        .route(
            "/latin",
            get(|| async { ([("content-type", "application/x-yaml;charset=latin1")], "") }),
        )
        .route("/bytes", get(|| async { (YAML, vec![0xff_u8, 0xfe]) }))
        .route("/largest", get(|| async { (YAML, "a".repeat(DOCUMENT_BYTES_MAX)) }))
        .route("/too-large", get(|| async { (YAML, "a".repeat(DOCUMENT_BYTES_MAX + 1)) }))
        .route("/endless", get(endless))
        .route("/away", get(|| async { Redirect::temporary("/echo") }))
        .route("/circle", get(|| async { Redirect::temporary("/circle") }))
        .route("/busy", any(|| async { StatusCode::TOO_MANY_REQUESTS }))
        .route("/broken", any(|| async { StatusCode::INTERNAL_SERVER_ERROR }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

fn ask(uri: String) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        uri,
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        follow_redirects: true,
        retry: true,
        content_type_override: None,
    }
}

/// The document, or why there is none.
fn said(outcome: Outcome, server: &str) -> String {
    match outcome {
        Outcome::Fetched { document } => format!("{}: {}", document.media_type, document.text),
        Outcome::Failed { error } => format!("failed: {}", error.message.replace(server, "S")),
        Outcome::Unreachable { error } => format!("again: {}", error.message.replace(server, "S")),
        Outcome::Submitted { .. } | Outcome::Succeeded { .. } | Outcome::NotYet => {
            panic!("{outcome:?}")
        }
    }
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_described_and_its_document_comes_back() {
    let server = server().await;
    let mut request = ask(format!("{server}/echo"));
    request.method = "POST".to_owned();
    request.query = vec![("a".to_owned(), "1 2".to_owned()), ("a".to_owned(), "3".to_owned())];
    request.headers = vec![("x-mark".to_owned(), "m".to_owned())];
    let (text, content_type) = ("{\"k\":1}".to_owned(), "application/json".to_owned());
    request.body = Some(HttpBody { text, content_type });

    let document = said(run(&request).await, &server);

    let expected = "application/x-yaml: POST /echo?a=1+2&a=3 m application/json {\"k\":1}";
    assert_eq!(document, expected);
}

#[tokio::test]
async fn answers_that_are_no_document_fail_and_a_server_that_cannot_answer_is_asked_again() {
    let server = server().await;
    let cases = [
        (
            "/no-type",
            "failed: `S/no-type` does not say what it answers with; set `content_type_override: application/x-yaml`",
        ),
        ("/latin", "failed: `S/latin` answered in `latin1`; only UTF-8 is read"),
        ("/bytes", "failed: `S/bytes` answered with what is not UTF-8"),
        ("/too-large", "failed: `S/too-large` answered with more than 64 KiB"),
        ("/endless", "failed: `S/endless` answered with more than 64 KiB"),
        ("/circle", "failed: `S/circle` redirects more than 8 times"),
        ("/nothing", "failed: `S/nothing` answered 404 Not Found"),
        ("/busy", "again: `S/busy` answered 429 Too Many Requests"),
        ("/broken", "again: `S/broken` answered 500 Internal Server Error"),
    ];
    for (path, expected) in cases {
        assert_eq!(said(run(&ask(format!("{server}{path}"))).await, &server), expected);
    }
    let largest = said(run(&ask(format!("{server}/largest"))).await, &server);
    assert_eq!(largest.len(), "application/x-yaml: ".len() + DOCUMENT_BYTES_MAX);
}

#[tokio::test]
async fn redirects_are_followed_unless_the_task_says_no() {
    let server = server().await;
    let mut request = ask(format!("{server}/away"));
    assert_eq!(said(run(&request).await, &server), "application/x-yaml: GET /echo   ");

    request.follow_redirects = false;

    let refused = said(run(&request).await, &server);
    assert_eq!(refused, "failed: `S/away` answered 307 Temporary Redirect");
}

#[tokio::test]
async fn without_retry_a_server_that_cannot_answer_fails_the_try() {
    let server = server().await;
    let request = HttpRequest { retry: false, ..ask(format!("{server}/broken")) };

    let failed = said(run(&request).await, &server);

    assert_eq!(failed, "failed: `S/broken` answered 500 Internal Server Error");
}

#[tokio::test]
async fn a_media_type_can_be_given_by_the_task() {
    let server = server().await;
    let mut request = ask(format!("{server}/no-type"));
    request.content_type_override = Some("application/JSON".to_owned());

    assert_eq!(said(run(&request).await, &server), "application/json: +a: {}");
}

#[tokio::test]
async fn errors_hold_neither_name_nor_password_nor_parameters() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for uri in [
        format!("http://user:secret@{closed}/p?token=secret#secret"),
        "ftp://user:secret@host/p?token=secret".to_owned(),
        "secret".to_owned(),
    ] {
        let message = said(run(&ask(uri)).await, "");

        assert!(!message.contains("secret"), "{message}");
    }
}
