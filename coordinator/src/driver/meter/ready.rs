//! Since when the ready tasks of an attempt are ready. The engine does not say it, and to remember it for each of a hundred
//! thousand tasks would cost more than it is worth: they are remembered as groups that became ready together, and go out in the
//! order in which they came, as the dispatcher sends them.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::seconds;

/// Groups that are remembered; later ones join the last.
const GROUPS_MAX: usize = 64;

/// Ready tasks by the time since when they are ready, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::driver) struct ReadyTimes {
    groups: VecDeque<(Timestamp, usize)>,
    total: usize,
}

impl ReadyTimes {
    /// Of an attempt that was taken over: nobody remembers more than that they were ready at `since`.
    pub(in crate::driver) fn found(ready: usize, since: Timestamp) -> Self {
        let mut found = Self::default();
        if ready > 0 {
            found.push(since, ready);
        }
        found
    }

    /// After a commit: so many went out, and so many are ready now. Returns how long those that went out had waited, in seconds.
    pub(in crate::driver) fn update(
        &mut self,
        sent: usize,
        ready: usize,
        now: Timestamp,
    ) -> impl Iterator<Item = f64> + use<> {
        let come = (ready + sent).saturating_sub(self.total);
        if come > 0 {
            self.push(now, come);
        }
        let waits = self.take(sent);
        // Killed or refused: they are gone without having gone out.
        let gone = self.total.saturating_sub(ready);
        self.take(gone);
        waits
            .into_iter()
            .flat_map(move |(since, count)| std::iter::repeat_n(seconds(since, now), count))
    }

    /// Since when the oldest is ready.
    pub(in crate::driver) fn oldest(&self) -> Option<Timestamp> {
        self.groups.front().map(|(since, _)| *since)
    }

    fn push(&mut self, since: Timestamp, count: usize) {
        self.total += count;
        let is_full = self.groups.len() >= GROUPS_MAX;
        match self.groups.back_mut() {
            Some(last) if is_full || last.0 == since => last.1 += count,
            Some(_) | None => self.groups.push_back((since, count)),
        }
    }

    fn take(&mut self, mut count: usize) -> Vec<(Timestamp, usize)> {
        let mut taken = Vec::new();
        while count > 0
            && let Some(first) = self.groups.front_mut()
        {
            let part = first.1.min(count);
            taken.push((first.0, part));
            first.1 -= part;
            count -= part;
            self.total -= part;
            if first.1 == 0 {
                self.groups.pop_front();
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn those_that_came_first_go_first_and_have_waited_the_longest() {
        let mut ready = ReadyTimes::default();

        assert_eq!(ready.update(0, 3, at(10)).count(), 0);
        assert_eq!(ready.update(1, 4, at(12)).collect::<Vec<_>>(), [2.0]);
        assert_eq!(ready.update(3, 1, at(20)).collect::<Vec<_>>(), [10.0, 10.0, 8.0]);
        assert_eq!(ready.oldest(), Some(at(12)));
    }

    #[test]
    fn what_was_ready_at_a_takeover_waits_from_then_on() {
        let mut ready = ReadyTimes::found(2, at(10));

        assert_eq!(ready.oldest(), Some(at(10)));
        assert_eq!(ready.update(1, 1, at(15)).collect::<Vec<_>>(), [5.0]);
        assert_eq!(ReadyTimes::found(0, at(10)), ReadyTimes::default());
    }

    #[test]
    fn who_goes_out_at_once_has_not_waited() {
        let mut ready = ReadyTimes::default();

        assert_eq!(ready.update(2, 0, at(10)).collect::<Vec<_>>(), [0.0, 0.0]);
        assert_eq!(ready.oldest(), None);
    }

    #[test]
    fn what_is_gone_without_having_gone_out_is_forgotten() {
        let mut ready = ReadyTimes::default();
        assert_eq!(ready.update(0, 5, at(10)).count(), 0);

        assert_eq!(ready.update(0, 1, at(11)).count(), 0);

        assert_eq!(ready.update(1, 0, at(12)).collect::<Vec<_>>(), [2.0]);
        assert_eq!(ready, ReadyTimes::default());
    }

    #[test]
    fn few_groups_are_remembered_of_many() {
        let mut ready = ReadyTimes::default();
        for second in 0..1_000 {
            let tasks = usize::try_from(second).unwrap() + 1;
            assert_eq!(ready.update(0, tasks, at(second)).count(), 0);
        }

        assert_eq!(ready.groups.len(), GROUPS_MAX);
        assert_eq!(ready.total, 1_000);
    }
}
