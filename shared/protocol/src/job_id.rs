//! Job ids that are known before the job exists (design D5).
//!
//! BigQuery takes a client's id of at most 1,024 characters of `[A-Za-z0-9_-]` and refuses a second job with it
//! (REST, `JobReference`). So the id names the try: a redelivery sends the same id and meets its own job, a retry sends
//! another, because a failed id can never run again.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::TryNo;

/// Everything that names one try of a task, without the store's numbers: it can be derived again after Redis was lost.
#[derive(Clone, Copy, Debug)]
pub struct JobIdentity<'a> {
    /// Project (the title's repository).
    pub project: &'a str,
    /// Workflow name.
    pub workflow: &'a str,
    /// Session.
    pub session_time: Timestamp,
    /// Full task name, `+summary+create_access^sub+...`.
    pub task_name: &'a str,
    /// Hash of the rendered job, from [`fingerprint`].
    pub fingerprint: &'a str,
    /// Attempt's number within its session, from 1.
    pub attempt_number: u32,
    /// Try of the task within the attempt.
    pub try_no: TryNo,
}

impl JobIdentity<'_> {
    /// `himekuri_<hash>_<attempt>_<try>`.
    #[must_use]
    pub fn job_id(&self) -> String {
        let session = self.session_time.to_string();
        let name = hash([self.project, self.workflow, &session, self.task_name, self.fingerprint]);
        format!("himekuri_{name}_{}_{}", self.attempt_number, self.try_no)
    }
}

/// Hash of the parts of a rendered job, short enough for a label (63 characters).
#[must_use]
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    hash(parts)
}

/// First 128 bits of SHA-256 over the length-prefixed parts, in hex.
fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let nibbles = digest.iter().take(16).flat_map(|byte| [byte >> 4, byte & 0xf]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: JobIdentity<'_> = JobIdentity {
        project: "title_a",
        workflow: "summary",
        session_time: Timestamp::UNIX_EPOCH,
        task_name: "+summary+create_access",
        fingerprint: "f",
        attempt_number: 1,
        try_no: TryNo::FIRST,
    };

    #[test]
    fn the_same_try_has_the_same_id_and_a_retry_has_another() {
        let retried = JobIdentity { try_no: TryNo(2), ..IDENTITY };

        assert_eq!(IDENTITY.job_id(), IDENTITY.job_id());
        assert_eq!(retried.job_id(), IDENTITY.job_id().replace("_1_1", "_1_2"));
    }

    #[test]
    fn every_part_of_the_identity_changes_the_id() {
        let others = [
            JobIdentity { project: "title_b", ..IDENTITY },
            JobIdentity { workflow: "other", ..IDENTITY },
            JobIdentity { session_time: Timestamp::MAX, ..IDENTITY },
            JobIdentity { task_name: "+summary+create_install", ..IDENTITY },
            JobIdentity { fingerprint: "g", ..IDENTITY },
            JobIdentity { attempt_number: 2, ..IDENTITY },
        ];

        for other in others {
            assert_ne!(other.job_id(), IDENTITY.job_id(), "{other:?}");
        }
    }

    #[test]
    fn neighbouring_parts_do_not_run_into_each_other() {
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
    }

    #[test]
    fn an_id_has_only_characters_that_bigquery_takes() {
        let id = IDENTITY.job_id();

        assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{id}");
    }
}
