//! `himekuri status`.

use std::io;
use std::time::Duration;

use anyhow::anyhow;
use console::Term;
use jiff::Timestamp;

use crate::api_client::{ATTEMPTS_MAX, ApiClient};
use crate::arguments::CoordinatorArguments;
use crate::failure::{SaidAlready, Usage};
use crate::output::{self, Target};
use crate::times;

mod board;
mod text;

use board::Board;

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
///   himekuri status --watch 10
///   himekuri status --check > /dev/null || echo 'look at the marts'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// End with exit code 1 if something failed or is late.
    #[arg(long)]
    check: bool,
    /// Show it again and again, on a terminal.
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "5",
        value_parser = clap::value_parser!(u64).range(1..=86_400),
        conflicts_with_all = ["check", "json"]
    )]
    watch: Option<u64>,
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
    /// Whether there may be attempts that were not asked for.
    is_cut: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    if let Some(seconds) = arguments.watch {
        return watch(&client, Duration::from_secs(seconds)).await;
    }
    let look = look(&client).await?;
    if arguments.json {
        look.board.lines.iter().try_for_each(output::json_line)?;
    } else {
        output::line(look.text());
    }
    if arguments.check && look.board.has_trouble() { Err(SaidAlready.into()) } else { Ok(()) }
}

async fn look(client: &ApiClient) -> anyhow::Result<Look> {
    let schedules = client.schedules().await?;
    let attempts = client.attempts(ATTEMPTS_MAX).await?;
    let at = Timestamp::now();
    let is_cut = attempts.len() >= ATTEMPTS_MAX;
    Ok(Look { board: Board::of(&schedules, &attempts, at), at, is_cut })
}

impl Look {
    fn text(&self) -> String {
        let zone = times::machine_zone();
        let target = match Target::of_output() {
            Target::Terminal | Target::Screen => Target::Screen,
            Target::Elsewhere => Target::Elsewhere,
        };
        let text = text::text(&self.board, self.at, &zone, target);
        match self.is_cut {
            true => format!("{text}\nonly the newest {ATTEMPTS_MAX} attempts were looked at"),
            false => text,
        }
    }
}

/// Until somebody ends it. A coordinator that does not answer is asked again; what it said last stays.
async fn watch(client: &ApiClient, every: Duration) -> anyhow::Result<()> {
    let screen = Term::stdout();
    if !screen.is_term() {
        let wrong = anyhow!(
            "`--watch` draws on a terminal, and this is none; without it, `himekuri status` shows the state once"
        );
        return Err(Usage(wrong).into());
    }
    let mut last = String::new();
    loop {
        let text = match look(client).await {
            Ok(look) => {
                let at = times::full_clock(look.at, &times::machine_zone());
                last = format!("{at}\n{}", look.text());
                last.clone()
            }
            Err(error) => format!("could not look: {error:#}\n{last}"),
        };
        draw(&screen, &text)?;
        tokio::time::sleep(every).await;
    }
}

fn draw(screen: &Term, text: &str) -> io::Result<()> {
    screen.clear_screen()?;
    screen.write_line(text)
}
