//! `--tokens` and `--open`: who is let in.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use himekuri_coordinator::{Access, Entries, Guard};
use tokio_util::sync::CancellationToken;

/// How often the list is looked at: a token that was taken away is refused within this.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Who is let in.
#[derive(Debug, clap::Args)]
pub(crate) struct AccessArguments {
    /// JSON file with those who are let in: names, roles, titles and hashes of their tokens; `himekuri token` makes its entries.
    /// It is read again when it changes.
    #[arg(long, env = "HIMEKURI_TOKENS", value_name = "FILE", conflicts_with = "open")]
    tokens: Option<PathBuf>,
    /// Lets everybody do everything who reaches the address. Without `--tokens`, needed where that is not this machine alone.
    #[arg(long, env = "HIMEKURI_OPEN")]
    open: bool,
    /// Requests that one caller may make in a second.
    #[arg(long, env = "HIMEKURI_REQUESTS_PER_SECOND", value_name = "N", default_value = "500")]
    requests_per_second: NonZeroU32,
}

impl AccessArguments {
    /// Whom to let in at an address.
    pub(crate) fn guard(&self, listen: SocketAddr) -> anyhow::Result<Guard> {
        let access = match &self.tokens {
            Some(file) => Access::Listed(read(file)?),
            None if self.open || listen.ip().is_loopback() => Access::Open,
            None => bail!(
                "the API would listen on {listen}, and whoever reaches it could do everything; give a list with `--tokens FILE` (`himekuri token` makes its entries), or `--open` if the network keeps others out"
            ),
        };
        Ok(Guard::new(access).with_rate(self.requests_per_second))
    }

    /// Reads the list again when it has changed, until `stop`. A list that cannot be read leaves the one before in force.
    pub(crate) async fn keep(self, guard: Guard, stop: CancellationToken) {
        let Some(file) = self.tokens else { return };
        let mut known = read(&file).ok();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            match read(&file) {
                Ok(entries) if known.as_ref() == Some(&entries) => {}
                Ok(entries) => {
                    tracing::info!("`{}` lets {} in now", file.display(), entries.len());
                    guard.replace(Access::Listed(entries.clone()));
                    known = Some(entries);
                }
                Err(error) => tracing::error!("the list of tokens stays as it was: {error:#}"),
            }
        }
    }
}

fn read(file: &Path) -> anyhow::Result<Entries> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("could not read the list of tokens `{}`", file.display()))?;
    Entries::read(&text)
        .with_context(|| format!("the list of tokens `{}` cannot be used", file.display()))
}
