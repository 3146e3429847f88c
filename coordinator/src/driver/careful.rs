//! For a while after a leader has begun, a job may run of which it does not know (decision 0023).

use himekuri_store::{RecordKind, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::Driver;

/// When the pool's store was found without a beginning: it is new, or it has lost everything.
const BEGUN: &str = "begun";

/// How long after a leader's beginning. A store that went back by some seconds has forgotten tries whose places were free, and
/// these go out again at once.
const AFTER_TAKEOVER: SignedDuration = SignedDuration::from_mins(10);

/// How long after the store's beginning: nobody knows when the tasks of its running jobs have their turn again, but BigQuery ends
/// each of them after six hours ("Quotas and limits", query jobs and load jobs).
const AFTER_LOSS: SignedDuration = SignedDuration::from_hours(6);

impl Driver {
    /// Until when tasks are sent with care.
    pub(super) async fn read_beginning(&mut self) -> Result<(), StoreError> {
        let (now, epoch) = (self.parts.clock.now(), self.parts.epoch);
        let records = self.parts.store.records(RecordKind::Pool).await?;
        let begun = records.into_iter().find(|(key, _)| key == BEGUN);
        let begun = match begun.and_then(|(_, at)| at.parse::<Timestamp>().ok()) {
            Some(at) => at,
            None => {
                let at = now.to_string();
                self.parts.store.put_record(epoch, RecordKind::Pool, BEGUN, Some(&at)).await?;
                now
            }
        };
        self.careful_until = until(now, begun);
        Ok(())
    }
}

fn until(now: Timestamp, begun: Timestamp) -> Timestamp {
    let later =
        |from: Timestamp, by: SignedDuration| from.checked_add(by).unwrap_or(Timestamp::MAX);
    later(now, AFTER_TAKEOVER).max(later(begun, AFTER_LOSS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_leader_is_careful_for_some_minutes() {
        let until = until(at("2026-01-02T10:00:00Z"), at("2025-06-01T00:00:00Z"));

        assert_eq!(until, at("2026-01-02T10:10:00Z"));
    }

    #[test]
    fn a_pool_that_may_have_lost_everything_is_careful_for_as_long_as_a_job_may_run() {
        let begun = at("2026-01-02T08:00:00Z");

        assert_eq!(until(at("2026-01-02T10:00:00Z"), begun), at("2026-01-02T14:00:00Z"));
    }
}
