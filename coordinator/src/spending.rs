//! What each title may be billed.

use std::collections::BTreeMap;

use himekuri_cost::Bytes;

/// Bytes that BigQuery may bill for a title in 24 hours. When they are spent, no job of the title is sent until enough of them
/// are a day old, or until a coordinator starts with a higher limit. Jobs that run already run to their end: each may be
/// limited by its own `maximum_bytes_billed`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpendingLimits {
    /// Of every title that is not named.
    pub title: Option<Bytes>,
    /// Of single titles, by name.
    pub titles: BTreeMap<String, Bytes>,
}

impl SpendingLimits {
    /// Of one title.
    #[must_use]
    pub fn of(&self, title: &str) -> Option<Bytes> {
        self.titles.get(title).copied().or(self.title)
    }
}
