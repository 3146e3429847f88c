//! Settings of the dispatcher on the command line.

use std::str::FromStr;

use himekuri_coordinator::SpendingLimits;
use himekuri_cost::Bytes;
use himekuri_engine::{Class, Limits, LimitsError};
use jiff::SignedDuration;

/// How much may be out at once. All windows count tasks that are dispatched and not decided.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Windows (tasks that may be out at once)")]
pub(crate) struct DispatchArguments {
    /// Tasks of the whole pool.
    #[arg(
        long,
        env = "HIMEKURI_WINDOW",
        value_name = "TASKS",
        default_value_t = Limits::default().window
    )]
    window: usize,
    /// Tasks of scheduled sessions and of those started by hand [default: all of the pool's].
    #[arg(long, env = "HIMEKURI_SCHEDULED_WINDOW", value_name = "TASKS")]
    scheduled_window: Option<usize>,
    /// Tasks of backfills [default: nine tenths of the pool's].
    #[arg(long, env = "HIMEKURI_BACKFILL_WINDOW", value_name = "TASKS")]
    backfill_window: Option<usize>,
    /// Share of backfills where they and scheduled sessions both want the free places, percent, 1 to 50.
    #[arg(
        long,
        env = "HIMEKURI_BACKFILL_SHARE",
        value_name = "PERCENT",
        default_value_t = Limits::default().backfill_share
    )]
    backfill_share: u8,
    /// Tasks of one title: N for all titles, NAME=N for one; may be repeated, or separated by commas [default: four fifths
    /// of the pool's].
    #[arg(long, env = "HIMEKURI_TITLE_WINDOW", value_name = "[NAME=]TASKS", value_delimiter = ',')]
    title_window: Vec<Setting<usize>>,
    /// Turns of a title for one turn of the others, 1 to 1000; may be repeated, or separated by commas.
    #[arg(long, env = "HIMEKURI_TITLE_WEIGHT", value_name = "NAME=TURNS", value_delimiter = ',')]
    title_weight: Vec<Setting<usize>>,
    /// Tasks of one GCP project in one location: N for all, ID=N for one; may be repeated, or separated by commas
    /// [default: 800, of the 1000 queries that BigQuery queues].
    #[arg(
        long,
        env = "HIMEKURI_GCP_PROJECT_WINDOW",
        value_name = "[ID=]TASKS",
        value_delimiter = ','
    )]
    gcp_project_window: Vec<Setting<usize>>,
    /// Tasks that write one table, each another partition of it.
    #[arg(
        long,
        env = "HIMEKURI_TABLE_WINDOW",
        value_name = "TASKS",
        default_value_t = Limits::default().table
    )]
    table_window: usize,
    /// Seconds for which a write counts in the window of its table after its end. BigQuery counts the writes of 10 s; on a
    /// local warehouse, 0 is faster.
    #[arg(
        long,
        env = "HIMEKURI_TABLE_INTERVAL",
        value_name = "SECONDS",
        default_value_t = Limits::default().table_interval.as_secs(),
        value_parser = clap::value_parser!(i64).range(0..=3_600)
    )]
    table_interval: i64,
    /// Bytes that one title may be billed in 24 hours, such as 10TiB: BYTES for all titles, NAME=BYTES for one; may be
    /// repeated, or separated by commas. Jobs of a title that has spent them wait [default: no limit].
    #[arg(
        long,
        env = "HIMEKURI_TITLE_BYTES_PER_DAY",
        value_name = "[NAME=]BYTES",
        value_delimiter = ','
    )]
    title_bytes_per_day: Vec<Setting<Bytes>>,
    /// Ready tasks of one attempt that may be evaluated and then have to wait.
    #[arg(
        long,
        env = "HIMEKURI_LOOK_AHEAD",
        value_name = "TASKS",
        default_value_t = Limits::default().look_ahead
    )]
    look_ahead: usize,
}

/// A number for all, or for one by name.
#[derive(Clone, Debug)]
struct Setting<T> {
    name: Option<String>,
    number: T,
}

impl<T: FromStr<Err: std::fmt::Display>> FromStr for Setting<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = match text.rsplit_once('=') {
            Some((name, number)) => (Some(name.to_owned()), number),
            None => (None, text),
        };
        match number.parse() {
            Ok(number) => Ok(Self { name, number }),
            Err(error) => Err(format!("`{number}`: {error}; write it alone or as NAME=NUMBER")),
        }
    }
}

impl DispatchArguments {
    /// What titles may be billed.
    pub(crate) fn spending(&self) -> SpendingLimits {
        let mut limits = SpendingLimits::default();
        for Setting { name, number } in &self.title_bytes_per_day {
            match name {
                Some(name) => drop(limits.titles.insert(name.clone(), *number)),
                None => limits.title = Some(*number),
            }
        }
        limits
    }

    /// The limits that were asked for.
    pub(crate) fn limits(self) -> Result<Limits, LimitsError> {
        let mut limits = Limits {
            window: self.window,
            scheduled: self.scheduled_window,
            backfill: self.backfill_window,
            backfill_share: self.backfill_share,
            table: self.table_window,
            table_interval: SignedDuration::from_secs(self.table_interval),
            look_ahead: self.look_ahead,
            ..Limits::default()
        };
        for Setting { name, number } in self.title_window {
            match name {
                Some(name) => drop(limits.titles.insert(name, number)),
                None => limits.title = Some(number),
            }
        }
        for Setting { name, number } in self.title_weight {
            let weight = u32::try_from(number).unwrap_or(u32::MAX);
            match name {
                Some(name) => drop(limits.weights.insert(name, weight)),
                None => return Err(LimitsError::NoTitle { weight }),
            }
        }
        for Setting { name, number } in self.gcp_project_window {
            match name {
                Some(name) => drop(limits.gcp_projects.insert(name, number)),
                None => limits.gcp_project = number,
            }
        }
        limits.validate()?;
        Ok(limits)
    }
}

/// Tells the windows that count.
pub(crate) fn log_windows(limits: &Limits) {
    tracing::info!(
        window.pool = limits.window,
        window.scheduled = limits.class_window(Class::Scheduled),
        window.backfill = limits.class_window(Class::Backfill),
        window.title = limits.title_window(""),
        window.titles = ?limits.titles,
        window.gcp_project = limits.gcp_project,
        window.gcp_projects = ?limits.gcp_projects,
        window.table = limits.table,
        window.table_interval = %limits.table_interval,
        backfill.share = limits.backfill_share,
        weights = ?limits.weights,
        "up to {} tasks are out at once",
        limits.window
    );
}
