//! One step of an attempt, as it is written.

/// Decisions and messages that become visible together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Length of the log that the decisions were made on; the commit is refused on any other.
    pub expected_length: u64,
    /// JSON records to append.
    pub records: Vec<String>,
    /// Messages to publish once the commit is in.
    pub outbox: Vec<OutboxEntry>,
    /// Ids of outbox entries whose publication was confirmed; they leave the outbox.
    pub published: Vec<String>,
    /// The new text shown in lists, if it changed.
    pub summary: Option<String>,
    /// The state after these records, in the words of the caller. It replaces the one before; the end of the attempt
    /// removes it.
    pub snapshot: Option<String>,
    /// Whether the attempt is over: it moves from the active to the finished index.
    pub finished: bool,
}

/// A message that is committed but not yet known to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Unique within the attempt; a second entry with the same id replaces the first.
    pub id: String,
    /// Where it goes, in the words of the caller.
    pub queue: String,
    /// Its content.
    pub body: String,
}
