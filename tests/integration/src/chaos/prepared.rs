//! What all scenarios share: a warehouse's folder with the raw logs, and what a quiet run makes of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use jiff::ToSpan;
use jiff::civil::Date;
use tempfile::TempDir;
use tokio::process::Command;

use super::{MARTS, TITLES, WORKFLOW, gcp_project};
use crate::process::{program, repository};
use crate::warehouse::{Partition, WarehouseProcess};

/// Logs on the disk, and the quiet result.
#[derive(Debug)]
pub struct Prepared {
    folder: TempDir,
    /// First date of the logs.
    pub(super) first: Date,
    /// Last date of the logs.
    pub(super) last: Date,
    /// Every partition as it must be, by `project.table$day`.
    pub(super) quiet: BTreeMap<String, Partition>,
}

impl Prepared {
    /// Makes the logs of so many dates, and runs both titles once on them without any fault.
    ///
    /// # Errors
    /// The programs were not built, or the quiet run fails.
    pub async fn new(dates: u8) -> anyhow::Result<Self> {
        let first: Date = "2019-09-01".parse()?;
        let last = first.checked_add((i64::from(dates.max(1)) - 1).days())?;
        let folder = tempfile::Builder::new().prefix("himekuri-chaos-").tempdir()?;
        let logs = folder.path().join("logs");
        WarehouseProcess::start(&logs, &first.to_string(), &last.to_string())
            .await
            .context("could not load the raw logs")?
            .close()
            .await?;
        let mut prepared = Self { folder, first, last, quiet: BTreeMap::new() };
        prepared.quiet = prepared.quiet_run().await.context("the quiet run failed")?;
        Ok(prepared)
    }

    /// A warehouse of its own with the logs; `folder` must not exist.
    pub(super) async fn warehouse(&self, folder: &Path) -> anyhow::Result<WarehouseProcess> {
        copy(&self.folder.path().join("logs"), folder)
            .with_context(|| format!("could not copy the logs to `{}`", folder.display()))?;
        WarehouseProcess::open(folder).await
    }

    /// How many dates there are.
    pub(super) fn dates(&self) -> i64 {
        i64::from((self.last - self.first).get_days()) + 1
    }

    /// Of the dates, counted from 0.
    pub(super) fn date(&self, index: i64) -> anyhow::Result<Date> {
        Ok(self.first.checked_add(index.days())?)
    }

    async fn quiet_run(&self) -> anyhow::Result<BTreeMap<String, Partition>> {
        let data = self.folder.path().join("quiet");
        let warehouse = self.warehouse(&data).await?;
        let session = self.last.checked_add(1.day())?.to_string();
        for title in TITLES {
            let run = Command::new(program("himekuri")?)
                .arg("run")
                .arg(repository().join("examples").join(title))
                .args([WORKFLOW, "--session", &session, "--bigquery", warehouse.url()])
                .args(["--override", &format!("START_DATE={}", self.first)])
                .args(["--override", &format!("END_DATE={}", self.last)])
                .stdin(Stdio::null())
                .output()
                .await?;
            if !run.status.success() {
                bail!("`himekuri run {title}`: {}", String::from_utf8_lossy(&run.stderr));
            }
        }
        let quiet = marts(&warehouse).await?;
        // So few users buy nothing on some dates, and a partition without rows is not listed.
        let least = TITLES.len() * (MARTS.len() - 1) * usize::try_from(self.dates())?;
        if quiet.len() < least {
            bail!("it made {} partitions, and {least} is the least", quiet.len());
        }
        warehouse.close().await?;
        std::fs::remove_dir_all(&data)?;
        Ok(quiet)
    }
}

/// The marts of both titles, by `project.table$day`.
pub(super) async fn marts(
    warehouse: &WarehouseProcess,
) -> anyhow::Result<BTreeMap<String, Partition>> {
    let mut all = BTreeMap::new();
    for title in TITLES {
        all.extend(warehouse.marts(&gcp_project(title)).await?);
    }
    Ok(all)
}

/// Copies a folder with all that is in it.
pub(super) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
