//! `himekuri-example-logs`: makes raw game logs and loads them, or writes them to files.
#![expect(clippy::print_stderr, reason = "the last line of a failed run tells why")]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, ValueEnum};
use himekuri_example_logs::generate::USERS_MAX;
use himekuri_example_logs::load::{Destination, MartTables};
use himekuri_example_logs::{Battles, Day, Logs, Title, folder, load};

use display::Display;

mod display;

/// Make raw game logs for the example projects.
///
/// The same seed, title, users and date always give the same logs, and a day that is loaded again
/// replaces itself. The datasets `raw_log` and `summary` are created where they are missing.
#[derive(Parser)]
#[command(name = "himekuri-example-logs", version)]
struct Cli {
    #[command(flatten)]
    target: Target,
    /// GCP project of the title [default: the title with `-` for `_`]
    #[arg(long)]
    project: Option<String>,
    /// Title whose logs are made, as its folder is called
    #[arg(long, default_value = "title_a", value_parser = title_name)]
    title: String,
    /// What the title's battle table is about [default: guilds for title_b, quests for all others]
    #[arg(long, value_enum)]
    battles: Option<BattleKind>,
    /// About how many players are active per day
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=i64::from(USERS_MAX)))]
    users: u32,
    /// First date, in Japan (YYYY-MM-DD)
    #[arg(long)]
    from: Day,
    /// Last date, in Japan (YYYY-MM-DD)
    #[arg(long)]
    to: Day,
    /// Another seed gives other logs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Location of the datasets, such as asia-northeast1
    #[arg(long)]
    location: Option<String>,
    /// Create the empty partitioned tables of the marts too, as the real BigQuery needs them
    #[arg(long, conflicts_with = "out")]
    create_marts: bool,
    /// OAuth access token for the real BigQuery
    #[arg(long, env = "BIGQUERY_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// Address of the local warehouse, or of BigQuery (https://bigquery.googleapis.com)
    #[arg(long, value_name = "URL")]
    warehouse: Option<String>,
    /// Write newline-delimited JSON files instead, such as FOLDER/access/2019-09-01.ndjson
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum BattleKind {
    Quests,
    Guilds,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("himekuri-example-logs: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let days = Day::utc_days_of_japan(cli.from, cli.to)?;
    let project = cli.project.unwrap_or_else(|| cli.title.replace('_', "-"));
    let battles = match cli.battles {
        Some(BattleKind::Quests) => Battles::Quests,
        Some(BattleKind::Guilds) => Battles::Guilds,
        None if cli.title == "title_b" => Battles::Guilds,
        None => Battles::Quests,
    };
    let logs = Logs::new(cli.seed, Title { name: cli.title, battles }, cli.users);
    let display = Display::new(days.len());
    match (cli.target.warehouse, cli.target.out) {
        (Some(address), _) => {
            let marts = if cli.create_marts { MartTables::Create } else { MartTables::Leave };
            let (location, token) = (cli.location, cli.token);
            let destination = Destination { address, project, location, token, marts };
            load::load(Arc::new(logs), &destination, &days, &display).await?;
        }
        (None, Some(path)) => folder::write(&logs, &path, &days, &display)?,
        // clap asks for one of them.
        (None, None) => return Err("name --warehouse or --out".into()),
    }
    Ok(())
}

fn title_name(text: &str) -> Result<String, String> {
    let valid =
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    valid.then(|| text.to_owned()).ok_or_else(|| "use letters, digits, `_` and `-`".to_owned())
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
