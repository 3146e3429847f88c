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
            RecordKind::Backfill => "backfills",
            RecordKind::Spending => "spending",
            RecordKind::Leader => "leader",
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

    /// HASH: `fence` (epoch), `session`, `number`, `summary`, `outbox_count`, and `finished` once it is over.
    /// Written by `create_attempt.lua`, `claim.lua` and `commit.lua`, never deleted.
    pub(super) fn attempt(&self, attempt: AttemptId) -> String {
        format!("{}:{{a{attempt}}}:attempt", self.prefix)
    }

    /// LIST: JSON records, oldest first. Written by `commit.lua`, never deleted.
    pub(super) fn log(&self, attempt: AttemptId) -> String {
        format!("{}:{{a{attempt}}}:log", self.prefix)
    }

    /// STRING `<length>:<snapshot>`: the state at that length of the log. Written and deleted by `commit.lua`.
    pub(super) fn snapshot(&self, attempt: AttemptId) -> String {
        format!("{}:{{a{attempt}}}:snapshot", self.prefix)
    }

    /// HASH: entry id to `<order>:<length of queue>:<queue><body>`. Written by `commit.lua`; entries are deleted
    /// by `commit.lua` and `mark_published.lua` once they are published.
    pub(super) fn outbox(&self, attempt: AttemptId) -> String {
        format!("{}:{{a{attempt}}}:outbox", self.prefix)
    }

    /// ZSET: attempt ids, scored by themselves. Added by `draw_attempt.lua` and `create_attempt`, removed by `commit` and
    /// `claim`.
    pub(super) fn active(&self) -> String {
        format!("{}:{{leader}}:active", self.prefix)
    }

    /// ZSET: attempt ids, scored by themselves. Added by `commit` and `claim`, never removed.
    pub(super) fn finished(&self) -> String {
        format!("{}:finished", self.prefix)
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
