//! How fresh each mart is: the newest partition that was written well. The store remembers it, so that a new leader knows it.

use std::collections::{BTreeMap, BTreeSet};

use himekuri_engine::{Record, Task};
use himekuri_protocol::TableReference;
use himekuri_store::{RecordKind, StoreError};
use himekuri_telemetry::metrics::marts::{LAST_SUCCESS, NEWEST_PARTITION};
use himekuri_telemetry::{KeyValue, gauges};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::Driver;

/// Marts of a workflow that are remembered: a workflow with more writes tables whose names have dates in them.
const MARTS_MAX: usize = 1_000;

/// What is known of one mart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Mart {
    /// Begin of its newest partition, as if its digits were UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest: Option<Timestamp>,
    /// When one was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written_at: Option<Timestamp>,
}

/// All marts, by `title/workflow`.
#[derive(Debug, Default)]
pub(super) struct Marts {
    known: BTreeMap<String, BTreeMap<String, Mart>>,
    /// What the store does not know of yet.
    unwritten: BTreeSet<String>,
    /// Whether the gauges are behind.
    changed: bool,
}

impl Marts {
    /// A task of a workflow was committed as done.
    pub(super) fn note(&mut self, workflow: &str, record: &Record, task: &Task) {
        let (Record::Succeeded { at, .. } | Record::Checking { at, .. }) = record else { return };
        let Some(destination) = &task.destination else { return };
        let marts = self.known.entry(workflow.to_owned()).or_default();
        if marts.len() >= MARTS_MAX && !marts.contains_key(&name_of(destination)) {
            return;
        }
        let mart = marts.entry(name_of(destination)).or_default();
        mart.newest = mart.newest.max(destination.partition.as_deref().and_then(begin_of));
        mart.written_at = mart.written_at.max(Some(*at));
        self.unwritten.insert(workflow.to_owned());
        self.changed = true;
    }

    fn show(&mut self) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let series = |time: fn(&Mart) -> Option<Timestamp>| {
            let all = self.known.iter().flat_map(|(key, marts)| {
                marts.iter().map(move |(name, mart)| (key.as_str(), name, mart))
            });
            let shown = all.filter_map(|(key, name, mart)| {
                let (title, workflow) = key.split_once('/')?;
                let labels = vec![
                    KeyValue::new("title", title.to_owned()),
                    KeyValue::new("workflow", workflow.to_owned()),
                    KeyValue::new("mart", name.clone()),
                ];
                Some((labels, time(mart)?.as_duration().as_secs_f64()))
            });
            shown.collect()
        };
        gauges::replace(&NEWEST_PARTITION, series(|mart| mart.newest));
        gauges::replace(&LAST_SUCCESS, series(|mart| mart.written_at));
    }
}

impl Driver {
    /// Writes what is new, and shows it.
    pub(super) async fn keep_marts(&mut self) {
        for key in std::mem::take(&mut self.marts.unwritten) {
            if let Err(error) = self.write_marts(&key).await {
                tracing::debug!("could not write how fresh {key} is; it is tried again: {error:#}");
                self.marts.unwritten.insert(key);
            }
        }
        self.marts.show();
    }

    pub(super) async fn read_marts(&mut self) -> Result<(), StoreError> {
        for (key, json) in self.parts.store.records(RecordKind::Mart).await? {
            match serde_json::from_str(&json) {
                Ok(marts) => {
                    self.marts.known.insert(key, marts);
                }
                Err(error) => tracing::warn!("how fresh {key} is cannot be read: {error}"),
            }
        }
        self.marts.changed = true;
        Ok(())
    }

    async fn write_marts(&self, key: &str) -> anyhow::Result<()> {
        let Some(marts) = self.marts.known.get(key) else { return Ok(()) };
        let json = serde_json::to_string(marts)?;
        let (epoch, kind) = (self.parts.epoch, RecordKind::Mart);
        Ok(self.parts.store.put_record(epoch, kind, key, Some(&json)).await?)
    }
}

/// `dataset.table`: the GCP project is the title's.
pub(super) fn name_of(table: &TableReference) -> String {
    format!("{}.{}", table.dataset, table.table)
}

/// Begin of a partition of 4, 6, 8 or 10 digits.
fn begin_of(digits: &str) -> Option<Timestamp> {
    let number = |range: std::ops::Range<usize>, default: i8| match digits.get(range) {
        Some(part) => part.parse().ok(),
        None => Some(default),
    };
    let year = digits.get(..4)?.parse().ok()?;
    let (month, day, hour) = (number(4..6, 1)?, number(6..8, 1)?, number(8..10, 0)?);
    let begin = DateTime::new(year, month, day, hour, 0, 0, 0).ok()?;
    Some(begin.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_begins_where_its_digits_say() {
        let begin = |digits| begin_of(digits).map(|at| at.to_string());

        assert_eq!(begin("20190902").as_deref(), Some("2019-09-02T00:00:00Z"));
        assert_eq!(begin("2019090213").as_deref(), Some("2019-09-02T13:00:00Z"));
        assert_eq!(begin("201909").as_deref(), Some("2019-09-01T00:00:00Z"));
        assert_eq!(begin("2019").as_deref(), Some("2019-01-01T00:00:00Z"));
        assert_eq!(begin("20191399"), None);
        assert_eq!(begin("x"), None);
    }
}
