//! Shows which sessions are late or have failed, and how far backfills are: looks at the store now and then, as the notifier does,
//! whether anybody is told or not.

use std::collections::BTreeMap;
use std::time::Duration;

use himekuri_telemetry::metrics::{marts, work};
use himekuri_telemetry::{KeyValue, gauges};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::backfill::Backfill;
use crate::coordinator::{Coordinator, ScheduleView};
use crate::summary::{AttemptState, AttemptSummary};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Newest attempts that are looked at.
const ATTEMPTS: usize = 1_000;
/// Older trouble is not of today.
const TODAY: SignedDuration = SignedDuration::from_hours(24);

/// Sessions by title, workflow and a word.
type Counts = BTreeMap<(String, String, &'static str), u32>;

/// Looks until `stop`. A look that fails leaves what was shown, and the next one does its work.
pub async fn show_lateness(
    coordinator: Coordinator,
    grace: SignedDuration,
    stop: CancellationToken,
) {
    loop {
        if let Err(error) = look(&coordinator, grace).await {
            tracing::debug!("what is late is not known: {error:#}");
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn look(coordinator: &Coordinator, grace: SignedDuration) -> anyhow::Result<()> {
    let now = coordinator.now();
    let attempts = coordinator.attempts(ATTEMPTS).await?;
    let schedules = coordinator.schedule_views().await?;
    let backfills = coordinator.backfills().await?;
    let late = late(&attempts, &schedules, now, grace);
    gauges::replace(&marts::SESSIONS_LATE, series(late, Some("cause")));
    gauges::replace(&marts::SESSIONS_FAILED, series(failed(&attempts, now), None));
    gauges::replace(&work::BACKFILL_DATES, series(open(&backfills), Some("state")));
    Ok(())
}

/// The newest attempt of each session. `attempts` are newest first.
fn newest(attempts: &[AttemptSummary]) -> impl Iterator<Item = &AttemptSummary> {
    let mut newest: BTreeMap<String, &AttemptSummary> = BTreeMap::new();
    for attempt in attempts {
        newest.entry(attempt.session_key()).or_insert(attempt);
    }
    newest.into_values()
}

fn failed(attempts: &[AttemptSummary], now: Timestamp) -> Counts {
    let failed = newest(attempts).filter(|attempt| {
        attempt.state == AttemptState::Error && attempt.ended_at.is_some_and(|at| of_today(at, now))
    });
    counted(failed.map(|attempt| (attempt.project.clone(), attempt.workflow.clone(), "")))
}

fn late(
    attempts: &[AttemptSummary],
    schedules: &[ScheduleView],
    now: Timestamp,
    grace: SignedDuration,
) -> Counts {
    let missed = newest(attempts).filter(|attempt| {
        attempt.state != AttemptState::Success
            && attempt.sla_missed_at.is_some_and(|at| of_today(at, now))
    });
    let missed = missed.map(|attempt| (attempt.project.clone(), attempt.workflow.clone(), "sla"));
    let missing = schedules.iter().filter_map(|schedule| {
        let run_time = schedule.next_run_time.filter(|_| schedule.disabled_at.is_none())?;
        let (project, workflow) = schedule.schedule.split_once('/')?;
        let is_late = now.duration_since(run_time) > grace;
        is_late.then(|| (project.to_owned(), workflow.to_owned(), "not_started"))
    });
    counted(missed.chain(missing))
}

fn open(backfills: &[Backfill]) -> Counts {
    let mut counts = Counts::new();
    for backfill in backfills.iter().filter(|backfill| backfill.is_open()) {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let waiting = number(backfill.sessions.saturating_sub(backfill.started));
        let states = [("waiting", waiting), ("running", number(backfill.running.len()))];
        for (state, count) in states {
            let key = (backfill.project.clone(), backfill.workflow.clone(), state);
            *counts.entry(key).or_default() += count;
        }
    }
    counts
}

fn of_today(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) <= TODAY
}

fn counted(keys: impl Iterator<Item = (String, String, &'static str)>) -> Counts {
    let mut counts = Counts::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts
}

fn series(counts: Counts, label: Option<&'static str>) -> Vec<gauges::Series> {
    let series = counts.into_iter().map(|((title, workflow, word), count)| {
        let mut labels = vec![KeyValue::new("title", title), KeyValue::new("workflow", workflow)];
        labels.extend(label.map(|label| KeyValue::new(label, word)));
        (labels, f64::from(count))
    });
    series.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn attempt(id: u64, state: &str, sla_missed: bool) -> AttemptSummary {
        serde_json::from_value(json!({
            "attempt": id, "project": "a", "revision": "r", "workflow": "daily",
            "session_time": "2026-01-01T15:00:00Z",
            "session_local_time": "2026-01-02T00:00:00+09:00",
            "now": "2026-01-01T22:00:00Z", "attempt_name": "", "params": {}, "overrides": {},
            "state": state, "requested_at": "2026-01-01T22:00:00Z",
            "ended_at": "2026-01-01T22:30:00Z",
            "sla_missed_at": sla_missed.then_some("2026-01-01T22:20:00Z"),
        }))
        .unwrap()
    }

    fn key(word: &'static str) -> (String, String, &'static str) {
        ("a".to_owned(), "daily".to_owned(), word)
    }

    #[test]
    fn a_session_is_late_until_its_newest_attempt_has_ended_well() {
        let (now, grace) = (at("2026-01-01T23:00:00Z"), SignedDuration::from_mins(10));
        let missed = [attempt(7, "error", true)];

        assert_eq!(late(&missed, &[], now, grace), Counts::from([(key("sla"), 1)]));
        assert_eq!(failed(&missed, now), Counts::from([(key(""), 1)]));
        let again = [attempt(8, "success", false), missed[0].clone()];
        assert_eq!(late(&again, &[], now, grace), Counts::new());
        assert_eq!(failed(&again, now), Counts::new());
        // What nobody has mended by the next day is not of today any more.
        let tomorrow = at("2026-01-02T23:00:00Z");
        assert_eq!(late(&missed, &[], tomorrow, grace), Counts::new());
        assert_eq!(failed(&missed, tomorrow), Counts::new());
    }

    #[test]
    fn a_session_that_should_have_started_is_late_unless_its_schedule_is_disabled() {
        let schedule = |disabled_at| ScheduleView {
            schedule: "a/daily".to_owned(),
            last_session_time: None,
            next_session_time: Some(at("2026-01-01T15:00:00Z")),
            next_run_time: Some(at("2026-01-01T22:00:00Z")),
            disabled_at,
            waits_for: None,
        };
        let grace = SignedDuration::from_mins(10);
        let late_at = |now: &str, schedule| late(&[], &[schedule], at(now), grace);

        assert_eq!(late_at("2026-01-01T22:10:00Z", schedule(None)), Counts::new());
        let counts = Counts::from([(key("not_started"), 1)]);
        assert_eq!(late_at("2026-01-01T22:10:01Z", schedule(None)), counts);
        let disabled = schedule(Some(at("2026-01-01T00:00:00Z")));
        assert_eq!(late_at("2026-01-01T23:00:00Z", disabled), Counts::new());
    }
}
