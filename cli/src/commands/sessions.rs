//! `himekuri sessions`.

use std::collections::HashMap;

use himekuri_coordinator::AttemptSummary;
use himekuri_protocol::AttemptId;
use jiff::Timestamp;
use serde::Serialize;

use crate::api_client::Wanted;
use crate::arguments::ListArguments;
use crate::commands::attempts::{state_name, took};
use crate::commands::projects::known;
use crate::output::{self, Target};
use crate::times;
use crate::watch::{Look, WatchArguments};

/// Attempts that are looked at: sessions are made of them.
const ATTEMPTS_MAX: usize = 1_000;

/// List sessions with their newest attempt, newest first.
///
/// Of the newest 1,000 attempts that fit. `himekuri attempts` lists every attempt of a session.
///
/// Examples:
///   himekuri sessions
///   himekuri sessions --project title_a --workflow summary
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Only sessions of this project.
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// Only sessions of workflows of this name.
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<String>,
    #[command(flatten)]
    watch: WatchArguments,
    #[command(flatten)]
    list: ListArguments,
}

/// A session.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Session {
    project: String,
    workflow: String,
    session_time: Timestamp,
    /// The same in the workflow's zone, for people.
    session_local_time: String,
    /// Its newest attempt.
    attempt: AttemptId,
    /// That attempt's state.
    state: &'static str,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    #[serde(skip)]
    took: String,
    /// Attempts of the session that were seen.
    attempts: usize,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.list.json {
        return found(arguments).await?.iter().try_for_each(output::json_line);
    }
    let look = async || Ok(Look::for_now(text(found(arguments).await?, arguments.watch.target())));
    arguments.watch.show(look).await
}

async fn found(arguments: &Arguments) -> anyhow::Result<Vec<Session>> {
    let client = arguments.list.client();
    let (project, workflow) = (arguments.project.as_deref(), arguments.workflow.as_deref());
    let attempts = client.attempts(Wanted { project, workflow }, ATTEMPTS_MAX).await?;
    if attempts.is_empty() && (project.is_some() || workflow.is_some()) {
        let projects = client.projects().await?;
        known(&projects, project, workflow)?;
    }
    Ok(sessions(&attempts, Timestamp::now()))
}

fn text(sessions: Vec<Session>, target: Target) -> String {
    let zone = times::machine_zone();
    let rows = sessions.into_iter().map(|session| {
        [
            session.project,
            session.workflow,
            session.session_local_time,
            session.state.to_owned(),
            session.attempt.to_string(),
            session.attempts.to_string(),
            times::clock(session.started_at, &zone),
            session.took,
        ]
    });
    let header =
        ["PROJECT", "WORKFLOW", "SESSION", "STATE", "ATTEMPT", "ATTEMPTS", "STARTED", "TOOK"];
    output::table_text(header, rows, target)
}

/// Sessions, those whose newest attempt is the newest first.
fn sessions(attempts: &[AttemptSummary], now: Timestamp) -> Vec<Session> {
    let mut newest: HashMap<String, (&AttemptSummary, usize)> = HashMap::new();
    for attempt in attempts {
        let (shown, count) = newest.entry(attempt.session_key()).or_insert((attempt, 0));
        *count += 1;
        if shown.attempt < attempt.attempt {
            *shown = attempt;
        }
    }
    let mut sessions: Vec<Session> = newest
        .into_values()
        .map(|(attempt, attempts)| Session {
            project: attempt.project.clone(),
            workflow: attempt.workflow.clone(),
            session_time: attempt.session_time,
            session_local_time: attempt.session_local_time.clone(),
            attempt: attempt.attempt,
            state: state_name(attempt),
            started_at: attempt.requested_at,
            ended_at: attempt.ended_at,
            took: took(attempt, now),
            attempts,
        })
        .collect();
    sessions.sort_by_key(|session| std::cmp::Reverse(session.attempt));
    sessions
}
