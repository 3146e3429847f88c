//! Tells the trace of an attempt that has ended, beside the driver's rounds.

use himekuri_broker::OutgoingMessage;
use himekuri_engine::{Attempt, Record};
use himekuri_protocol::AttemptId;
use himekuri_telemetry::export::traces;
use himekuri_telemetry::trace::TRACEPARENT;

use super::{Driver, Live, Outgoing};
use crate::summary::AttemptState;
use crate::trace::spans;

/// Whether something went wrong that a trace would explain.
pub(super) fn is_trouble(record: &Record) -> bool {
    matches!(
        record,
        Record::RetryScheduled { .. }
            | Record::Failed { .. }
            | Record::Failing { .. }
            | Record::Unreachable { .. }
            | Record::SlaMissed { .. }
    )
}

impl Driver {
    /// The message of a try carries the try's place in its trace: whoever runs it goes on from there.
    pub(super) fn in_trace(
        &self,
        outgoing: &Outgoing,
        mut message: OutgoingMessage,
    ) -> OutgoingMessage {
        let live = outgoing.attempt.and_then(|id| self.live.get(&id));
        if let Some(trace) = live.and_then(|live| live.trace.as_ref()) {
            // An entry of the outbox is called as the message, and where in the log it stands.
            let name = outgoing.id.split('@').next().unwrap_or_default();
            let context = trace.try_of(name);
            message.headers.insert(TRACEPARENT.to_owned(), context.traceparent());
        }
        message
    }

    /// An attempt has ended. Its trace is told whole, or not at all; always when something went wrong.
    pub(super) fn tell_trace(&self, id: AttemptId, live: &Live) {
        let Some(trace) = live.trace.filter(|_| traces()) else { return };
        let is_well = live.summary.state == AttemptState::Success && !live.troubled;
        if is_well && !trace.parent.sampled {
            return;
        }
        let history = self.parts.history();
        tokio::spawn(async move {
            let log = match history.log(id).await {
                Ok(log) => log,
                Err(error) => {
                    tracing::debug!(attempt.id = %id, "the trace of attempt {id} is not told: {error}");
                    return;
                }
            };
            let log: Result<Vec<Record>, _> =
                log.iter().map(|record| serde_json::from_str(record)).collect();
            let Ok(log) = log else { return };
            if let Ok(attempt) = Attempt::replay(log.clone()) {
                spans::spans(&trace, &attempt, &log).into_iter().for_each(|span| span.tell());
            }
        });
    }
}
