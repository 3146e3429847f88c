//! `himekuri-warehouse`: opens a data folder and answers as BigQuery does.
#![expect(clippy::print_stdout, reason = "the line that tells a parent process the address")]

use std::error::Error;
use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use himekuri_service::{LogFormat, init_logs};
use himekuri_warehouse::{FaultsSetup, Setup, Warehouse};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

/// The local BigQuery.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// TCP port; 0 takes a free one
    #[arg(long)]
    port: u16,
    /// Folder that holds all data; created when it is missing
    #[arg(long)]
    data: PathBuf,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// End when standard input is closed, as it is when the parent process ends
    #[arg(long)]
    exit_with_parent: bool,
    /// Folder that stands for a bucket of Cloud Storage, as BUCKET=FOLDER; may be given more than once
    #[arg(long, value_name = "BUCKET=FOLDER", value_parser = bucket)]
    gcs: Vec<(String, PathBuf)>,
    /// File in YAML or JSON that says what goes wrong on purpose, how long jobs wait, and quotas
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

fn bucket(text: &str) -> Result<(String, PathBuf), &'static str> {
    match text.split_once('=') {
        Some((bucket, folder)) if !bucket.is_empty() && !folder.is_empty() => {
            Ok((bucket.to_owned(), PathBuf::from(folder)))
        }
        Some(_) | None => Err("write BUCKET=FOLDER"),
    }
}

#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Data(#[from] himekuri_warehouse::OpenError),
    #[error(transparent)]
    Faults(#[from] himekuri_warehouse::FaultsError),
    #[error(
        "could not listen on {address}: stop what uses the port, or choose another with --port (0 takes a free one)"
    )]
    Listen {
        address: String,
        #[source]
        source: io::Error,
    },
    #[error("could not {what}")]
    System {
        what: &'static str,
        #[source]
        source: io::Error,
    },
}

fn main() -> ExitCode {
    init_logs(LogFormat::Text, "info");
    let options = Options::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => {
            return fail(&StartError::System { what: "start the runtime", source });
        }
    };
    let result = runtime.block_on(serve(options));
    // A thread that waits for standard input would keep the process alive.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn serve(options: Options) -> Result<(), StartError> {
    let system = |what| move |source| StartError::System { what, source };
    let mut terminate = signal(SignalKind::terminate()).map_err(system("watch for SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system("watch for SIGINT"))?;
    let mut setup = Setup::default();
    for (bucket, folder) in options.gcs {
        setup.buckets.insert(bucket, folder);
    }
    if let Some(file) = &options.faults {
        setup.faults = FaultsSetup::read(file)?;
    }
    let address = format!("{}:{}", options.host, options.port);
    let listener = TcpListener::bind(&address)
        .await
        .map_err(|source| StartError::Listen { address: address.clone(), source })?;
    let warehouse = Warehouse::open(&options.data, setup)?;
    let bound = listener.local_addr().map_err(system("ask for the port"))?;
    println!("listening on http://{bound}");
    io::stdout().flush().map_err(system("write to standard output"))?;
    let server = himekuri_warehouse::serve(listener, warehouse.clone());
    let reason = tokio::select! {
        result = server => {
            result.map_err(system("answer requests"))?;
            "the listener closed"
        }
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
        () = parent_gone(options.exit_with_parent) => "the parent process ended",
    };
    info!(reason, "the warehouse stops");
    warehouse.shut_down().await;
    Ok(())
}

/// Ends when standard input does; never, when nobody asked for it.
async fn parent_gone(asked: bool) {
    if !asked {
        std::future::pending::<()>().await;
    }
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 256];
    // An unreadable input is as good as a closed one.
    while input.read(&mut ignored).await.is_ok_and(|length| length > 0) {}
}

fn fail(error: &StartError) -> ExitCode {
    error!("{}", Chain(error));
    ExitCode::FAILURE
}

/// An error with all its causes.
struct Chain<'a>(&'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
