//! Serves the API over HTTP/1.1, with bounds on what a client may take of the coordinator: connections, and time to say what it
//! wants. What a request may bring is bounded in `api/bounds.rs`.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Bounds of the server.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Open at a time; others wait to be accepted. Each costs a file descriptor, of which a process may have 1,024 by default.
    connections: usize,
    /// Longest wait for the head of a request, also on a connection that is kept open for a next one. Clients of ours need
    /// milliseconds.
    head: Duration,
    /// Bytes of a head, and of what is read ahead.
    head_bytes: usize,
    /// How long a stop waits for answers under way: a pool gives its programs 10 s to end.
    drain: Duration,
    /// Pause when the system gives no more connections.
    pause: Duration,
}

const BOUNDS: Bounds = Bounds {
    connections: 512,
    head: Duration::from_secs(30),
    head_bytes: 64 * 1_024,
    drain: Duration::from_secs(8),
    pause: Duration::from_millis(100),
};

/// Answers requests until `stop` is cancelled; requests under way are then given a few seconds.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    serve_within(BOUNDS, listener, router, stop).await;
}

async fn serve_within(
    bounds: Bounds,
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = open.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                let answering = answer(bounds, stream, router.clone(), stop.clone());
                open.spawn(async move {
                    answering.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("the API could not accept a connection: {error}");
                tokio::time::sleep(bounds.pause).await;
            }
        }
    }
    drop(listener);
    let drained = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(bounds.drain, drained).await.is_err() {
        tracing::warn!("{} requests were not answered in time for the stop", open.len());
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn answer(bounds: Bounds, stream: TcpStream, router: Router, stop: CancellationToken) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .max_buf_size(bounds.head_bytes);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection of the API ended: {error}");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::*;

    /// Longest wait for something that must happen.
    const LIMIT: Duration = Duration::from_secs(60);
    const GET: &[u8] = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";

    struct Server {
        address: std::net::SocketAddr,
        stop: CancellationToken,
        ended: tokio::task::JoinHandle<()>,
    }

    async fn start(bounds: Bounds, router: Router) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let ended = tokio::spawn(serve_within(bounds, listener, router, stop.clone()));
        Server { address, stop, ended }
    }

    fn livez() -> Router {
        Router::new().route("/livez", get(|| async { "ok" }))
    }

    /// Sends this and reads until the server closes.
    async fn tell(server: &Server, words: &[u8]) -> String {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(words).await.unwrap();
        let mut answer = Vec::new();
        // A reset is an end too.
        let _end = timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("it stays open");
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn who_does_not_finish_the_head_of_a_request_is_cut_off() {
        let server = start(Bounds { head: Duration::from_millis(50), ..BOUNDS }, livez()).await;

        assert!(!tell(&server, b"GET /livez HTTP/1.1\r\nhost: x\r\n").await.contains("200 OK"));
        assert!(!tell(&server, b"").await.contains("200 OK"));
        assert!(tell(&server, GET).await.contains("200 OK"));
    }

    #[tokio::test]
    async fn a_head_of_megabytes_is_refused() {
        let server = start(BOUNDS, livez()).await;
        let long = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));

        assert!(!tell(&server, long.as_bytes()).await.contains("200 OK"));
    }

    #[tokio::test]
    async fn one_connection_more_waits_until_another_ends() {
        let server = start(Bounds { connections: 1, ..BOUNDS }, livez()).await;
        let mut first = TcpStream::connect(server.address).await.unwrap();
        first.write_all(GET).await.unwrap();
        assert!(first.read(&mut [0; 1_024]).await.unwrap() > 0);
        let mut second = TcpStream::connect(server.address).await.unwrap();
        second.write_all(GET).await.unwrap();
        assert_eq!(
            second.try_read(&mut [0; 1]).unwrap_err().kind(),
            std::io::ErrorKind::WouldBlock
        );

        drop(first);

        assert!(timeout(LIMIT, second.read(&mut [0; 1_024])).await.unwrap().unwrap() > 0);
    }

    #[tokio::test]
    async fn a_stop_waits_for_the_answer_that_is_under_way_and_for_nothing_else() {
        let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (asked_there, go_there) = (Arc::clone(&asked), Arc::clone(&go));
        let slow = move || {
            let (asked, go) = (Arc::clone(&asked_there), Arc::clone(&go_there));
            async move {
                asked.notify_one();
                go.notified().await;
                "ok"
            }
        };
        let server = start(BOUNDS, Router::new().route("/livez", get(slow))).await;
        let _idle = TcpStream::connect(server.address).await.unwrap();
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(GET).await.unwrap();
        asked.notified().await;

        server.stop.cancel();
        go.notify_one();

        timeout(LIMIT, server.ended).await.unwrap().unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("200 OK"), "{answer}");
    }
}
