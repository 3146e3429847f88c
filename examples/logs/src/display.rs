//! Shows the work: a bar per table on a terminal, one line per table elsewhere.
#![expect(clippy::print_stdout, reason = "one line per finished table")]

use std::io::{IsTerminal, stdout};
use std::sync::Mutex;
use std::time::Duration;

use himekuri_example_logs::progress::Made;
use himekuri_example_logs::{Day, Progress, Table};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

/// How often a bar is drawn while nothing happens.
const REDRAW: Duration = Duration::from_millis(200);

/// The bar of the table under way, and what it stands at.
pub(crate) struct Display {
    days: u64,
    terminal: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Display {
    /// `days` per table.
    pub(crate) fn new(days: usize) -> Self {
        Self { days: days as u64, terminal: stdout().is_terminal(), bar: Mutex::new(None) }
    }

    fn with_bar(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        if let Ok(mut bar) = self.bar.lock() {
            act(&mut bar);
        }
    }
}

impl Progress for Display {
    fn table_started(&self, table: Table) {
        if self.terminal {
            let style = ProgressStyle::with_template("{prefix:8} {bar:30} {pos}/{len} days  {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(self.days).with_style(style).with_prefix(table.name());
            bar.enable_steady_tick(REDRAW);
            self.with_bar(|shown| *shown = Some(bar));
        }
    }

    fn day_done(&self, _: Table, day: Day, _: Made) {
        self.with_bar(|bar| {
            if let Some(bar) = bar {
                bar.set_message(day.to_string());
                bar.inc(1);
            }
        });
    }

    fn table_done(&self, table: Table, days: usize, made: Made) {
        self.with_bar(|bar| {
            if let Some(bar) = bar.take() {
                bar.finish_and_clear();
            }
        });
        let (rows, bytes) = (HumanCount(made.rows), HumanBytes(made.bytes));
        println!("{table:8} {days} UTC days, {rows} rows, {bytes}");
    }
}
