//! The data and the rules. No waiting happens here.

mod removal;

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::outbox::Outbox;
use crate::{
    AttemptFilter, AttemptId, AttemptState, ClaimedAttempt, Commit, CommitError, Creation, Epoch,
    LeaseOutcome, LostAttempt, NewAttempt, RecordKind, Snapshot, StoreError,
};
use removal::Removed;

/// Everything the store holds.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    lease: Option<Lease>,
    last_epoch: u64,
    last_attempt: u64,
    pub(super) projects: BTreeMap<String, String>,
    pub(super) revisions: BTreeMap<String, Vec<u8>>,
    records: BTreeMap<(RecordKind, String), String>,
    /// Attempts of a session, in the order of their numbers.
    sessions: BTreeMap<String, Vec<AttemptId>>,
    attempts: BTreeMap<AttemptId, Attempt>,
}

#[derive(Clone, Debug)]
struct Lease {
    holder: String,
    epoch: Epoch,
    ends: Instant,
}

#[derive(Clone, Debug)]
struct Attempt {
    request: NewAttempt,
    number: u64,
    fence: Epoch,
    log: Vec<String>,
    snapshot: Option<Snapshot>,
    outbox: Outbox,
    state: AttemptState,
    removed: Removed,
}

impl State {
    pub(super) fn roll_back(&mut self, earlier: Self) {
        self.records = earlier.records;
        for (id, attempt) in &mut self.attempts {
            let fence = attempt.fence;
            *attempt = match earlier.attempts.get(id) {
                Some(before) => Attempt { fence, ..before.clone() },
                None => Attempt {
                    log: Vec::new(),
                    snapshot: None,
                    outbox: Outbox::default(),
                    state: AttemptState::Active,
                    removed: Removed::Nothing,
                    ..attempt.clone()
                },
            };
        }
    }

    pub(super) fn acquire_lease(&mut self, holder: &str, ttl: Duration) -> LeaseOutcome {
        let now = Instant::now();
        if let Some(lease) = &self.lease
            && lease.ends > now
            && lease.holder != holder
        {
            let remaining = lease.ends - now;
            return LeaseOutcome::HeldBy { holder: lease.holder.clone(), remaining };
        }
        self.last_epoch += 1;
        let epoch = Epoch(self.last_epoch);
        self.lease = Some(Lease { holder: holder.to_owned(), epoch, ends: now + ttl });
        LeaseOutcome::Acquired(epoch)
    }

    pub(super) fn renew_lease(&mut self, holder: &str, epoch: Epoch, ttl: Duration) -> bool {
        let now = Instant::now();
        match self.held(holder, epoch) {
            Some(lease) if lease.ends > now => {
                lease.ends = now + ttl;
                true
            }
            Some(_) | None => false,
        }
    }

    pub(super) fn release_lease(&mut self, holder: &str, epoch: Epoch) {
        if self.held(holder, epoch).is_some() {
            self.lease = None;
        }
    }

    fn held(&mut self, holder: &str, epoch: Epoch) -> Option<&mut Lease> {
        self.lease.as_mut().filter(|lease| lease.holder == holder && lease.epoch == epoch)
    }

    fn check_leads(&self, epoch: Epoch) -> Result<(), StoreError> {
        let newest = Epoch(self.last_epoch);
        if newest > epoch { Err(StoreError::Fenced { epoch, by: newest }) } else { Ok(()) }
    }

    pub(super) fn put_record(
        &mut self,
        epoch: Epoch,
        kind: RecordKind,
        key: &str,
        record: Option<&str>,
    ) -> Result<(), StoreError> {
        self.check_leads(epoch)?;
        let key = (kind, key.to_owned());
        match record {
            Some(record) => self.records.insert(key, record.to_owned()),
            None => self.records.remove(&key),
        };
        Ok(())
    }

    pub(super) fn records(&self, wanted: RecordKind) -> Vec<(String, String)> {
        let records = self.records.iter().filter(|((kind, _), _)| *kind == wanted);
        records.map(|((_, key), record)| (key.clone(), record.clone())).collect()
    }

    pub(super) fn create_attempt(
        &mut self,
        epoch: Epoch,
        request: &NewAttempt,
    ) -> Result<Creation, StoreError> {
        if self.last_epoch != epoch.0 {
            return Err(StoreError::Fenced { epoch, by: Epoch(self.last_epoch) });
        }
        let session = self.sessions.entry(request.session_key.clone()).or_default();
        for id in session.iter() {
            if let Some(found) = self.attempts.get(id)
                && found.request.attempt_name == request.attempt_name
            {
                return Ok(Creation::Exists { attempt: *id, number: found.number });
            }
        }
        self.last_attempt += 1;
        let attempt = AttemptId(self.last_attempt);
        let before = session.iter().filter_map(|id| Some(self.attempts.get(id)?.number)).max();
        session.push(attempt);
        let number = before.unwrap_or(0) + 1;
        let created = Attempt {
            request: request.clone(),
            number,
            fence: epoch,
            log: Vec::new(),
            snapshot: None,
            outbox: Outbox::default(),
            state: AttemptState::Active,
            removed: Removed::Nothing,
        };
        self.attempts.insert(attempt, created);
        Ok(Creation::Created { attempt, number })
    }

    pub(super) fn restore_attempt(
        &mut self,
        epoch: Epoch,
        lost: &LostAttempt,
    ) -> Result<(), StoreError> {
        self.check_leads(epoch)?;
        self.last_attempt = self.last_attempt.max(lost.attempt.0);
        if self.attempts.contains_key(&lost.attempt) {
            return Ok(());
        }
        self.sessions.entry(lost.request.session_key.clone()).or_default().push(lost.attempt);
        let restored = Attempt {
            request: lost.request.clone(),
            number: lost.number,
            fence: epoch,
            log: Vec::new(),
            snapshot: None,
            outbox: Outbox::default(),
            state: lost.state,
            removed: Removed::Nothing,
        };
        self.attempts.insert(lost.attempt, restored);
        Ok(())
    }

    pub(super) fn claim(
        &mut self,
        attempt: AttemptId,
        epoch: Epoch,
    ) -> Result<ClaimedAttempt, StoreError> {
        let found =
            self.attempts.get_mut(&attempt).ok_or(StoreError::UnknownAttempt { attempt })?;
        if found.fence > epoch {
            return Err(StoreError::Fenced { epoch, by: found.fence });
        }
        found.fence = epoch;
        Ok(ClaimedAttempt {
            log: match &found.snapshot {
                Some(snapshot) => first_and_behind(&found.log, snapshot.length),
                None => found.log.clone(),
            },
            snapshot: found.snapshot.clone(),
            outbox: found.outbox.to_vec(),
            session_key: found.request.session_key.clone(),
            number: found.number,
            finished: found.state == AttemptState::Finished,
            archived: found.removed.location().map(str::to_owned),
        })
    }

    pub(super) fn commit(
        &mut self,
        attempt: AttemptId,
        epoch: Epoch,
        commit: Commit,
    ) -> Result<u64, CommitError> {
        let target = self.fenced(attempt, epoch)?;
        if let Some(location) = target.removed.location() {
            let location = location.to_owned();
            let source = StoreError::Archived { attempt, location };
            return Err(CommitError::Store { attempt, source });
        }
        let (expected, found) = (commit.expected_length, target.log.len() as u64);
        if found != expected {
            return if is_repeat(&target.log, &commit) {
                Ok(expected + commit.records.len() as u64)
            } else {
                Err(CommitError::Conflict { attempt, expected, found })
            };
        }
        target.fence = epoch;
        // They stay for as long as the store: serde_json leaves up to twice the room that they need.
        target.log.extend(commit.records.into_iter().map(|mut record| {
            record.shrink_to_fit();
            record
        }));
        for entry in commit.outbox {
            target.outbox.add(entry);
        }
        for id in &commit.published {
            target.outbox.remove(id);
        }
        if let Some(summary) = commit.summary {
            target.request.summary = summary;
        }
        if let Some(body) = commit.snapshot {
            target.snapshot = Some(Snapshot { length: target.log.len() as u64, body });
        }
        if commit.finished {
            target.snapshot = None;
            target.state = AttemptState::Finished;
        }
        Ok(target.log.len() as u64)
    }

    pub(super) fn mark_published(
        &mut self,
        attempt: AttemptId,
        epoch: Epoch,
        ids: &[String],
    ) -> Result<(), CommitError> {
        let target = self.fenced(attempt, epoch)?;
        for id in ids {
            target.outbox.remove(id);
        }
        Ok(())
    }

    fn fenced(&mut self, attempt: AttemptId, epoch: Epoch) -> Result<&mut Attempt, CommitError> {
        let target = self.attempts.get_mut(&attempt).ok_or(CommitError::Store {
            attempt,
            source: StoreError::UnknownAttempt { attempt },
        })?;
        if target.fence > epoch {
            return Err(CommitError::Fenced { attempt, epoch, by: target.fence });
        }
        Ok(target)
    }

    pub(super) fn log(&self, attempt: AttemptId) -> Result<Vec<String>, StoreError> {
        let found = self.attempts.get(&attempt).ok_or(StoreError::UnknownAttempt { attempt })?;
        match found.removed.location() {
            Some(location) => Err(StoreError::Archived { attempt, location: location.to_owned() }),
            None => Ok(found.log.clone()),
        }
    }

    pub(super) fn active_attempts(&self) -> Vec<AttemptId> {
        let active = self.attempts.iter().filter(|(_, found)| found.state == AttemptState::Active);
        active.map(|(id, _)| *id).collect()
    }

    pub(super) fn attempts(&self, filter: &AttemptFilter) -> Vec<(AttemptId, String)> {
        let newest_first = self.attempts.iter().rev();
        newest_first
            .filter(|(id, found)| {
                found.removed.summary(&found.request).is_some()
                    && filter.before.is_none_or(|before| **id < before)
                    && filter.state.is_none_or(|state| state == found.state)
                    && filter
                        .session_key
                        .as_ref()
                        .is_none_or(|key| *key == found.request.session_key)
            })
            .take(filter.limit)
            .map(|(id, found)| (*id, found.request.summary.clone()))
            .collect()
    }
}

fn first_and_behind(log: &[String], length: u64) -> Vec<String> {
    let behind = usize::try_from(length).unwrap_or(usize::MAX).max(1);
    log.iter().take(1).chain(log.iter().skip(behind)).cloned().collect()
}

/// Whether the commit's records are in the log, just where it wanted to put them.
fn is_repeat(log: &[String], commit: &Commit) -> bool {
    let tail = usize::try_from(commit.expected_length).ok().and_then(|start| log.get(start..));
    !commit.records.is_empty() && tail.is_some_and(|tail| tail.starts_with(&commit.records))
}
