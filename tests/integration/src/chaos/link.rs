//! A TCP proxy between one process and one server: it cuts, swallows, holds and slows.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// Bytes passed on at once.
const CHUNK: usize = 16 * 1_024;

/// What happens to bytes. A direction that is not named passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// They pass.
    #[default]
    Pass,
    /// They pass late, and not many at once.
    Slow {
        /// For each piece.
        delay: Duration,
        /// Bytes in a second.
        rate: u32,
    },
    /// They are lost, and nobody learns it. With the next mode the connections that lost some are reset, because their streams are
    /// broken.
    Swallow(Way),
    /// They wait for the next mode, as they do in a network that is split for a while.
    Hold(Way),
}

/// Which bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the process to the server.
    Up,
    /// From the server to the process.
    Down,
    /// All.
    Both,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    mode: Mode,
    /// How often all connections were cut.
    cuts: u64,
}

/// A running proxy.
#[derive(Debug)]
pub(super) struct Link {
    name: String,
    port: u16,
    state: watch::Sender<State>,
    accepting: AbortHandle,
}

impl Link {
    /// A proxy of the server at a port of this machine.
    pub(super) async fn start(name: String, upstream: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr().context("a listener has an address")?.port();
        let (state, watched) = watch::channel(State::default());
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, upstream, watched.clone()));
            }
        });
        Ok(Self { name, port, state, accepting: accepting.abort_handle() })
    }

    /// Whose it is, and to which server.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// From now on.
    pub(super) fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }

    /// Closes all connections with RST.
    pub(super) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Mode {
    fn swallows(self, way: Way) -> bool {
        matches!(self, Self::Swallow(which) if which == way || which == Way::Both)
    }

    fn holds(self, way: Way) -> bool {
        matches!(self, Self::Hold(which) if which == way || which == Way::Both)
    }
}

async fn serve(mut client: TcpStream, upstream: u16, state: watch::Receiver<State>) {
    let cuts = state.borrow().cuts;
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await else {
        // What a closed port would do.
        reset(&client);
        return;
    };
    let is_broken = AtomicBool::new(false);
    let must_reset = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let pipe = |way| Pipe { way, state: state.clone(), is_broken: &is_broken };
        tokio::select! {
            biased;
            () = ends(state.clone(), cuts, &is_broken) => true,
            () = pipe(Way::Up).pump(from_client, to_server) => false,
            () = pipe(Way::Down).pump(from_server, to_client) => false,
        }
    };
    if must_reset {
        reset(&client);
        reset(&server);
    }
}

/// A socket that does not linger is closed with RST.
fn reset(stream: &TcpStream) {
    // A connection that is gone already needs no reset.
    let _gone = stream.set_zero_linger();
}

/// Waits for a cut, or for the end of the mode that has swallowed bytes of this connection.
async fn ends(mut state: watch::Receiver<State>, cuts: u64, is_broken: &AtomicBool) {
    loop {
        {
            let now = state.borrow_and_update();
            let swallows = matches!(now.mode, Mode::Swallow(_));
            if now.cuts > cuts || (is_broken.load(Ordering::Relaxed) && !swallows) {
                return;
            }
        }
        if state.changed().await.is_err() {
            return;
        }
    }
}

struct Pipe<'a> {
    way: Way,
    state: watch::Receiver<State>,
    is_broken: &'a AtomicBool,
}

impl Pipe<'_> {
    /// Passes bytes on until one side closes, and lets the other side know only when bytes would pass.
    async fn pump(mut self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = from.read(&mut chunk).await.unwrap_or(0);
            if !self.may_pass().await {
                if length == 0 {
                    // The end is swallowed, too.
                    self.is_broken.store(true, Ordering::Relaxed);
                    std::future::pending::<()>().await;
                }
                self.is_broken.store(true, Ordering::Relaxed);
                continue;
            }
            if length == 0 || to.write_all(&chunk[..length]).await.is_err() {
                return;
            }
            if let Mode::Slow { delay, rate } = self.mode() {
                let sending = Duration::from_secs_f64(length as f64 / f64::from(rate.max(1)));
                tokio::time::sleep(delay + sending).await;
            }
        }
    }

    /// Waits while bytes are held; whether they pass then, and are not swallowed.
    async fn may_pass(&mut self) -> bool {
        loop {
            let mode = self.mode();
            if mode.swallows(self.way) {
                return false;
            }
            if !mode.holds(self.way) || self.state.changed().await.is_err() {
                return true;
            }
        }
    }

    fn mode(&mut self) -> Mode {
        self.state.borrow_and_update().mode
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says what it hears.
    async fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        port
    }

    async fn connected() -> (Link, TcpStream) {
        let link = Link::start("test".to_owned(), echo().await).await.unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, link.port())).await.unwrap();
        assert_eq!(ask(&mut stream, b"1").await, b'1');
        (link, stream)
    }

    async fn ask(stream: &mut TcpStream, text: &[u8]) -> u8 {
        stream.write_all(text).await.unwrap();
        stream.read_u8().await.unwrap()
    }

    #[tokio::test]
    async fn a_cut_resets_the_connection_and_the_next_one_works() {
        let (link, mut stream) = connected().await;

        link.cut();

        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        let mut next = TcpStream::connect((Ipv4Addr::LOCALHOST, link.port())).await.unwrap();
        assert_eq!(ask(&mut next, b"2").await, b'2');
    }

    #[tokio::test]
    async fn held_bytes_arrive_when_the_network_is_whole_again() {
        let (link, mut stream) = connected().await;

        link.set(Mode::Hold(Way::Down));
        stream.write_all(b"2").await.unwrap();
        let early = tokio::time::timeout(Duration::from_millis(200), stream.read_u8()).await;
        link.set(Mode::Pass);

        assert!(early.is_err());
        assert_eq!(stream.read_u8().await.unwrap(), b'2');
    }

    #[tokio::test]
    async fn a_connection_that_lost_bytes_is_silent_and_then_reset() {
        let (link, mut stream) = connected().await;

        link.set(Mode::Swallow(Way::Up));
        stream.write_all(b"2").await.unwrap();
        let early = tokio::time::timeout(Duration::from_millis(200), stream.read_u8()).await;
        link.set(Mode::Pass);

        assert!(early.is_err());
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}
