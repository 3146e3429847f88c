//! How fast a backfill is, and how long the rest will take.

use jiff::{SignedDuration, Timestamp};

/// What was seen first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When it was asked for.
    pub(super) requested_at: Timestamp,
    /// When somebody began to watch.
    pub(super) watched_since: Timestamp,
    /// Sessions that had ended by then.
    pub(super) ended_before: usize,
}

/// How many sessions ended in how many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    sessions: u64,
    seconds: u64,
}

impl Pace {
    /// `12 an hour, 2h 30m to go`; nothing before the first session has ended.
    pub(super) fn text(self, ended: usize, left: usize, now: Timestamp) -> Option<String> {
        let rate = self.rate(ended, now)?;
        let left = u64::try_from(left).unwrap_or(u64::MAX).saturating_mul(rate.seconds);
        let to_go = i64::try_from(left / rate.sessions).unwrap_or(i64::MAX);
        let to_go = SignedDuration::from_secs(to_go);
        Some(format!("{}, {to_go:#} to go", rate.words()))
    }

    /// As it was watched, for a pause counts for nothing then; on average until the first session ends before one's eyes.
    fn rate(self, ended: usize, now: Timestamp) -> Option<Rate> {
        let (sessions, since) = match ended.saturating_sub(self.ended_before) {
            0 => (ended, self.requested_at),
            seen => (seen, self.watched_since),
        };
        let sessions = u64::try_from(sessions).ok().filter(|sessions| *sessions > 0)?;
        // The clocks of two machines may differ.
        let seconds = u64::try_from(now.duration_since(since).as_secs()).unwrap_or(0).max(1);
        Some(Rate { sessions, seconds })
    }
}

impl Rate {
    fn words(self) -> String {
        let times = |seconds: u64| self.sessions.saturating_mul(seconds) / self.seconds;
        match (times(60), times(3_600)) {
            (0, per_hour) if per_hour > 0 => format!("{per_hour} an hour"),
            (0, _) => format!("{} a day", times(86_400)),
            (per_minute, _) => format!("{per_minute} a minute"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn pace(ended_before: usize) -> Pace {
        Pace { requested_at: at(0), watched_since: at(36_000), ended_before }
    }

    #[test]
    fn nothing_is_said_before_the_first_session_has_ended() {
        assert_eq!(pace(0).text(0, 30, at(36_010)), None);
    }

    #[test]
    fn who_comes_later_gets_the_average_until_a_session_ends() {
        let text = pace(20).text(20, 10, at(36_000));

        assert_eq!(text.unwrap(), "2 an hour, 5h to go");
    }

    #[test]
    fn what_was_watched_counts_more_than_a_pause_before() {
        let text = pace(20).text(22, 8, at(36_060));

        assert_eq!(text.unwrap(), "2 a minute, 4m to go");
    }

    #[test]
    fn a_clock_that_is_behind_divides_by_nothing() {
        assert_eq!(pace(0).text(1, 1, at(0)).unwrap(), "60 a minute, 1s to go");
    }

    #[test]
    fn slow_ones_are_told_by_the_day() {
        let slow = Pace { requested_at: at(0), watched_since: at(0), ended_before: 0 };

        assert_eq!(slow.text(2, 1, at(86_400)).unwrap(), "2 a day, 12h to go");
    }
}
