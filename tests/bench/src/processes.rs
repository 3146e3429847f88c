//! Programs of the pool as processes of their own, from the folder of this program.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

/// A running program; killed when dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(name: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let program = program(name)?;
        let child = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = child
            .with_context(|| format!("could not start `{}`; build it first", program.display()))?;
        Ok(Self { child })
    }

    /// Sends a signal, such as `-KILL`, by the system's `kill`.
    pub(crate) fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status()?;
        if !status.success() {
            bail!("could not send {signal}");
        }
        Ok(())
    }

    /// What it holds in memory, KiB.
    pub(crate) fn resident_kib(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let text = line.context("the program has ended")?.trim().trim_end_matches("kB").trim();
        Ok(text.parse()?)
    }

    /// Processor time so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Behind the name, which may hold blanks: the state is field 3, user and system time are 14 and 15, in hundredths.
        let (_, behind) = stat.rsplit_once(')').context("not what Linux writes")?;
        let fields: Vec<&str> = behind.split_whitespace().collect();
        let ticks = fields.iter().skip(11).take(2).map(|field| field.parse::<u64>());
        let ticks: u64 = ticks.collect::<Result<Vec<_>, _>>()?.into_iter().sum();
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn program(name: &str) -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}
