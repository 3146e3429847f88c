//! `himekuri retry`.

use clap::ArgGroup;
use himekuri_coordinator::{RetryMode, RetryRequest, RetryRevision, Started};

use crate::api_client::ApiClient;
use crate::arguments::{self, CoordinatorArguments, ParameterArguments};
use crate::failure::SaidAlready;
use crate::output;

/// Run the session of an ended attempt again.
///
/// `--resume` skips what succeeded: what it had stored is seen as if it had just run. A task that was changed since, and
/// what waits for it, runs again all the same; `-p` and `--override` reach only the tasks that run. Exit code 1 when the
/// session has an attempt of this name already.
///
/// Examples:
///   himekuri retry 12 --resume                     the failed tasks and what follows, with the same files
///   himekuri retry 12 --resume --latest-revision   the same after `himekuri push` of a repaired query
///   himekuri retry 12 --resume-from +load          `+load` and what does not come before it
///   himekuri retry 12 --all                        everything
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(group = ArgGroup::new("mode").required(true).args(["all", "resume", "resume_from"]))]
#[command(group = ArgGroup::new("files").args(["keep_revision", "latest_revision", "revision"]))]
pub(crate) struct Arguments {
    /// Number of the attempt, from `himekuri attempts`.
    #[arg(value_parser = arguments::attempt)]
    attempt: u64,
    /// Run everything again.
    #[arg(long)]
    all: bool,
    /// Run what did not succeed.
    #[arg(long)]
    resume: bool,
    /// Run a task and what does not come before it; the end of its full name is enough.
    #[arg(long, value_name = "+NAME")]
    resume_from: Option<String>,
    /// With the files of the earlier attempt; this is the default.
    #[arg(long)]
    keep_revision: bool,
    /// With the files that were pushed last.
    #[arg(long)]
    latest_revision: bool,
    /// With the files of a revision.
    #[arg(long, value_name = "HASH")]
    revision: Option<String>,
    /// Name of the new attempt; a unique one if it is left out.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    parameters: ParameterArguments,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let request = RetryRequest {
        mode: match &arguments.resume_from {
            Some(name) => RetryMode::ResumeFrom(name.clone()),
            None if arguments.resume => RetryMode::Resume,
            None => RetryMode::All,
        },
        revision: match &arguments.revision {
            Some(revision) => RetryRevision::Revision(revision.clone()),
            None if arguments.latest_revision => RetryRevision::Latest,
            None => RetryRevision::Keep,
        },
        params: arguments.parameters.params(),
        overrides: arguments.parameters.overrides(),
        attempt_name: arguments.name.clone(),
    };
    let path = format!("/v1/attempts/{}/retry", arguments.attempt);
    let started: Started = client.call(client.post(&path).json(&request)).await?;
    if arguments.json {
        output::json_line(&started)?;
    } else {
        let Started { attempt, session_local_time, .. } = &started;
        output::line(match started.created {
            true => format!("attempt {attempt}: session {session_local_time} runs again"),
            false => format!(
                "attempt {attempt}: session {session_local_time} had an attempt of this name already"
            ),
        });
    }
    if started.created { Ok(()) } else { Err(SaidAlready.into()) }
}
