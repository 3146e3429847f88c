//! Connections: each request goes to the router, and a fault can close the line in place of an answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tracing::{debug, warn};

use crate::rest::{Hangup, router};
use crate::warehouse::Warehouse;

/// How long to wait for a free file handle.
const ACCEPT_AGAIN: Duration = Duration::from_millis(500);

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault closes the connection")]
struct Closed;

/// Answers requests until the listener fails for good, which it does not.
///
/// # Errors
/// None for now; the type leaves room.
pub async fn serve(listener: TcpListener, warehouse: Arc<Warehouse>) -> io::Result<()> {
    let router = TowerToHyperService::new(router(warehouse));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let router = router.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let answer = router.call(request);
                async move {
                    let Ok(response) = answer.await;
                    match response.extensions().get::<Hangup>() {
                        Some(Hangup) => Err(Closed),
                        None => Ok(response),
                    }
                }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                debug!(%error, "a connection ended early");
            }
        });
    }
}
