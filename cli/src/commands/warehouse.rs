//! `himekuri warehouse`.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use crate::local_warehouse;

/// Start a local BigQuery and serve until stopped.
///
/// Example:
///   himekuri warehouse --port 9050 --data .himekuri/warehouse
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Port; 0 takes any free one and prints it.
    #[arg(long, default_value_t = 9050)]
    port: u16,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Folder of the tables; made when missing.
    #[arg(long, value_name = "FOLDER", default_value = ".himekuri/warehouse")]
    data: PathBuf,
    /// Folder that stands for a bucket of Cloud Storage; may be given more than once.
    #[arg(long, value_name = "BUCKET=FOLDER")]
    gcs: Vec<String>,
    /// File that says what goes wrong on purpose (docs/warehouse.md).
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

/// Becomes the warehouse: signals and the exit code are its own, and nothing is left behind.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut command = local_warehouse::command();
    command.args(["--host", &arguments.host, "--port", &arguments.port.to_string(), "--data"]);
    command.arg(&arguments.data);
    for bucket in &arguments.gcs {
        command.args(["--gcs", bucket]);
    }
    if let Some(file) = &arguments.faults {
        command.arg("--faults").arg(file);
    }
    let error = command.exec();
    Err(local_warehouse::missing(&error))
}
