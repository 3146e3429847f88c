//! `himekuri backfill`.

use himekuri_coordinator::{BackfillOrder, BackfillPlan, BackfillRequest};

use crate::api_client::ApiClient;
use crate::arguments::{CoordinatorArguments, ExpressionArguments, SessionArguments};
use crate::cost::CostArguments;
use crate::output;
use crate::pushed::{self, Asked};

/// Run a range of sessions, a few at a time.
///
/// The coordinator starts the next session when one has ended, however it ended, behind the sessions of schedules and
/// with the files that are pushed now. `himekuri backfills` shows how far it is, and pauses it.
///
/// With a limit, BigQuery is first asked what the pushed files' queries would read. Above the limit nothing begins.
///
/// Exit code: 0 done, 1 an error, also of a query, 2 the command line cannot be read, 3 over --max-cost, --max-bytes or the
/// daily budget of a table.
///
/// Examples:
///   himekuri backfill title_a summary --from 2017-01-01 --to 2019-12-31 --concurrency 10
///   himekuri backfill title_a summary --from 2019-09-01 --to 2019-09-30 --newest-first --dry-run
///   himekuri backfill title_a summary --from 2017-01-01 --to 2019-12-31 --max-cost 50
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
    /// Say which sessions would run, and start nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    costs: CostArguments,
    #[command(flatten)]
    expressions: ExpressionArguments,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let asked = Asked {
        project: &arguments.project,
        workflow: &arguments.workflow,
        sessions: &arguments.sessions,
        expressions: &arguments.expressions,
        costs: &arguments.costs,
    };
    let revision = pushed::within_limits(&client, &asked).await?;
    let request = BackfillRequest {
        project: arguments.project.clone(),
        workflow: arguments.workflow.clone(),
        sessions: arguments.sessions.sessions()?,
        order: match arguments.newest_first {
            true => BackfillOrder::NewestFirst,
            false => BackfillOrder::OldestFirst,
        },
        concurrency: arguments.concurrency,
        params: arguments.sessions.params(),
        overrides: arguments.sessions.overrides(),
        attempt_name: arguments.name.clone(),
        dry_run: arguments.dry_run,
        revision,
    };
    let plan: BackfillPlan = client.call(client.post("/v1/backfills").json(&request)).await?;
    if arguments.json {
        return output::json_line(&plan);
    }
    let BackfillPlan { backfill, sessions } = plan;
    let (count, name) = (sessions.len(), &backfill.name);
    if arguments.dry_run {
        sessions.iter().for_each(output::line);
        output::line(format!("{count} sessions would run, {} at once", backfill.concurrency));
    } else {
        output::line(format!(
            "backfill {}: {count} sessions begin, {} at once; their attempts are called `{name}`",
            backfill.id, backfill.concurrency
        ));
    }
    Ok(())
}
