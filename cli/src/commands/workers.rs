//! `himekuri workers`.

use himekuri_coordinator::WorkerView;

use crate::arguments::ListArguments;
use crate::{output, times};

/// List the workers that live: how busy each is, and since when it runs.
///
/// A worker says every 20 seconds that it lives, and is gone from the list a minute after it fell silent. A leader that has just
/// begun knows all of them after 20 seconds.
///
/// Example:
///   himekuri workers
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    #[command(flatten)]
    list: ListArguments,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let workers = arguments.list.client().workers().await?;
    if arguments.list.json {
        return workers.iter().try_for_each(output::json_line);
    }
    if workers.is_empty() {
        output::aside("no worker said within the last minute that it lives: tasks wait");
    }
    let zone = times::machine_zone();
    let rows = workers.into_iter().map(|worker: WorkerView| {
        [
            worker.name,
            worker.version,
            format!("{} of {}", worker.in_hand, worker.capacity),
            output::grouped(worker.done),
            times::clock(worker.started_at, &zone),
            times::clock(worker.seen_at, &zone),
        ]
    });
    output::table(["WORKER", "VERSION", "BUSY", "DONE", "STARTED", "SEEN"], rows);
    Ok(())
}
