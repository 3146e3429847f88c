//! `himekuri backfill`: look at it, agree to it, watch it.

use himekuri_coordinator::{BackfillOrder, BackfillPlan, BackfillRequest};

use crate::api_client::ApiClient;
use crate::arguments::{CoordinatorArguments, ExpressionArguments, SessionArguments};
use crate::commands::backfills::follow;
use crate::commands::projects::or_nearest;
use crate::confirm::{self, Confirmation};
use crate::cost::CostArguments;
use crate::failure::SaidAlready;
use crate::output;

mod outline;
mod quote;
mod text;

use outline::Outline;
use quote::Quote;

/// Run a range of sessions, a few at a time.
///
/// Shows first what would run: sessions, tasks, partitions, and what it costs. Then it asks; programs say --yes. The coordinator
/// starts the next session when one has ended, however it ended, behind the sessions of schedules and with the files that
/// are pushed now.
///
/// What it costs is asked of BigQuery, without running a query, if there are credentials (of `gcloud`, or in
/// GOOGLE_APPLICATION_CREDENTIALS) or with --cost, --max-cost, --max-bytes or --bigquery. Above a limit nothing begins.
///
/// It is shown how far it is until it has ended. Ctrl-C leaves it, and it goes on: `himekuri backfills wait` shows it again,
/// `himekuri backfills` pauses, resumes and kills it.
///
/// Exit code: 0 done, 1 an error, a "no", or a session that failed, 2 the command line cannot be read, 3 over --max-cost,
/// --max-bytes or the daily budget of a table, 130 left with Ctrl-C.
///
/// Examples:
///   himekuri backfill title_a summary --from 2017-01-01 --to 2019-12-31 --concurrency 10
///   himekuri backfill title_a summary --from 2019-09-01 --to 2019-09-30 --newest-first --dry-run
///   himekuri backfill title_a summary --from 2017-01-01 --to 2019-12-31 --max-cost 50 --yes --detach
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Project.
    project: String,
    /// Workflow.
    workflow: String,
    #[command(flatten)]
    sessions: SessionArguments,
    /// Sessions that may run at once.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    concurrency: u32,
    /// The last session first.
    #[arg(long)]
    newest_first: bool,
    /// Name of the attempts; a unique one if it is left out. Nothing starts if a session has an attempt of this name.
    #[arg(long)]
    name: Option<String>,
    /// Say which sessions would run, with what and for how much, and start nothing.
    #[arg(long, conflicts_with_all = ["yes", "detach"])]
    dry_run: bool,
    /// Start without a question: for programs.
    #[arg(short, long)]
    yes: bool,
    /// Do not wait for the end.
    #[arg(long)]
    detach: bool,
    /// Ask BigQuery what it would cost, also where no credentials are seen: on Google's machines. A limit asks too.
    #[arg(long)]
    cost: bool,
    #[command(flatten)]
    costs: CostArguments,
    #[command(flatten)]
    expressions: ExpressionArguments,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object a line: the plan, and what became of it unless --detach.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if !arguments.dry_run && !arguments.yes {
        confirm::must_have_terminal("himekuri backfill", "--dry-run")?;
    }
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let looked = send(&client, arguments, None).await?;
    let quote = Quote::of(&client, arguments, &looked.backfill).await?;
    show(arguments, &looked, &quote)?;
    quote.must_be_allowed(&arguments.costs).await?;
    if arguments.dry_run {
        return Ok(());
    }
    if !arguments.yes && confirm::ask("Start?")? == Confirmation::No {
        output::aside("nothing was started");
        return Err(SaidAlready.into());
    }
    // What was agreed to, and nothing that was pushed meanwhile.
    let begun = send(&client, arguments, Some(&looked)).await?;
    let BackfillPlan { backfill, sessions } = &begun;
    let id = backfill.id;
    if arguments.json {
        output::json_line(&text::Line::of(&begun, &quote))?;
    } else {
        let count = output::counted(sessions.len(), "session");
        let begin = if sessions.len() == 1 { "begins" } else { "begin" };
        output::line(format!(
            "backfill {id}: {count} {begin}, {} at once; their attempts are called `{}`",
            backfill.concurrency, backfill.name
        ));
    }
    match arguments.detach {
        true => {
            output::aside(format!("how far it is: himekuri backfills wait {id}"));
            Ok(())
        }
        false => follow(&client, id, arguments.json).await,
    }
}

/// The plan, before anything is decided. For people it stands on standard output, beside JSON on standard error.
fn show(arguments: &Arguments, looked: &BackfillPlan, quote: &Quote) -> anyhow::Result<()> {
    let text = text::plan(looked, quote);
    if arguments.json && arguments.dry_run {
        output::json_line(&text::Line::of(looked, quote))?;
    } else if arguments.json {
        output::aside(text);
    } else if arguments.dry_run {
        looked.sessions.iter().for_each(output::line);
        output::line(text);
        output::line("nothing was started: this is a dry run");
    } else {
        output::line(text);
    }
    Ok(())
}

/// Asks for the backfill: with what was looked at, to begin it; else only what it would be.
async fn send(
    client: &ApiClient,
    arguments: &Arguments,
    agreed: Option<&BackfillPlan>,
) -> anyhow::Result<BackfillPlan> {
    let Arguments { project, workflow, .. } = arguments;
    let request = BackfillRequest {
        project: project.clone(),
        workflow: workflow.clone(),
        sessions: arguments.sessions.sessions()?,
        order: match arguments.newest_first {
            true => BackfillOrder::NewestFirst,
            false => BackfillOrder::OldestFirst,
        },
        concurrency: arguments.concurrency,
        params: arguments.sessions.params(),
        overrides: arguments.sessions.overrides(),
        attempt_name: arguments.name.clone(),
        dry_run: agreed.is_none(),
        revision: agreed.map(|looked| looked.backfill.revision.clone()),
    };
    match client.call(client.post("/v1/backfills").json(&request)).await {
        Ok(plan) => Ok(plan),
        Err(error) => Err(or_nearest(client, project, Some(workflow), error).await),
    }
}
