//! What a worker says of itself, now and then, beside its reports.

use serde::{Deserialize, Serialize};

use crate::message::{DecodeError, head};
use crate::{PRESENCE_VERSION, Report};

/// That a worker lives. It comes through the queue of reports, and nothing depends on it: people look at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// [`PRESENCE_VERSION`].
    pub version: u16,
    /// Always `presence`: what tells it from a report.
    pub kind: PresenceKind,
    /// The worker's name, as in its reports.
    pub worker: String,
    /// Version of its program.
    pub program: String,
    /// Seconds since it started.
    pub uptime_seconds: u64,
    /// Most deliveries that it takes at once.
    pub capacity: u16,
    /// Deliveries in hand.
    pub in_hand: usize,
    /// Deliveries that it has dealt with since it started.
    pub done: u64,
    /// Whether it stops, and says so for the last time.
    #[serde(default)]
    pub leaves: bool,
}

/// The one kind of [`Presence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceKind {
    /// It is there.
    Presence,
}

/// What comes from a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum FromWorker {
    /// What became of a try.
    Report(Box<Report>),
    /// That a worker lives.
    Presence(Presence),
}

impl Presence {
    /// The JSON form.
    ///
    /// # Errors
    /// None in practice: every field has a JSON form.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

impl FromWorker {
    /// Reads the JSON form of either.
    ///
    /// # Errors
    /// A newer version, or not this protocol.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        // Reports have no kind: they are older than it.
        let is_presence = head(body)?.kind.as_deref() == Some("presence");
        let read = match is_presence {
            true => serde_json::from_slice(body).map(Self::Presence),
            false => serde_json::from_slice(body).map(Self::Report),
        };
        read.map_err(DecodeError::Json)
    }
}

const _: () = assert!(PRESENCE_VERSION <= crate::PROTOCOL_VERSION);
