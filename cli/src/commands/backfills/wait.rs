//! Follows a backfill to its end.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context as _;
use himekuri_coordinator::{Backfill, BackfillState};
use himekuri_cost::Bytes;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::pace::Pace;
use super::{all, state};
use crate::api_client::ApiClient;
use crate::failure::{Left, SaidAlready};
use crate::output;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Sessions that have ended, and everything else in words: a look comes once a second, too seldom for the bar's own rate.
const BAR: &str = "{bar:30} {pos}/{len} sessions; {msg}";

/// Shows how far a backfill is until it has ended, or until somebody has seen enough: it goes on without them.
///
/// # Errors
/// [`SaidAlready`]: a session failed; [`Left`]: Ctrl-C. There is no such backfill, or the coordinator does not answer.
pub(crate) async fn follow(client: &ApiClient, id: u64, json: bool) -> anyhow::Result<()> {
    let bar = bar()?;
    let ended = tokio::select! {
        ended = watched(client, id, &bar) => ended,
        signal = tokio::signal::ctrl_c() => {
            signal.context("could not listen for Ctrl-C")?;
            bar.finish_and_clear();
            output::aside(format!(
                "backfill {id} goes on without you\n  himekuri backfills wait {id}   shows it again\n  himekuri backfills pause {id}  \
                 lets what runs end, and starts nothing else\n  himekuri backfills kill {id}   ends it"
            ));
            return Err(Left.into());
        }
    };
    bar.finish_and_clear();
    let ended = ended?;
    if json {
        output::json_line(&ended)?;
    } else {
        output::line(sentence(&ended));
    }
    if ended.failed > 0 { Err(SaidAlready.into()) } else { Ok(()) }
}

fn bar() -> anyhow::Result<ProgressBar> {
    let target = match std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let style = ProgressStyle::with_template(BAR)?;
    Ok(ProgressBar::with_draw_target(Some(0), target).with_style(style))
}

/// The backfill once it has ended.
async fn watched(client: &ApiClient, id: u64, bar: &ProgressBar) -> anyhow::Result<Backfill> {
    let mut pace = None;
    loop {
        let backfills = all(client).await.with_context(|| {
            format!("could not look at backfill {id}; it goes on, and `himekuri backfills wait {id}` shows it again")
        })?;
        let found = backfills.into_iter().find(|found| found.id == id);
        let backfill = found.with_context(|| {
            format!("there is no backfill {id}; `himekuri backfills` lists them")
        })?;
        let now = Timestamp::now();
        let pace = pace.get_or_insert_with(|| Pace {
            requested_at: backfill.requested_at,
            watched_since: now,
            ended_before: ended(&backfill),
        });
        bar.set_length(u64::try_from(backfill.sessions)?);
        bar.set_position(u64::try_from(ended(&backfill))?);
        bar.set_message(progress(&backfill, *pace, now));
        let is_over = match backfill.state {
            BackfillState::Done | BackfillState::Killed => backfill.running.is_empty(),
            BackfillState::Running | BackfillState::Paused => false,
        };
        if is_over {
            return Ok(backfill);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn ended(backfill: &Backfill) -> usize {
    backfill.succeeded + backfill.failed
}

/// What stands behind the bar.
fn progress(backfill: &Backfill, pace: Pace, now: Timestamp) -> String {
    let ended = ended(backfill);
    let left = backfill.sessions.saturating_sub(ended);
    let mut parts = Vec::new();
    if state(backfill) != "running" {
        parts.push(state(backfill));
    }
    parts.push(format!("{} running", backfill.running.len()));
    parts.push(format!("{} failed", backfill.failed));
    // A paused one has no end.
    if backfill.state == BackfillState::Running {
        parts.extend(pace.text(ended, left, now));
    }
    parts.push(format!("{} billed", Bytes(backfill.bytes_billed)));
    parts.join(", ")
}

fn sentence(backfill: &Backfill) -> String {
    let Backfill { id, sessions, succeeded, failed, project, .. } = backfill;
    let was = match backfill.state {
        BackfillState::Killed => "was killed",
        BackfillState::Done => "is done",
        BackfillState::Running => "runs",
        BackfillState::Paused => "is paused",
    };
    let mut text = format!("backfill {id} {was}: {succeeded} of {sessions} sessions succeeded");
    if *failed > 0 {
        text.push_str(&format!(", {failed} did not"));
    }
    let not_begun = sessions.saturating_sub(succeeded + failed);
    if not_begun > 0 {
        text.push_str(&format!(", {not_begun} never began"));
    }
    text.push_str(&format!("; {} billed", Bytes(backfill.bytes_billed)));
    if *failed > 0 {
        text.push_str(&format!(
            "\n  himekuri sessions --project {project}  lists them, `himekuri why ATTEMPT` says why"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn backfill(state: &str, succeeded: usize, failed: usize, running: usize) -> Backfill {
        let running: Vec<_> = (1..=running)
            .map(|attempt| json!({"attempt": attempt, "session_time": "2019-09-01T15:00:00Z"}))
            .collect();
        serde_json::from_value(json!({
            "id": 3, "name": "b", "project": "title_a", "revision": "r", "gcp_project": null,
            "workflow": "summary", "from": "2019-09-01", "to": "2019-09-30", "concurrency": 2,
            "requested_at": "1970-01-01T00:00:00Z", "state": state, "sessions": 30, "started": 5,
            "running": running, "succeeded": succeeded, "failed": failed,
            "bytes_billed": 3_u64 << 30,
        }))
        .unwrap()
    }

    fn shown(backfill: &Backfill) -> String {
        let start = Timestamp::UNIX_EPOCH;
        let pace = Pace { requested_at: start, watched_since: start, ended_before: 0 };
        progress(backfill, pace, Timestamp::from_second(600).unwrap())
    }

    #[test]
    fn a_running_one_has_rate_rest_and_bytes() {
        assert_eq!(
            shown(&backfill("running", 19, 1, 2)),
            "2 running, 1 failed, 2 a minute, 5m to go, 3.0 GiB billed"
        );
    }

    #[test]
    fn a_paused_one_has_no_end() {
        let text = shown(&backfill("paused", 19, 1, 0));

        assert_eq!(text, "paused, 0 running, 1 failed, 3.0 GiB billed");
    }

    #[test]
    fn the_last_sentence_says_what_to_look_at() {
        assert_eq!(
            sentence(&backfill("done", 30, 0, 0)),
            "backfill 3 is done: 30 of 30 sessions succeeded; 3.0 GiB billed"
        );
        assert_eq!(
            sentence(&backfill("killed", 19, 1, 0)),
            "backfill 3 was killed: 19 of 30 sessions succeeded, 1 did not, 10 never began; 3.0 GiB billed\n  himekuri sessions \
             --project title_a  lists them, `himekuri why ATTEMPT` says why"
        );
    }
}
