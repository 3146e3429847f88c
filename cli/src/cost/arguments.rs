//! Where a plan's queries are measured, at which price, and how much it may cost.

use clap::Args;
use himekuri_bigquery::{BigQueryConfig, Endpoint, Estimator};
use himekuri_cost::{Bytes, Price, Usd};

use super::{Asker, Extent};

/// What `gcloud auth application-default login` leaves, below the home folder.
const LEFT_BY_GCLOUD: &str = ".config/gcloud/application_default_credentials.json";

/// Limits of a plan, and how it is measured.
#[derive(Debug, Args)]
pub(crate) struct CostArguments {
    /// Most that the plan may cost, in US dollars. Above it nothing is sent, and the exit code is 3.
    #[arg(long, value_name = "USD")]
    pub(super) max_cost: Option<Usd>,
    /// Most that the plan may be billed, such as 500GiB or 2TiB. Above it nothing is sent, and the exit code is 3.
    #[arg(long, value_name = "AMOUNT")]
    pub(super) max_bytes: Option<Bytes>,
    /// A local BigQuery to measure on, instead of Google's with application default credentials.
    #[arg(long, env = "HIMEKURI_BIGQUERY", value_name = "URL")]
    bigquery: Option<String>,
    /// On-demand price of a TiB that queries read, in US dollars; 6.25 is the price of the US multi-region.
    #[arg(long, value_name = "USD", default_value = "6.25")]
    price_per_tib: Price,
    /// Ask about every query. Else the queries of a mart are judged by some of them, where those all read the same amount.
    #[arg(long)]
    exact: bool,
}

impl CostArguments {
    /// Whether somebody set a limit.
    pub(crate) fn has_limit(&self) -> bool {
        self.max_cost.is_some() || self.max_bytes.is_some()
    }

    /// Whether BigQuery can be asked without waiting for a machine that may not be Google's: a local endpoint was named, or
    /// there are application default credentials in a file.
    pub(crate) fn can_ask(&self) -> bool {
        let named = std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS").is_some();
        let left = std::env::home_dir().is_some_and(|home| home.join(LEFT_BY_GCLOUD).is_file());
        self.is_local() || named || left
    }

    /// Whether the queries are measured on a local endpoint.
    pub(crate) fn is_local(&self) -> bool {
        self.bigquery.is_some()
    }

    pub(crate) fn price(&self) -> Price {
        self.price_per_tib
    }

    pub(crate) fn extent(&self) -> Extent {
        match self.exact {
            true => Extent::All,
            false => Extent::Samples,
        }
    }

    /// # Errors
    /// No credentials, or nobody at the address.
    pub(crate) async fn connect(&self) -> anyhow::Result<Asker> {
        let endpoint = self.bigquery.clone().map_or(Endpoint::Google, Endpoint::Local);
        Ok(Asker::new(Estimator::connect(&BigQueryConfig::new(endpoint)).await?))
    }
}
