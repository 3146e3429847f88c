//! What to do next: the words for each reason, and the commands as they are typed.

use himekuri_protocol::reason::{Remedy, Why, of_job};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::access;
use super::found::{Cause, Found, KillFound, Verdict};
use crate::times;

/// A sentence or two, and the commands in the order in which they are needed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Next {
    pub(super) text: String,
    pub(super) commands: Vec<String>,
}

/// Which files the retry runs with.
#[derive(Clone, Copy)]
enum Files {
    /// Those of the attempt: they are not at fault.
    Same,
    /// New ones, pushed before.
    Pushed,
}

/// What somebody who waits for the attempt's result does now.
pub(super) fn next(found: &Found, now: Timestamp, zone: &TimeZone) -> Next {
    let attempt = found.attempt;
    match (found.verdict, &found.cause) {
        (Verdict::Succeeded, _) => just("nothing: all of it is done"),
        (Verdict::Failed, Some(cause)) => after(found, cause),
        (Verdict::Failed, None) => Next {
            text: "look at its tasks; then run what did not succeed".to_owned(),
            commands: vec![format!("himekuri tasks {attempt}"), retry(found, Files::Same)],
        },
        (Verdict::Failing, cause) => {
            let Next { text, commands } = match cause {
                Some(cause) => after(found, cause),
                None => just("look at its tasks"),
            };
            let text = format!(
                "{text}; a retry begins only when the attempt has ended, and others of its tasks still run"
            );
            Next { text, commands }
        }
        (Verdict::WaitingForRetry, Some(cause)) => match of_job(&cause.reason, &cause.error) {
            Remedy::Never(Why::Request | Why::Cost) => doomed(found, cause, now, zone),
            Remedy::NewTry(_) | Remedy::Wait(_) | Remedy::Never(_) => just(waits(cause, now, zone)),
        },
        (Verdict::WaitingForRetry, None) => just("nothing: it is tried again by itself"),
        (Verdict::Running, _) => Next {
            text: "nothing: it runs; its tree shows how far it is".to_owned(),
            commands: vec![format!("himekuri tasks {attempt}")],
        },
        (Verdict::Canceling, _) => Next {
            text: "wait until its jobs are over: a retry begins only then".to_owned(),
            commands: vec![format!("himekuri kill {attempt} --wait")],
        },
        (Verdict::Killed, _) => Next {
            text: killed(found.kill.as_ref()).to_owned(),
            commands: vec![retry(found, Files::Same)],
        },
    }
}

/// Of an attempt that goes on when its title does.
pub(super) fn paused(found: &Found, pause: &str) -> Next {
    Next {
        text: format!(
            "{} is {pause}. What is out goes on to its end, and the rest waits; when it may go on",
            found.project
        ),
        commands: vec![format!("himekuri resume {}", found.project)],
    }
}

fn just(text: impl Into<String>) -> Next {
    Next { text: text.into(), commands: Vec::new() }
}

fn killed(kill: Option<&KillFound>) -> &'static str {
    match kill {
        Some(KillFound { limit: Some(_), .. }) => {
            "find out what took so long; if it only needs more time, let an admin raise the limit, and run what did not succeed"
        }
        Some(KillFound { by: Some(_), .. }) => {
            "ask who killed it whether it may run; then run what did not succeed"
        }
        Some(KillFound { .. }) | None => "if it may run again, run what did not succeed",
    }
}

/// After a failure, by its reason: ours first, then BigQuery's.
fn after(found: &Found, cause: &Cause) -> Next {
    let attempt = found.attempt;
    let task = &cause.task;
    let new_files = |text: String| mended(found, text);
    let same_files = |text: String| Next { text, commands: vec![retry(found, Files::Same)] };
    match cause.reason.as_str() {
        "config" => new_files(
            "mend the file at the place that the error names, push it, and run what did not succeed"
                .to_owned(),
        ),
        "fail" => same_files(format!(
            "the workflow says so itself: the `fail>` of `{task}`. See to what its message tells, and run what did not succeed"
        )),
        "operatorNotRun" => new_files(
            "this version does not run the operator: put one in its place that it runs (docs/compatibility.md), push, and run what did not succeed"
                .to_owned(),
        ),
        "require" => required(found, cause),
        "httpCall" => same_files(
            "see to it that the address answers as the error says it must, and run what did not succeed"
                .to_owned(),
        ),
        "sla" => Next {
            text: "nothing is broken, but it took longer than its `sla` allows: look at what took so long"
                .to_owned(),
            commands: vec![format!("himekuri tasks {attempt}")],
        },
        "deadLetter" => same_files(
            "tell an admin: no worker could handle the task, and their logs say why. Then run what did not succeed"
                .to_owned(),
        ),
        "tooLarge" => new_files(
            "make the query smaller as the error says, push it, and run what did not succeed".to_owned(),
        ),
        "noProject" => Next {
            text: "push the title with the GCP project of its jobs, and run what did not succeed".to_owned(),
            commands: vec![
                format!("{} --gcp-project ID", push(found)),
                retry(found, Files::Pushed),
            ],
        },
        "foreignJob" | "canceled" => same_files(
            "run what did not succeed: a new attempt has jobs with ids of their own".to_owned(),
        ),
        reason => after_job(found, cause, of_job(reason, &cause.error)),
    }
}

/// After a failure with one of BigQuery's reasons.
fn after_job(found: &Found, cause: &Cause, remedy: Remedy) -> Next {
    let reason = &cause.reason;
    let same_files = |text: String| Next { text, commands: vec![retry(found, Files::Same)] };
    match remedy {
        // Its retries are used up, or it would not have failed.
        Remedy::NewTry(_) | Remedy::Wait(_) => same_files(format!(
            "BigQuery's trouble (`{reason}`) did not pass within its tries, and nothing in the files is wrong: run what did not succeed when it has passed"
        )),
        Remedy::Never(Why::Request) => mended(
            found,
            "BigQuery refuses it: mend the query, push it, and run what did not succeed".to_owned(),
        ),
        Remedy::Never(Why::Access) => same_files(allowed(found, cause)),
        Remedy::Never(Why::Missing) => same_files(
            "make what the error says is not there, and run what did not succeed. If it comes later each day, wait for it with `bq_wait>` before; if its name is wrong, mend the file, push it, and add `--latest-revision`"
                .to_owned(),
        ),
        Remedy::Never(Why::Resources) => mended(
            found,
            "the query needs more memory than BigQuery gives: let it read fewer dates at once or order less, push it, and run what did not succeed"
                .to_owned(),
        ),
        Remedy::Never(Why::Stopped) => same_files(
            "its job was stopped, or ran past its time limit. If it only needs more time, raise its `timeout`, push, and add `--latest-revision`; run what did not succeed"
                .to_owned(),
        ),
        Remedy::Never(Why::Cost) => mended(
            found,
            "it would have read more than it may, and nothing was paid: let it read less, or raise `maximum_bytes_billed`; push, and run what did not succeed"
                .to_owned(),
        ),
        Remedy::Never(Why::Destination) => mended(
            found,
            format!(
                "look at the task's `write_disposition`, and at what else writes {}; push what you change, and run what did not succeed",
                cause.destination.as_ref().map_or("its table".to_owned(), |name| format!("`{name}`"))
            ),
        ),
        Remedy::Never(Why::Unknown) => same_files(
            "read the error; if what it names is in the files, mend and push them and add `--latest-revision`. Then run what did not succeed"
                .to_owned(),
        ),
    }
}

/// Who needs which right.
fn allowed(found: &Found, cause: &Cause) -> String {
    let account = match &found.gcp_project {
        Some(project) => {
            format!("the service account with which the workers run the jobs of `{project}`")
        }
        None => "the workers' service account".to_owned(),
    };
    if access::is_sheet(&cause.error) {
        return format!(
            "share the Google Sheet behind the table with {account}, and run what did not succeed"
        );
    }
    match access::missing(&cause.error) {
        Some(access::Missing { role, on }) => format!(
            "{account} needs the role `{role}` on {on}: ask who owns it for that, and run what did not succeed"
        ),
        None => format!(
            "{account} lacks the right or the billing that the error names: ask who owns the GCP project for it, and run what did not succeed"
        ),
    }
}

/// The session that was waited for failed: its own reason comes first.
fn required(found: &Found, cause: &Cause) -> Next {
    let number = cause
        .error
        .split_once("attempt ")
        .map(|(_, behind)| behind.chars().take_while(char::is_ascii_digit).collect::<String>());
    let number = number.filter(|number| !number.is_empty());
    let why = number.map(|number| format!("himekuri why {number}"));
    let text = "the session that it waits for did not succeed: run that one again first, then what did not succeed here";
    let commands = why.into_iter().chain([retry(found, Files::Same)]).collect();
    Next { text: text.to_owned(), commands }
}

/// A retry is coming, and would run the same files against the same refusal: nobody should wait for it.
fn doomed(found: &Found, cause: &Cause, now: Timestamp, zone: &TimeZone) -> Next {
    let (next, when) = (after(found, cause), retried(cause, now, zone));
    let text = format!(
        "do not wait: it is tried again {when}, and would fail in the same way. End the attempt; {}",
        next.text
    );
    let kill = format!("himekuri kill {} --wait", found.attempt);
    Next { text, commands: std::iter::once(kill).chain(next.commands).collect() }
}

fn retried(cause: &Cause, now: Timestamp, zone: &TimeZone) -> String {
    match cause.retry_at {
        Some(at) if at > now => {
            format!("at {} (in {})", times::full_clock(at, zone), times::between(now, at))
        }
        Some(_) | None => "in a moment".to_owned(),
    }
}

fn waits(cause: &Cause, now: Timestamp, zone: &TimeZone) -> String {
    let when = retried(cause, now, zone);
    match of_job(&cause.reason, &cause.error) {
        Remedy::Wait(_) => format!(
            "nothing: a quota of BigQuery is used up; it is tried again {when}, as often as it takes, and no retry is counted"
        ),
        Remedy::NewTry(_) | Remedy::Never(_) => format!("nothing yet: it is tried again {when}"),
    }
}

fn mended(found: &Found, text: String) -> Next {
    Next { text, commands: vec![push(found), retry(found, Files::Pushed)] }
}

/// A project is called as its folder.
fn push(found: &Found) -> String {
    format!("himekuri push path/to/{}", found.project)
}

fn retry(found: &Found, files: Files) -> String {
    let files = match files {
        Files::Same => "",
        Files::Pushed => " --latest-revision",
    };
    format!("himekuri retry {} --resume{files}", found.attempt)
}

#[cfg(test)]
mod tests;
