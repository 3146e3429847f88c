//! A process that is started again whenever it ends, as Kubernetes would do it.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::process::program;

/// Between an end and the next start, in turn: at once, as Kubernetes does it first, and later than a lease lasts, as after its
/// back-off. A coordinator that is back at once takes its own lease again, and no standby has its turn.
const START_AGAIN_AFTER: [Duration; 3] =
    [Duration::from_millis(700), Duration::from_secs(9), Duration::from_secs(3)];

/// What is started.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    /// For people.
    pub(super) name: String,
    /// Program of the workspace.
    pub(super) program: &'static str,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// Environment on top of ours.
    pub(super) environment: Vec<(String, String)>,
    /// Takes its standard error.
    pub(super) log: PathBuf,
}

/// A process under supervision; it ends for good when this is dropped.
#[derive(Debug)]
pub(super) struct Supervised {
    name: String,
    state: Arc<Mutex<State>>,
    restarts: Arc<AtomicU64>,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    pid: Option<u32>,
    /// Why it could not be started again.
    failed: Option<String>,
}

/// What can be sent to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Send {
    /// Ends at once.
    Kill,
    /// Asks to end.
    Terminate,
    /// Freezes.
    Stop,
    /// Goes on.
    Continue,
}

impl Supervised {
    /// Starts it.
    pub(super) fn start(recipe: Recipe) -> anyhow::Result<Self> {
        let name = recipe.name.clone();
        let child = spawn(&recipe)?;
        let state = Arc::new(Mutex::new(State { pid: child.id(), failed: None }));
        let restarts = Arc::new(AtomicU64::new(0));
        let stop = CancellationToken::new();
        let work =
            supervise(recipe, child, Arc::clone(&state), Arc::clone(&restarts), stop.clone());
        tokio::spawn(work);
        Ok(Self { name, state, restarts, stop })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How often it was started again.
    pub(super) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// The process, while there is one.
    pub(super) fn pid(&self) -> Option<u32> {
        locked(&self.state).pid
    }

    /// Why there will never be a process again.
    pub(super) fn failed(&self) -> Option<String> {
        locked(&self.state).failed.clone()
    }

    /// Sends a signal. The process that got it; none if it has just ended.
    pub(super) async fn send(&self, signal: Send) -> anyhow::Result<Option<u32>> {
        let Some(pid) = self.pid() else { return Ok(None) };
        Ok(send(pid, signal).await?.then_some(pid))
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Sends a signal by the system's `kill`; whether the process was there.
pub(super) async fn send(pid: u32, signal: Send) -> anyhow::Result<bool> {
    let flag = match signal {
        Send::Kill => "-KILL",
        Send::Terminate => "-TERM",
        Send::Stop => "-STOP",
        Send::Continue => "-CONT",
    };
    let mut kill = Command::new("kill");
    kill.args([flag, &pid.to_string()]).stderr(Stdio::null());
    Ok(kill.status().await.context("could not run `kill`")?.success())
}

async fn supervise(
    recipe: Recipe,
    mut child: Child,
    state: Arc<Mutex<State>>,
    restarts: Arc<AtomicU64>,
    stop: CancellationToken,
) {
    for pause in START_AGAIN_AFTER.into_iter().cycle() {
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                // Gone already is fine.
                let _killed = child.kill().await;
                return;
            }
            _ended = child.wait() => locked(&state).pid = None,
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        match spawn(&recipe) {
            Ok(next) => child = next,
            Err(error) => {
                locked(&state).failed = Some(format!("{error:#}"));
                return;
            }
        }
        restarts.fetch_add(1, Ordering::Relaxed);
        locked(&state).pid = child.id();
    }
}

fn spawn(recipe: &Recipe) -> anyhow::Result<Child> {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(&recipe.log)
        .with_context(|| format!("could not open `{}`", recipe.log.display()))?;
    let path = program(recipe.program)?;
    if !path.is_file() {
        bail!("`{}` is not a program", path.display());
    }
    Command::new(path)
        .args(&recipe.arguments)
        .envs(recipe.environment.iter().map(|(key, value)| (key, value)))
        .env("RUST_LOG", "himekuri_worker=debug,himekuri_coordinator=debug,info,lapin=error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("could not start `{}`", recipe.program))
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
