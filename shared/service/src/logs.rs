//! Logs go to standard error: standard output belongs to results.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A sentence with its fields, coloured on a terminal.
    #[default]
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// Starts logging at `default_level`, or at what `RUST_LOG` says. Does nothing when logging was started before.
pub fn init_logs(format: LogFormat, default_level: &str) {
    // lapin writes every frame at TRACE, and returned messages with their body (SQL) at WARN.
    let fallback = format!("{default_level},lapin=error,hyper=warn,h2=warn");
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|asked| !asked.is_empty());
    let directives = match asked {
        Some(asked) if asked.contains("lapin") => asked,
        Some(asked) => format!("{asked},lapin=error"),
        None => fallback,
    };
    let filter = EnvFilter::builder().parse_lossy(directives);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
