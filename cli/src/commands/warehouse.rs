//! `himekuri warehouse`.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use anyhow::bail;

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
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let status = local_warehouse::command()
        .args(["--host", &arguments.host, "--port", &arguments.port.to_string(), "--data"])
        .arg(&arguments.data)
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|error| local_warehouse::missing(&error))?;
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        // It has said why on standard error.
        (Some(_), _) => Err(crate::failure::SaidAlready.into()),
        (None, signal) => {
            bail!("the local warehouse was ended by signal {}", signal.unwrap_or_default())
        }
    }
}
