//! OTLP over HTTP with the HTTP client that the workspace has already: OpenTelemetry's own would bring a second one.

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// Sends from the threads of OpenTelemetry's processors, on the runtime of the program.
#[derive(Clone, Debug)]
pub(crate) struct OtlpClient {
    http: reqwest::Client,
    runtime: Handle,
}

impl OtlpClient {
    pub(crate) fn new(runtime: Handle) -> Result<Self, reqwest::Error> {
        let http =
            reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?;
        Ok(Self { http, runtime })
    }
}

#[async_trait]
impl HttpClient for OtlpClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let answer = http.execute(request).await?;
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            *response.body_mut() = answer.bytes().await?;
            Ok::<_, reqwest::Error>(response)
        });
        Ok(sent.await??)
    }
}
