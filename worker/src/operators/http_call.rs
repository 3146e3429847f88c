//! `http_call>`: fetches a workflow (digdag `HttpCallOperatorFactory`, `HttpOperatorFactory`).
//!
//! What is wrong with the request or the document fails the try. A server that could not be asked, or that says it
//! cannot answer now, is asked again with the same try, as digdag does without end. Log lines and errors name host and
//! path only: the rest of an address may hold what nobody else should read.

use std::time::Duration;

use himekuri_protocol::{DOCUMENT_BYTES_MAX, Document, HttpRequest, Outcome, TaskError};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode, Url};

/// From the request to the last byte of the document: digdag's, well within a delivery.
const TIMEOUT: Duration = Duration::from_secs(30);

/// digdag's.
const REDIRECTS_MAX: usize = 8;

/// Why there is no document.
enum Failure {
    /// The same request gives the same.
    Final(String),
    /// The server may answer later.
    Ephemeral(String),
}

pub(crate) async fn run(request: &HttpRequest) -> Outcome {
    match fetch(request).await {
        Ok(document) => Outcome::Fetched { document },
        Err(Failure::Ephemeral(message)) if request.retry => {
            Outcome::Unreachable { error: error(message) }
        }
        Err(Failure::Ephemeral(message) | Failure::Final(message)) => {
            Outcome::Failed { error: error(message) }
        }
    }
}

async fn fetch(request: &HttpRequest) -> Result<Document, Failure> {
    let url = Url::parse(&request.uri)
        .map_err(|problem| Failure::Final(format!("the address cannot be read: {problem}")))?;
    let place = shown(&url);
    if !matches!(url.scheme(), "http" | "https") {
        let message = format!("`{place}` must begin with `http://` or `https://`");
        return Err(Failure::Final(message));
    }
    let response = send(request, url).await.map_err(|problem| failed(&place, &problem))?;
    judge(response.status(), &place)?;
    let media_type = media_type(request, &response, &place)?;
    let text = read(response, &place).await?;
    Ok(Document { media_type, text })
}

async fn send(request: &HttpRequest, url: Url) -> Result<Response, reqwest::Error> {
    let redirects = match request.follow_redirects {
        true => Policy::limited(REDIRECTS_MAX),
        false => Policy::none(),
    };
    let client = Client::builder()
        .timeout(TIMEOUT)
        .redirect(redirects)
        .user_agent(concat!("himekuri/", env!("CARGO_PKG_VERSION")))
        .build()?;
    let method = Method::from_bytes(request.method.as_bytes()).unwrap_or(Method::GET);
    let mut sent = client.request(method, url);
    if !request.query.is_empty() {
        sent = sent.query(&request.query);
    }
    if let Some(body) = &request.body {
        sent = sent.header(CONTENT_TYPE, &body.content_type).body(body.text.clone());
    }
    for (name, value) in &request.headers {
        sent = sent.header(name, value);
    }
    sent.send().await
}

/// The error's own text repeats the address.
fn failed(place: &str, problem: &reqwest::Error) -> Failure {
    if problem.is_redirect() {
        return Failure::Final(format!("`{place}` redirects more than {REDIRECTS_MAX} times"));
    }
    if problem.is_builder() {
        let message = format!("the request to `{place}` cannot be made: a header is not valid");
        return Failure::Final(message);
    }
    let what = if problem.is_timeout() {
        format!("did not answer within {} s", TIMEOUT.as_secs())
    } else if problem.is_connect() {
        "cannot be connected to".to_owned()
    } else {
        "broke off its answer".to_owned()
    };
    Failure::Ephemeral(format!("`{place}` {what}"))
}

fn judge(status: StatusCode, place: &str) -> Result<(), Failure> {
    let message = format!("`{place}` answered {status}");
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Err(Failure::Ephemeral(message))
        }
        status if status.is_server_error() => Err(Failure::Ephemeral(message)),
        _ => Err(Failure::Final(message)),
    }
}

fn media_type(request: &HttpRequest, response: &Response, place: &str) -> Result<String, Failure> {
    let said = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(said) = request.content_type_override.as_deref().or(said) else {
        let message = format!(
            "`{place}` does not say what it answers with; set `content_type_override: application/x-yaml`"
        );
        return Err(Failure::Final(message));
    };
    let mut parts = said.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("charset"));
    let charset = charset.map(|(_, charset)| charset.trim_matches('"').to_ascii_lowercase());
    match charset.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(media_type),
        Some(other) => {
            let message = format!("`{place}` answered in `{other}`; only UTF-8 is read");
            Err(Failure::Final(message))
        }
    }
}

/// Stops reading at the limit, however much there is.
async fn read(mut response: Response, place: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(problem) => return Err(failed(place, &problem)),
        }
        if bytes.len() > DOCUMENT_BYTES_MAX {
            let message =
                format!("`{place}` answered with more than {} KiB", DOCUMENT_BYTES_MAX / 1_024);
            return Err(Failure::Final(message));
        }
    }
    String::from_utf8(bytes)
        .map_err(|_| Failure::Final(format!("`{place}` answered with what is not UTF-8")))
}

/// Host and path: a name, a password or the parameters may be secret.
fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

fn error(message: String) -> TaskError {
    TaskError { reason: "httpCall".to_owned(), message, job: None }
}

#[cfg(test)]
mod tests;
