//! A clock that was set back: what should happen soon would have to wait until the clock is there again.

use jiff::Timestamp;

use super::Driver;

impl Driver {
    /// Makes all that the driver does again and again due, if the clock shows less than in the round before.
    ///
    /// Times in the logs stay: a `_retry` that was scheduled by a wrong clock comes when that clock would have shown it.
    pub(super) fn notice(&mut self, now: Timestamp) {
        if now < self.last_round {
            let back = self.last_round.duration_since(now);
            tracing::warn!("the clock was set back by {back:#}");
            self.next_watch = now;
            self.next_audit = now;
            self.retry_at = self.retry_at.map(|_| now);
            self.watched.clear();
            self.canceled.clear();
            self.look_now(now);
        }
        self.last_round = now;
    }
}
