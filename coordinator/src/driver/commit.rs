//! Commits a round's drafts and lets their effects out.

use himekuri_broker::{OutgoingMessage, Queue};
use himekuri_engine::{Class, Record};
use himekuri_protocol::AttemptId;
use himekuri_store::{Commit, CommitError, OutboxEntry};

use super::meter::Of;
use super::round::{Draft, Round};
use super::told::is_trouble;
use super::{Command, Driver, DriverError, Outgoing, events};

/// What follows from a draft once it is committed.
struct Effects {
    attempt: AttemptId,
    records: Vec<Record>,
    messages: Vec<Outgoing>,
    finished: bool,
}

impl Driver {
    pub(super) async fn commit(&mut self, round: Round) -> Result<(), DriverError> {
        let mut commits = Vec::with_capacity(round.drafts.len());
        let mut effects = Vec::with_capacity(round.drafts.len());
        for (id, draft) in round.drafts {
            if let Some((commit, effect)) = self.seal(id, draft) {
                commits.push((id, commit));
                effects.push(effect);
            }
        }
        let results = match commits.is_empty() {
            true => Vec::new(),
            false => self.parts.store.commit_many(self.parts.epoch, commits).await,
        };
        let mut messages = Vec::new();
        for (effect, result) in effects.into_iter().zip(results) {
            match result {
                Ok(_) => self.take_effect(effect, &mut messages),
                Err(CommitError::Fenced { .. }) => {
                    return Err(DriverError::Deposed { epoch: self.parts.epoch });
                }
                Err(error @ (CommitError::Conflict { .. } | CommitError::Store { .. })) => {
                    let error: anyhow::Error = error.into();
                    tracing::warn!(attempt.id = %effect.attempt, "attempt {} is claimed again: {error:#}", effect.attempt);
                    self.lose(effect.attempt, &effect.records);
                }
            }
        }
        messages.sort_by_key(|message| message.order);
        self.publish(messages);
        self.answer_kills(round.kills);
        for (id, settler) in round.settlers {
            // A dropped settler gives the report back: its decision is not committed.
            if !self.lost.contains(&id) && settler.ack().is_err() {
                tracing::debug!("the report's channel is gone; it comes again and changes nothing");
            }
        }
        Ok(())
    }

    fn seal(&mut self, id: AttemptId, draft: Draft) -> Option<(Commit, Effects)> {
        let live = self.live.get_mut(&id)?;
        let finished = live.attempt.outcome().is_some();
        let killed = draft.records.iter().any(is_kill);
        if finished || killed {
            live.summary.update(&live.attempt);
        }
        let missed = draft.records.iter().find_map(missed_sla);
        live.summary.sla_missed_at = live.summary.sla_missed_at.or(missed);
        let begins = draft.expected_length == 0;
        let records = draft.records.iter().map(serde_json::to_string).collect::<Result<_, _>>();
        let summary = (finished || begins || killed || missed.is_some())
            .then(|| serde_json::to_string(&live.summary))
            .transpose();
        let snapshot = live.snapshot(self.parts.snapshot_every).transpose();
        let (Ok(records), Ok(summary), Ok(snapshot)) = (records, summary, snapshot) else {
            tracing::error!(attempt.id = %id, "could not write the decisions of attempt {id} as JSON");
            self.lose(id, &draft.records);
            return None;
        };
        let commit = Commit {
            expected_length: draft.expected_length,
            records,
            outbox: draft.messages.iter().map(outbox_entry).collect(),
            published: std::mem::take(&mut live.published),
            summary,
            snapshot,
            finished,
        };
        let effects =
            Effects { attempt: id, records: draft.records, messages: draft.messages, finished };
        Some((commit, effects))
    }

    fn take_effect(&mut self, effect: Effects, messages: &mut Vec<Outgoing>) {
        let id = effect.attempt;
        let must_end =
            |record: &Record| is_kill(record) || matches!(record, Record::Canceling { .. });
        self.cancel_now |= effect.records.iter().any(must_end);
        let is_late = |record: &Record| matches!(record, Record::SlaMissed { .. });
        if effect.records.iter().any(is_late)
            && let Some(live) = self.live.get(&id)
        {
            tracing::warn!(attempt.id = %id, "attempt {id} of {}/{} did not end by the time of its `sla`", live.summary.project, live.summary.workflow);
        }
        if let (Some(observer), Some(live)) = (&self.parts.events, self.live.get(&id)) {
            for record in &effect.records {
                if let Some(event) = events::of(&live.attempt, record)
                    && observer.send(event).is_err()
                {
                    tracing::trace!("nobody listens to events any more");
                }
            }
        }
        self.measure(&effect);
        messages.extend(effect.messages);
        if let Some(live) = self.live.get_mut(&id) {
            live.attempt.forget_ended();
        }
        if effect.finished {
            if let Some(live) = self.live.remove(&id) {
                self.tell_trace(id, &live);
                let state = live.summary.state;
                tracing::info!(attempt.id = %id, "attempt {id} of {}/{} ended: {state:?}", live.summary.project, live.summary.workflow);
            }
            self.forget(id);
            self.required_ended(id, self.parts.clock.now());
            self.parts.backfills.attempt_ended();
            let live = &self.live;
            self.revisions.retain(|revision, _| {
                live.values().any(|attempt| attempt.summary.revision == *revision)
            });
        }
    }

    /// Counts what was committed.
    fn measure(&mut self, effect: &Effects) {
        let (id, now) = (effect.attempt, self.parts.clock.now());
        let class = self.dispatcher.class(id).unwrap_or(Class::Scheduled);
        let Some(live) = self.live.get_mut(&id) else { return };
        let (price, title) = (self.parts.price, live.title.clone());
        let of = Of { id, attempt: &live.attempt, class, price, title };
        let workflow = format!("{}/{}", live.summary.project, live.summary.workflow);
        let mut sent = 0;
        for record in &effect.records {
            self.meter.count(&of, record);
            live.troubled |= is_trouble(record);
            sent += usize::from(matches!(record, Record::Dispatched { .. }));
            if let Record::Succeeded { task, .. } | Record::Checking { task, .. } = record
                && let Some(task) = of.attempt.task(*task)
            {
                self.marts.note(&workflow, record, task);
            }
        }
        let ready = live.attempt.dispatchable_count();
        self.meter.committed(&of, sent, live.ready.update(sent, ready, now));
    }

    /// Publishes beside the next rounds; the result comes back as a command.
    pub(super) fn publish(&self, messages: Vec<Outgoing>) {
        if messages.is_empty() {
            return;
        }
        let outgoing = messages.iter().map(|message| {
            let (id, body) = (message.id.clone(), message.body.clone());
            self.in_trace(message, OutgoingMessage::new(Queue::Tasks, id, body))
        });
        let outgoing: Vec<OutgoingMessage> = outgoing.collect();
        let broker = self.parts.broker.clone();
        let sender = self.parts.sender.clone();
        tokio::spawn(async move {
            let results = broker.publish(outgoing).await;
            let published = messages.into_iter().zip(results).collect();
            if sender.send(Command::Published(published)).await.is_err() {
                tracing::debug!("the driver ended before its messages were confirmed");
            }
        });
    }

    pub(super) fn published(
        &mut self,
        results: Vec<(Outgoing, Result<(), himekuri_broker::PublishError>)>,
    ) {
        for (message, result) in results {
            match (result, message.attempt) {
                (Ok(()), Some(attempt)) => {
                    if let Some(live) = self.live.get_mut(&attempt) {
                        live.published.push(message.id);
                    }
                }
                (Err(error), Some(attempt)) if !error.is_retryable() => {
                    // The task's own deadline sends it again, to the same end; a person must look.
                    tracing::error!(attempt.id = %attempt, "a task message can never be published: {error}");
                }
                (Err(error), Some(_)) => {
                    tracing::warn!(
                        "a task message is not confirmed and will be published again: {error}"
                    );
                    self.unpublished.push(message);
                }
                // Watch and cancel messages are made anew anyway.
                (Ok(()) | Err(_), None) => {}
            }
        }
    }

    pub(super) fn republish(&mut self) {
        let messages = std::mem::take(&mut self.unpublished);
        self.publish(messages);
    }

    /// Tells the store which messages left the outbox, where no commit has done so.
    pub(super) async fn flush_published(&mut self) {
        for (id, live) in &mut self.live {
            let ids = std::mem::take(&mut live.published);
            if ids.is_empty() {
                continue;
            }
            if let Err(error) = self.parts.store.mark_published(*id, self.parts.epoch, ids).await {
                // They stay in the outbox and are published once more after a restart.
                tracing::debug!(attempt.id = %id, "could not clear the outbox: {error}");
            }
        }
    }
}

fn missed_sla(record: &Record) -> Option<jiff::Timestamp> {
    let Record::SlaMissed { at, .. } = record else { return None };
    Some(*at)
}

fn is_kill(record: &Record) -> bool {
    matches!(record, Record::KillRequested { .. })
}

fn outbox_entry(message: &Outgoing) -> OutboxEntry {
    OutboxEntry {
        id: message.id.clone(),
        queue: Queue::Tasks.suffix().to_owned(),
        body: String::from_utf8_lossy(&message.body).into_owned(),
    }
}
