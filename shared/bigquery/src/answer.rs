//! What a failed call of the API means.

/// The meaning of a failed API call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 409: the id exists; BigQuery's words, which name the job's location.
    AlreadyExists(String),
    /// 404: no such job, or no such project or dataset.
    NotFound(Why),
    /// May work in a moment, and may have worked already: ask again with the same id.
    Transient(Why),
    /// Will not work.
    Rejected(Why),
}

/// BigQuery's reason and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// BigQuery's reason, `notFound` and the like.
    pub reason: String,
    /// Its message.
    pub message: String,
}
