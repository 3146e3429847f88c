//! The answer for people.

use std::fmt::Write as _;

use himekuri_protocol::reason::of_job;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::found::{Cause, Found, Named, Open, Verdict};
use super::next::Next;
use crate::output::{counted, grouped};
use crate::times;

/// Open tasks that are shown; `himekuri tasks` has all.
const OPEN_SHOWN: usize = 5;

/// Some paragraphs, without a line end at the end.
pub(super) fn text(found: &Found, next: &Next, now: Timestamp, zone: &TimeZone) -> String {
    let mut paragraphs = vec![head(found, now, zone)];
    paragraphs.extend(found.cause.as_ref().map(|cause| blamed(found, cause, zone)));
    paragraphs.extend(found.error.clone());
    paragraphs.extend(open(&found.open, now, zone));
    paragraphs.extend(others(found));
    paragraphs.push(advice(next));
    paragraphs.join("\n\n")
}

fn head(found: &Found, now: Timestamp, zone: &TimeZone) -> String {
    let Found { attempt, project, workflow, session, .. } = found;
    let is = match found.verdict {
        Verdict::Succeeded => "succeeded",
        Verdict::Failed => "failed",
        Verdict::Failing => "runs, and will fail unless a group of it is tried again",
        Verdict::Killed => "was killed",
        Verdict::Canceling => "is killed, and waits for the end of its jobs",
        Verdict::WaitingForRetry => "runs; a task of it failed and is tried again",
        Verdict::Running => "runs",
    };
    let mut text = format!("attempt {attempt} {is}\n  {project}/{workflow}, session {session}");
    if !found.attempt_name.is_empty() {
        let _ = write!(text, ", attempt `{}`", found.attempt_name);
    }
    let (began, end) = (found.requested_at, found.ended_at);
    let lasted = times::between(began, end.unwrap_or(now));
    let _ = write!(text, "\n  asked for {}, ", times::full_clock(began, zone));
    let _ = match end {
        Some(end) => write!(text, "ended {}, after {lasted}", times::full_clock(end, zone)),
        None => write!(text, "{lasted} ago"),
    };
    if let Some(kill) = &found.kill {
        let by = kill.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        let limit = kill.limit.as_ref().map(|limit| format!(": {limit}")).unwrap_or_default();
        let _ = write!(text, "\n  killed{by} {}{limit}", times::full_clock(kill.at, zone));
    }
    if found.succeeded > 0 {
        let _ = write!(text, "\n  {} succeeded", counted(found.succeeded, "task"));
        let billed = found.bytes_billed;
        if billed.0 > 0 || found.verdict == Verdict::Succeeded {
            let _ = write!(text, "; {billed} billed ({} bytes)", grouped(billed.0));
        }
    }
    text
}

fn blamed(found: &Found, cause: &Cause, zone: &TimeZone) -> String {
    let is = match found.verdict {
        Verdict::WaitingForRetry => "failed and is tried again",
        Verdict::Succeeded
        | Verdict::Failed
        | Verdict::Failing
        | Verdict::Killed
        | Verdict::Canceling
        | Verdict::Running => "failed first",
    };
    let operator = cause.operator.as_ref().map(|operator| format!(" ({operator}>)"));
    let mut text = format!("task {}{} {is}\n ", cause.task, operator.unwrap_or_default());
    text.push_str(&match cause.tries {
        0 => " before its first try".to_owned(),
        1 => " in its only try".to_owned(),
        tries => format!(" after {tries} tries"),
    });
    if let Some(at) = cause.failed_at {
        let _ = write!(text, ", {}", times::full_clock(at, zone));
    }
    if let Some(destination) = &cause.destination {
        let _ = write!(text, "\n  it writes {destination}");
    }
    let mut error = cause.error.as_str();
    // The advice below says the same with the command.
    let general = of_job(&cause.reason, error).advice();
    error = error.strip_suffix(general).map_or(error, str::trim_end);
    let reason = if cause.reason.is_empty() { "failed" } else { &cause.reason };
    for (place, line) in format!("{reason}: {error}").lines().enumerate() {
        let indent = if place == 0 { "  " } else { "    " };
        let _ = write!(text, "\n{indent}{line}");
    }
    text
}

fn open(tasks: &[Open], now: Timestamp, zone: &TimeZone) -> Option<String> {
    if tasks.is_empty() {
        return None;
    }
    let mut lines = vec![format!("{} under way", counted(tasks.len(), "task"))];
    lines.extend(tasks.iter().take(OPEN_SHOWN).map(|task| {
        let mut line = format!("  {}: {}", task.task, task.state);
        if let Some(at) = task.started_at {
            let _ = write!(line, " for {}", times::between(at, now));
        }
        if let Some(until) = task.until {
            let _ = write!(line, " until {}", times::full_clock(until, zone));
        }
        if let Some(destination) = &task.destination {
            let _ = write!(line, " -> {destination}");
        }
        line
    }));
    if tasks.len() > OPEN_SHOWN {
        lines.push(format!("  and {} more", tasks.len() - OPEN_SHOWN));
    }
    Some(lines.join("\n"))
}

fn others(found: &Found) -> Option<String> {
    let because = match found.verdict {
        Verdict::Failed => "did not begin because of it",
        Verdict::Succeeded
        | Verdict::Failing
        | Verdict::Killed
        | Verdict::Canceling
        | Verdict::WaitingForRetry
        | Verdict::Running => "not begun",
    };
    let ready = match found.ready {
        0 => None,
        ready => Some(format!("{} ready, waiting for a place", counted(ready, "task"))),
    };
    let named = [
        named(&found.also_failed, "failed too"),
        named(&found.stopped, "stopped by the kill"),
        named(&found.not_begun, because),
        ready,
    ];
    let lines: Vec<String> = named.into_iter().flatten().collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn named(tasks: &Named, fate: &str) -> Option<String> {
    let mut names = tasks.first.join(", ");
    if tasks.count > tasks.first.len() {
        names.push_str(", ...");
    }
    (tasks.count > 0).then(|| format!("{} {fate}: {names}", counted(tasks.count, "task")))
}

fn advice(next: &Next) -> String {
    let mut text = format!("what to do: {}", next.text);
    for command in &next.commands {
        let _ = write!(text, "\n  {command}");
    }
    text
}

#[cfg(test)]
mod tests;
