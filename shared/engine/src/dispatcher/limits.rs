//! How much may be out at once, and who gets how much of it (design D7).

use std::collections::BTreeMap;

use himekuri_protocol::TableReference;
use jiff::SignedDuration;

use super::{Class, GcpRegion};

/// Windows, weights and shares. A window counts tasks that are dispatched and not decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tasks of the whole pool. Enough to keep workers busy over a round trip, little enough that a kill or a change of
    /// order acts at once; the backlog stays in the engine.
    pub window: usize,
    /// Tasks of the class [`Class::Scheduled`]; `None` is the pool's window.
    pub scheduled: Option<usize>,
    /// Tasks of the class [`Class::Backfill`]; `None` is nine tenths of the pool's window: BigQuery jobs may run for hours,
    /// and tonight's runs must find places beside a backfill that had the pool for itself all day.
    pub backfill: Option<usize>,
    /// Percent of the places of a full window that a backfill gets while it and scheduled runs both want them, 1 to 50. The
    /// rest goes to scheduled runs. What one does not use the other gets.
    pub backfill_share: u8,
    /// Tasks of one title; `None` is four fifths of the pool's window: others find places at once beside a title with long
    /// jobs.
    pub title: Option<usize>,
    /// Tasks of single titles, by name.
    pub titles: BTreeMap<String, usize>,
    /// Turns of single titles for one turn of a title that is not named, by name.
    pub weights: BTreeMap<String, u32>,
    /// Tasks of one GCP project and location. BigQuery queues 1,000 interactive queries for a project and region and
    /// refuses more with `quotaExceeded` ("Quotas and limits", query queues, August 2026); a fifth is left to others.
    pub gcp_project: usize,
    /// Tasks of single GCP projects, for each location, by the project's id.
    pub gcp_projects: BTreeMap<String, usize>,
    /// Tasks that write one table, each another partition of it. BigQuery takes 50 writes to a partitioned table in 10 s
    /// ("Quotas and limits", partitioned tables, August 2026), and a fifth is left to others.
    pub table: usize,
    /// Tasks that write a table as a whole, one after another: of the 5 writes in 10 s that BigQuery takes to a table that
    /// is not partitioned ("Quotas and limits", standard tables, August 2026).
    pub whole_table: usize,
    /// For how long a task keeps its place in the window of its table after its end: so the windows are what BigQuery
    /// counts, the writes of any 10 s. Zero where nobody counts.
    pub table_interval: SignedDuration,
    /// Ready tasks of one attempt that are looked at and found to wait, at most: each is evaluated and kept. Behind so
    /// many, the attempt's later tasks are not looked at until one of these goes on.
    pub look_ahead: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window: 1_000,
            scheduled: None,
            backfill: None,
            backfill_share: 10,
            title: None,
            titles: BTreeMap::new(),
            weights: BTreeMap::new(),
            gcp_project: 800,
            gcp_projects: BTreeMap::new(),
            table: 40,
            whole_table: 4,
            table_interval: SignedDuration::from_secs(10),
            look_ahead: 2_000,
        }
    }
}

/// Why limits cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// Nothing would ever run.
    #[error("the window of {what} is 0, and nothing would ever run in it; give at least 1")]
    NoPlace {
        /// Which window.
        what: String,
    },
    /// A title would never get a turn.
    #[error("the weight of title `{title}` is {weight}; give 1 to {WEIGHT_MAX}")]
    Weight {
        /// Title.
        title: String,
        /// As given.
        weight: u32,
    },
    /// A weight says how one title compares with the others.
    #[error("a weight of {weight} names no title; write NAME={weight}")]
    NoTitle {
        /// As given.
        weight: u32,
    },
    /// Both classes need a share, and scheduled runs the larger one.
    #[error("the share of backfills is {percent} %; give 1 to 50")]
    Share {
        /// As given.
        percent: u8,
    },
}

/// Highest weight of a title: the turn of an unnamed title then costs a thousand of its turns.
pub const WEIGHT_MAX: u32 = 1_000;

impl Limits {
    /// Refuses what would let something wait for ever.
    ///
    /// # Errors
    /// A window without a place, a weight or a share out of range.
    pub fn validate(&self) -> Result<(), LimitsError> {
        let named = |kind: &'static str, names: &BTreeMap<String, usize>| -> Vec<_> {
            let what = |name: &String| format!("{kind} `{name}`");
            names.iter().map(|(name, window)| (what(name), *window)).collect()
        };
        let mut windows = vec![
            ("the pool".to_owned(), self.window),
            ("scheduled runs".to_owned(), self.class_window(Class::Scheduled)),
            ("backfills".to_owned(), self.class_window(Class::Backfill)),
            ("a title".to_owned(), self.title.unwrap_or(1)),
            ("a GCP project".to_owned(), self.gcp_project),
            ("a table".to_owned(), self.table),
            ("a whole table".to_owned(), self.whole_table),
            ("tasks to look at".to_owned(), self.look_ahead),
        ];
        windows.extend(named("title", &self.titles));
        windows.extend(named("GCP project", &self.gcp_projects));
        if let Some((what, _)) = windows.into_iter().find(|(_, window)| *window == 0) {
            return Err(LimitsError::NoPlace { what });
        }
        let heavy = self.weights.iter().find(|(_, weight)| !(1..=WEIGHT_MAX).contains(*weight));
        if let Some((title, weight)) = heavy {
            return Err(LimitsError::Weight { title: title.clone(), weight: *weight });
        }
        match self.backfill_share {
            1..=50 => Ok(()),
            percent => Err(LimitsError::Share { percent }),
        }
    }

    /// Tasks of a class.
    #[must_use]
    pub fn class_window(&self, class: Class) -> usize {
        match class {
            Class::Scheduled => self.scheduled.unwrap_or(self.window),
            Class::Backfill => self.backfill.unwrap_or_else(|| part(self.window, 9, 10)),
        }
    }

    /// Tasks of a title.
    #[must_use]
    pub fn title_window(&self, title: &str) -> usize {
        let any = || self.title.unwrap_or_else(|| part(self.window, 4, 5));
        self.titles.get(title).copied().unwrap_or_else(any)
    }

    /// Turns of a title for one turn of a title that is not named.
    #[must_use]
    pub fn weight(&self, title: &str) -> u32 {
        self.weights.get(title).copied().unwrap_or(1)
    }

    /// Tasks of a GCP project in one location.
    #[must_use]
    pub fn region_window(&self, region: &GcpRegion) -> usize {
        let named = region.project.as_ref().and_then(|project| self.gcp_projects.get(project));
        named.copied().unwrap_or(self.gcp_project)
    }

    /// Tasks that write a table, in the way in which `destination` does.
    #[must_use]
    pub fn table_window(&self, destination: &TableReference) -> usize {
        if destination.partition.is_some() { self.table } else { self.whole_table }
    }

    /// How often in a row scheduled runs may take a place that a backfill wants too.
    pub(super) fn passes(&self) -> u32 {
        let share = u32::from(self.backfill_share.clamp(1, 50));
        (100 - share) / share
    }
}

/// A part of a window, one place at least.
fn part(window: usize, numerator: usize, denominator: usize) -> usize {
    (window.saturating_mul(numerator) / denominator).max(window.min(1))
}
