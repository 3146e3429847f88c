//! Arguments that several commands share.

use std::time::Duration;

use clap::{ArgGroup, Args};
use himekuri_coordinator::{ExpressionLimits, SessionChoice};
use himekuri_engine::Config;
use jiff::civil::Date;
use serde_json::Value;

use crate::api_client::ApiClient;

/// Which sessions, and with which parameters.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("dates").required(true).args(["from", "session"]))]
pub(crate) struct SessionArguments {
    /// First session date.
    #[arg(long, value_name = "DATE", value_parser = date, requires = "to")]
    from: Option<Date>,
    /// Last session date, included.
    #[arg(long, value_name = "DATE", value_parser = date, requires = "from")]
    to: Option<Date>,
    /// One session date.
    #[arg(long, value_name = "DATE", value_parser = date, conflicts_with_all = ["from", "to"])]
    session: Option<Date>,
    #[command(flatten)]
    parameters: ParameterArguments,
}

/// Parameters of an attempt.
#[derive(Debug, Args)]
pub(crate) struct ParameterArguments {
    /// Sets a parameter. As in digdag, an `_export` of the same name beats it.
    #[arg(short, long = "param", value_name = "KEY=VALUE", value_parser = key_value)]
    param: Vec<(String, String)>,
    /// Sets a parameter over every `_export`: computes other dates without editing a file.
    #[arg(long = "override", value_name = "KEY=VALUE", value_parser = key_value)]
    overrides: Vec<(String, String)>,
}

impl SessionArguments {
    pub(crate) fn sessions(&self) -> anyhow::Result<SessionChoice> {
        let range = self.session.map(|date| (date, date)).or(self.from.zip(self.to));
        let (from, to) = range.ok_or_else(|| {
            anyhow::anyhow!("say which sessions: `--session DATE`, or `--from DATE --to DATE`")
        })?;
        Ok(SessionChoice { from, to })
    }

    pub(crate) fn params(&self) -> Config {
        self.parameters.params()
    }

    pub(crate) fn overrides(&self) -> Config {
        self.parameters.overrides()
    }
}

impl ParameterArguments {
    pub(crate) fn params(&self) -> Config {
        config(&self.param)
    }

    pub(crate) fn overrides(&self) -> Config {
        config(&self.overrides)
    }
}

/// How much expressions may cost.
#[derive(Debug, Args)]
pub(crate) struct ExpressionArguments {
    /// CPU time that one expression may take, milliseconds.
    #[arg(
        long,
        env = "HIMEKURI_EXPRESSION_CPU_MS",
        value_name = "MS",
        default_value_t = 50,
        value_parser = clap::value_parser!(u64).range(1..=60_000)
    )]
    expression_cpu_ms: u64,
}

impl ExpressionArguments {
    pub(crate) fn limits(&self) -> ExpressionLimits {
        let cpu = Duration::from_millis(self.expression_cpu_ms);
        ExpressionLimits { cpu, ..ExpressionLimits::default() }
    }
}

/// Where a pool's coordinator is.
#[derive(Debug, Args)]
pub(crate) struct CoordinatorArguments {
    /// The coordinator's API.
    #[arg(
        long,
        env = "HIMEKURI_COORDINATOR",
        value_name = "URL",
        default_value = "http://127.0.0.1:7070"
    )]
    pub(crate) coordinator: String,
}

/// What commands that list something of a pool have in common.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) coordinator: CoordinatorArguments,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

impl ListArguments {
    /// The pool that is asked.
    pub(crate) fn client(&self) -> ApiClient {
        ApiClient::new(&self.coordinator.coordinator)
    }
}

fn config(pairs: &[(String, String)]) -> Config {
    pairs.iter().map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect()
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "not a date; write it as YYYY-MM-DD, such as 2019-09-01".to_owned())
}

/// The number of an attempt: names of titles and tasks are often given in its place.
pub(crate) fn attempt(text: &str) -> Result<u64, String> {
    let wrong = "not the number of an attempt; `himekuri attempts` lists them";
    text.parse().map_err(|_| wrong.to_owned())
}

/// The number of a backfill: often its name is given in its place.
pub(crate) fn backfill(text: &str) -> Result<u64, String> {
    let wrong = "not the number of a backfill; `himekuri backfills` lists them";
    text.parse().map_err(|_| wrong.to_owned())
}

/// How many, from 1.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        Ok(_) | Err(_) => Err("not a number from 1 on".to_owned()),
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("write it as KEY=VALUE, such as START_DATE=2019-09-01".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_an_equals_sign() {
        assert_eq!(key_value("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
    }

    #[test]
    fn a_pair_without_a_key_is_refused() {
        assert!(key_value("=b").is_err());
        assert!(key_value("b").is_err());
    }

    #[test]
    fn a_date_that_does_not_exist_is_refused_with_an_example() {
        assert!(date("2019-02-30").unwrap_err().contains("2019-09-01"));
    }
}
