//! `himekuri status`.

use jiff::{SignedDuration, Timestamp};

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::commands::pause;
use crate::failure::SaidAlready;
use crate::output::{self, Target};
use crate::times;
use crate::watch::{self, WatchArguments};

mod board;
mod text;

use board::{Board, RECENT};

/// How far back attempts are asked for: one that ended within the last day may have begun a day before.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(2 * RECENT.as_hours());

/// Show how every workflow of every title does, the worst first.
///
/// A line for each workflow that has a schedule, or an attempt of the last 24 hours: its newest session with its newest
/// attempt. `failed`: that attempt failed, or an earlier session of the last 24 hours did; `himekuri why ATTEMPT` says why.
/// `late`: the time of a session has passed by more than 5 minutes, and it has no attempt.
///
/// With --json, one object a line for each workflow: health (failed, late, running, killed, ok, waiting), project, workflow,
/// session, attempt, state, started_at, ended_at, next_session_time, next_run_time, notes.
///
/// Exit code: 0 done, 1 an error; with --check also if something failed or is late.
///
/// Examples:
///   himekuri status
///   himekuri status --watch
///   himekuri status --check > /dev/null || echo 'look at the marts'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// End with exit code 1 if something failed or is late.
    #[arg(long, conflicts_with = "watch")]
    check: bool,
    #[command(flatten)]
    watch: WatchArguments,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object a line for each workflow.
    #[arg(long)]
    json: bool,
}

/// What was asked for at one time.
struct Look {
    board: Board,
    at: Timestamp,
    /// From when on attempts were looked at, if that is later than they should be.
    seen_since: Option<Timestamp>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    if !arguments.json && !arguments.check {
        let target = arguments.watch.target();
        let show = async || Ok(watch::Look::for_now(look(&client).await?.text(target)));
        return arguments.watch.show(show).await;
    }
    let look = look(&client).await?;
    if arguments.json {
        look.board.lines.iter().try_for_each(output::json_line)?;
    } else {
        output::line(look.text(arguments.watch.target()));
    }
    if arguments.check && look.board.has_trouble() { Err(SaidAlready.into()) } else { Ok(()) }
}

async fn look(client: &ApiClient) -> anyhow::Result<Look> {
    let schedules = client.schedules().await?;
    let at = Timestamp::now();
    let found = client.attempts_since(at - LOOK_BACK).await?;
    let oldest = found.attempts.last().map(|oldest| oldest.requested_at);
    let seen_since = oldest.filter(|_| found.is_cut);
    let mut board = Board::of(&schedules, &found.attempts, at);
    for project in client.projects().await? {
        if let Some(pause) = &project.paused {
            board.note(&project.name, &pause::sentence(pause));
        }
    }
    Ok(Look { board, at, seen_since })
}

impl Look {
    fn text(&self, target: Target) -> String {
        let zone = times::machine_zone();
        // The board is long: no lines between its rows.
        let target = match target {
            Target::Terminal | Target::Screen => Target::Screen,
            Target::Elsewhere => Target::Elsewhere,
        };
        let text = text::text(&self.board, self.at, &zone, target);
        match self.seen_since {
            Some(since) => {
                let since = times::clock(since, &zone);
                format!(
                    "{text}\nthere are too many attempts: only those since {since} were looked at"
                )
            }
            None => text,
        }
    }
}
