//! `himekuri`: check, plan and run a project locally; push and start it on a pool.
//!
//! Results go to standard output, everything for the eye (progress, logs, errors) to standard error. Exit codes: 0 done,
//! 1 the work failed or the input has errors, 2 the command line cannot be read, 3 over a limit, and nothing was sent.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use himekuri_service::{LogFormat, init_logs};

mod api_client;
mod arguments;
mod commands;
mod confirm;
mod cost;
mod diagnostics;
mod failure;
mod git;
mod local_warehouse;
mod output;
mod preflight;
mod project;
mod pushed;
mod simulate;
mod times;
mod tips;
mod watch;

use commands::{
    attempts, backfill, backfills, check, completion, diff, enable, eval, explain, kill, log, man,
    partitions, pause, plan, projects, push, retry, run, schedules, secrets, sessions, start,
    status, tasks, token, warehouse, why, workers, workflows,
};

const AFTER_HELP: &str = "\
Examples:
  himekuri check path/to/title_a                                       without a pool
  himekuri plan path/to/title_a summary --session 2019-09-02
  himekuri push path/to/title_a --gcp-project game-a-prod              with a pool
  himekuri backfill title_a summary --from 2019-09-01 --to 2019-09-30
  himekuri status
  himekuri backfill --help                                             what a command does, with examples

Exit codes:
  0  done
  1  the work failed, or the input has errors
  2  the command line cannot be read
  3  over a limit (--max-cost, --max-bytes, a table's daily budget); nothing was sent
  130  left with Ctrl-C";

/// Daily data marts on BigQuery from digdag-compatible `.dig` files.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Show what happens inside; twice for more. `RUST_LOG` overrides it.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    Explain(explain::Arguments),
    Eval(eval::Arguments),
    Plan(plan::Arguments),
    Run(run::Arguments),
    Warehouse(warehouse::Arguments),
    Partitions(partitions::Arguments),
    Push(push::Arguments),
    Start(start::Arguments),
    Kill(kill::Arguments),
    Retry(retry::Arguments),
    Backfill(backfill::Arguments),
    Backfills(backfills::Arguments),
    Status(status::Arguments),
    Why(why::Arguments),
    Projects(projects::Arguments),
    Workflows(workflows::Arguments),
    Schedules(schedules::Arguments),
    Sessions(sessions::Arguments),
    Attempts(attempts::Arguments),
    Tasks(tasks::Arguments),
    Log(log::Arguments),
    Enable(enable::EnableArguments),
    Disable(enable::DisableArguments),
    Reschedule(enable::RescheduleArguments),
    Pause(pause::PauseArguments),
    Resume(pause::ResumeArguments),
    Workers(workers::Arguments),
    Diff(diff::Arguments),
    Secrets(secrets::Arguments),
    Token(token::Arguments),
    Completion(completion::Arguments),
    Man(man::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let line: Vec<_> = std::env::args_os().collect();
    let cli = Cli::try_parse_from(&line)
        .unwrap_or_else(|error| tips::with_tip(error, &Cli::command(), &line).exit());
    let level = match cli.verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    init_logs(LogFormat::Text, level);
    let result = match cli.command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments).await,
        Command::Run(arguments) => run::run(arguments).await,
        Command::Warehouse(arguments) => warehouse::run(&arguments),
        Command::Partitions(arguments) => partitions::run(&arguments).await,
        Command::Push(arguments) => push::run(&arguments).await,
        Command::Start(arguments) => start::run(&arguments).await,
        Command::Kill(arguments) => kill::run(&arguments).await,
        Command::Retry(arguments) => retry::run(&arguments).await,
        Command::Backfill(arguments) => backfill::run(&arguments).await,
        Command::Backfills(arguments) => backfills::run(&arguments).await,
        Command::Status(arguments) => status::run(&arguments).await,
        Command::Why(arguments) => why::run(&arguments).await,
        Command::Projects(arguments) => projects::run(&arguments).await,
        Command::Workflows(arguments) => workflows::run(&arguments).await,
        Command::Schedules(arguments) => schedules::run(&arguments).await,
        Command::Sessions(arguments) => sessions::run(&arguments).await,
        Command::Attempts(arguments) => attempts::run(&arguments).await,
        Command::Tasks(arguments) => tasks::run(&arguments).await,
        Command::Log(arguments) => log::run(&arguments).await,
        Command::Enable(arguments) => enable::enable(&arguments).await,
        Command::Disable(arguments) => enable::disable(&arguments).await,
        Command::Reschedule(arguments) => enable::reschedule(&arguments).await,
        Command::Pause(arguments) => pause::pause(&arguments).await,
        Command::Resume(arguments) => pause::resume(&arguments).await,
        Command::Workers(arguments) => workers::run(&arguments).await,
        Command::Diff(arguments) => diff::run(&arguments).await,
        Command::Secrets(arguments) => secrets::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Completion(arguments) => {
            completion::run(&arguments);
            Ok(())
        }
        Command::Man(arguments) => man::run(&arguments),
    };
    failure::exit_code(result)
}

#[cfg(test)]
mod tests;
