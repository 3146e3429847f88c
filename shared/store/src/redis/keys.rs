//! Every key in Redis: its type, who writes it, who deletes it.
//!
//! No key but the lease has an expiry, so that an evicting Redis finds nothing to throw away.

use crate::{AttemptId, RecordKind};

/// Builds keys that start with the pool's prefix.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) const fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// STRING `<epoch>:<holder>`, expires. Written and deleted by the lease scripts.
    pub(super) fn lease(&self) -> String {
        format!("{}:{{leader}}:lease", self.prefix)
    }

    /// STRING: the last epoch. Written by `acquire_lease.lua`, never deleted.
    pub(super) fn epoch(&self) -> String {
        format!("{}:{{leader}}:epoch", self.prefix)
    }

    /// HASH: `<project>/<workflow>` of a schedule, the number of a backfill or the name of a title, to JSON record. Written and deleted by
    /// `put_record.lua`.
    pub(super) fn records(&self, kind: RecordKind) -> String {
        let kind = match kind {
            RecordKind::Schedule => "schedules",
            RecordKind::ScheduleOrder => "schedule_orders",
            RecordKind::Backfill => "backfills",
            RecordKind::Notice => "notices",
            RecordKind::Spending => "spending",
            RecordKind::Pause => "pauses",
            RecordKind::Mart => "marts",
            RecordKind::Pool => "pool",
        };
        format!("{}:{{leader}}:{kind}", self.prefix)
    }

    /// STRING: the last attempt id. Counted up by `draw_attempt.lua`, never deleted.
    pub(super) fn last_attempt(&self) -> String {
        format!("{}:{{leader}}:last-attempt", self.prefix)
    }

    /// HASH: project name to JSON record. Written by `put_project`, never deleted.
    pub(super) fn projects(&self) -> String {
        format!("{}:projects", self.prefix)
    }

    /// STRING: archive of one revision. Written by `put_revision`, never deleted.
    pub(super) fn revision(&self, revision: &str) -> String {
        format!("{}:revision:{revision}", self.prefix)
    }

    /// HASH: `count` to the number of attempts so far, `name:<attempt name>` to `<number>:<id>`. Written by
    /// `reserve_name.lua`, never deleted: numbers must not come back.
    pub(super) fn session(&self, session_key: &str) -> String {
        format!("{}:session:{session_key}", self.prefix)
    }

    /// HASH: `fence` (epoch), `session`, `number`, `summary`, `outbox_count`, `finished` once it is over, and `archived`
    /// (the place) once its log is elsewhere. Written by `create_attempt.lua`, `claim.lua`, `commit.lua` and
    /// `remove_log.lua`. `remove_log.lua` deletes `outbox_count`, and `remove_summary.lua` the summary; the rest is never
    /// deleted: the session's name for it leads here, and must not find an attempt that looks as if it never was.
    pub(super) fn attempt(&self, attempt: AttemptId) -> String {
        format!("{}:{{a{attempt}}}:attempt", self.prefix)
    }

    /// LIST: JSON records, oldest first. Written by `commit.lua`, deleted by `remove_log.lua`.
    pub(super) fn log(&self, attempt: AttemptId) -> String {
        format!("{}:{{a{attempt}}}:log", self.prefix)
    }

    /// STRING `<length>:<snapshot>`: the state at that length of the log. Written by `commit.lua`, deleted by it at the end
    /// of the attempt and by `remove_log.lua`.
    pub(super) fn snapshot(&self, attempt: AttemptId) -> String {
        format!("{}:{{a{attempt}}}:snapshot", self.prefix)
    }

    /// HASH: entry id to `<order>:<length of queue>:<queue><body>`. Written by `commit.lua`; entries are deleted
    /// by `commit.lua` and `mark_published.lua` once they are published, and what is left by `remove_log.lua`.
    pub(super) fn outbox(&self, attempt: AttemptId) -> String {
        format!("{}:{{a{attempt}}}:outbox", self.prefix)
    }

    /// ZSET: attempt ids, scored by themselves. Added by `draw_attempt.lua` and `create_attempt`, removed by `commit`,
    /// `claim` and `remove_log`.
    pub(super) fn active(&self) -> String {
        format!("{}:{{leader}}:active", self.prefix)
    }

    /// ZSET: ids of finished attempts whose log is here, scored by themselves. Added by `commit` and `claim`, removed by
    /// `remove_log`.
    pub(super) fn finished(&self) -> String {
        format!("{}:finished", self.prefix)
    }

    /// ZSET: ids of archived attempts whose summary is here, scored by themselves. Added by `remove_log`, removed by
    /// `remove_summary`.
    pub(super) fn archived(&self) -> String {
        format!("{}:archived", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_an_attempt_share_one_hash_tag() {
        let keys = Keys::new("himekuri".to_owned());
        let attempt = AttemptId(12);

        let (log, snapshot) = (keys.log(attempt), keys.snapshot(attempt));
        for key in [keys.attempt(attempt), log, snapshot, keys.outbox(attempt)] {
            assert!(key.starts_with("himekuri:{a12}:"), "{key}");
        }
    }
}
