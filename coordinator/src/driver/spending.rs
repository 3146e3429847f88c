//! Counts what titles are billed, and holds back the jobs of one that has spent what it may.
//!
//! The count is kept apart from the attempts' logs and written every few seconds: after a leader's death it may lack its last
//! ones, and a report whose commit failed may be in it twice.

use std::collections::{BTreeMap, BTreeSet};

use himekuri_cost::{Bytes, Spending};
use himekuri_protocol::{AttemptId, Outcome};
use himekuri_store::{RecordKind, StoreError};
use himekuri_telemetry::{KeyValue, gauges, metrics::marts::BUDGET_USED};
use jiff::Timestamp;

use super::Driver;

/// What titles with a limit were billed.
#[derive(Debug, Default)]
pub(super) struct Spent {
    by_title: BTreeMap<String, Spending>,
    /// What the store does not know of yet.
    unwritten: BTreeSet<String>,
    /// Titles whose jobs wait.
    held: BTreeSet<String>,
}

impl Driver {
    pub(super) fn note_billed(&mut self, id: AttemptId, outcome: &Outcome, now: Timestamp) {
        let Outcome::Succeeded { job: Some(job), .. } = outcome else { return };
        let Some(billed) = job.total_bytes_billed.filter(|bytes| *bytes > 0) else { return };
        let Some(title) = self.live.get(&id).map(|live| live.summary.project.clone()) else {
            return;
        };
        if self.parts.spending.of(&title).is_none() {
            return;
        }
        self.spent.by_title.entry(title.clone()).or_default().add(Bytes(billed), now);
        self.spent.unwritten.insert(title.clone());
        self.judge(&title, now);
    }

    /// Writes what is new, and lets titles go on that may.
    pub(super) async fn keep_spending(&mut self, now: Timestamp) {
        for title in std::mem::take(&mut self.spent.unwritten) {
            if let Err(error) = self.write_spending(&title).await {
                tracing::warn!(
                    "could not write what {title} was billed; it is tried again: {error:#}"
                );
                self.spent.unwritten.insert(title);
            }
        }
        for title in self.spent.held.clone() {
            self.judge(&title, now);
        }
    }

    /// Shows which part of its limit each title was billed.
    pub(super) fn show_spending(&self, now: Timestamp) {
        let shares = self.spent.by_title.iter().filter_map(|(title, spending)| {
            let limit = self.parts.spending.of(title)?;
            #[expect(clippy::cast_precision_loss, reason = "a share needs no precision")]
            let share = spending.of_the_day(now).0 as f64 / limit.0.max(1) as f64;
            Some((vec![KeyValue::new("title", title.clone())], share))
        });
        gauges::replace(&BUDGET_USED, shares.collect());
    }

    pub(super) async fn read_spending(&mut self) -> Result<(), StoreError> {
        for (title, json) in self.parts.store.records(RecordKind::Spending).await? {
            match serde_json::from_str(&json) {
                Ok(spending) => {
                    self.spent.by_title.insert(title.clone(), spending);
                    self.judge(&title, self.parts.clock.now());
                }
                Err(error) => tracing::error!("what {title} was billed cannot be read: {error}"),
            }
        }
        Ok(())
    }

    async fn write_spending(&self, title: &str) -> anyhow::Result<()> {
        let Some(spending) = self.spent.by_title.get(title) else { return Ok(()) };
        let json = serde_json::to_string(spending)?;
        let (epoch, kind) = (self.parts.epoch, RecordKind::Spending);
        Ok(self.parts.store.put_record(epoch, kind, title, Some(&json)).await?)
    }

    fn judge(&mut self, title: &str, now: Timestamp) {
        let spending = self.spent.by_title.get(title);
        let limit = self.parts.spending.of(title);
        let until = spending.zip(limit).and_then(|(spending, limit)| {
            let until = spending.below_at(limit, now)?;
            Some((limit, spending.of_the_day(now), until))
        });
        match until {
            Some((limit, spent, until)) => {
                if self.spent.held.insert(title.to_owned()) {
                    tracing::warn!(
                        title,
                        "{title} was billed {spent} in 24 hours and may be billed {limit}: its jobs wait until {until}; to let them go on, start the coordinator with a higher `--title-bytes-per-day`"
                    );
                    self.dispatcher.set_spent(title, true);
                }
            }
            None => {
                if self.spent.held.remove(title) {
                    tracing::info!(title, "{title} may be billed again: its jobs go on");
                    self.dispatcher.set_spent(title, false);
                }
            }
        }
    }
}
