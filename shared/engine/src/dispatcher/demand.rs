//! What a task needs to go out.

use std::fmt;

use himekuri_protocol::{JobReference, TableReference};
use serde::{Deserialize, Serialize};

/// What goes first where both want the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Sessions that somebody waits for: of a schedule, or started by hand.
    Scheduled,
    /// Sessions of the past.
    Backfill,
}

impl Class {
    /// In a word, for labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Backfill => "backfill",
        }
    }
}

/// Where a job runs: BigQuery's queue is one for each GCP project and location. A location that nobody has named counts as
/// one of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GcpRegion {
    /// GCP project; `None` is the worker's own.
    pub project: Option<String>,
    /// Region or multi-region, if known.
    pub location: Option<String>,
}

/// What a task needs beside a place in the windows of the pool, its class and its title.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Demand {
    /// Where its job runs; `None` when it has none.
    pub region: Option<GcpRegion>,
    /// The table or partition that it writes.
    pub destination: Option<TableReference>,
}

impl Demand {
    /// What a job needs that writes `destination`.
    #[must_use]
    pub fn new(job: Option<&JobReference>, destination: Option<&TableReference>) -> Self {
        let region = job
            .map(|job| GcpRegion { project: job.project.clone(), location: job.location.clone() });
        Self { region, destination: destination.cloned() }
    }
}

/// What is in a task's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// An older attempt of the same session is not over.
    OlderAttempt,
    /// Another task writes the partition, a part of it, or the table that holds it.
    Partition,
    /// The table's window is full, or its next place is for the other class.
    Table,
    /// The window of the GCP project and location is full, or its next place is for the other class.
    Region,
    /// Its title has spent what it may.
    Budget,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OlderAttempt => "an older attempt of its session is not over",
            Self::Partition => "another task writes its partition",
            Self::Table => "its table is written as often as BigQuery takes",
            Self::Region => "the window of its GCP project is full",
            Self::Budget => "its title has spent its bytes of the day",
        })
    }
}

/// One of something for each class.
#[derive(Clone, Debug, Default)]
pub(super) struct PerClass<T> {
    scheduled: T,
    backfill: T,
}

impl<T> PerClass<T> {
    pub(super) fn of(&self, class: Class) -> &T {
        match class {
            Class::Scheduled => &self.scheduled,
            Class::Backfill => &self.backfill,
        }
    }

    pub(super) fn of_mut(&mut self, class: Class) -> &mut T {
        match class {
            Class::Scheduled => &mut self.scheduled,
            Class::Backfill => &mut self.backfill,
        }
    }
}
