//! `himekuri partitions`.

use std::path::PathBuf;

use crate::local_warehouse::{LocalWarehouse, Partition, partitions};
use crate::output;

/// List the tables and partitions of a local warehouse with their row counts.
///
/// Example:
///   himekuri partitions --data .himekuri/warehouse --dataset summary
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Folder of a warehouse that is not running.
    #[arg(long, value_name = "FOLDER", default_value = ".himekuri/warehouse")]
    data: PathBuf,
    /// A running warehouse instead.
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    bigquery: Option<String>,
    /// Only this GCP project.
    #[arg(long, value_name = "ID")]
    gcp_project: Option<String>,
    /// Only this dataset.
    #[arg(long)]
    dataset: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let project = arguments.gcp_project.as_deref();
    let mut found = match &arguments.bigquery {
        Some(url) => partitions(url, project).await?,
        None => {
            let warehouse = LocalWarehouse::start(&arguments.data).await?;
            let found = partitions(warehouse.url(), project).await;
            warehouse.stop().await?;
            found?
        }
    };
    found.retain(|partition| {
        arguments.dataset.as_ref().is_none_or(|dataset| &partition.dataset == dataset)
    });
    show(&found, arguments.json)
}

/// The list as a table with its sum, or as JSON lines.
pub(crate) fn show(partitions: &[Partition], json: bool) -> anyhow::Result<()> {
    if json {
        return partitions.iter().try_for_each(output::json_line);
    }
    let rows: u64 = partitions.iter().map(|partition| partition.rows).sum();
    let lines = partitions.iter().map(|partition| {
        [partition.name(), output::grouped(partition.rows), partition.checksum.clone()]
    });
    output::table(["PARTITION", "ROWS", "CHECKSUM"], lines);
    let count = output::counted(partitions.len(), "partition");
    output::line(format!("{count}, {} rows", output::grouped(rows)));
    Ok(())
}
