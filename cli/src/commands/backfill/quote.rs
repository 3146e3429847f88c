//! What a backfill would do and cost, found out before it begins: with the files that the pool would run.

use himekuri_coordinator::Backfill;
use himekuri_workflow::ProjectFiles;

use super::{Arguments, Outline};
use crate::api_client::ApiClient;
use crate::cost::{self, Asker, CostArguments, Measured, Planned, Totals};
use crate::failure::SaidAlready;
use crate::project::LoadedProject;
use crate::{output, pushed};

/// What is known in advance.
pub(super) struct Quote {
    /// None if the files cannot be planned; then why.
    pub(super) outline: Result<Outline, String>,
    pub(super) price: Price,
}

/// What is known of the cost.
pub(super) enum Price {
    /// BigQuery was asked.
    Known(Box<Known>),
    /// It could not be asked.
    Failed(String),
    /// Nobody wanted to know, and there are no credentials.
    NotAsked,
}

/// A plan that was measured.
pub(super) struct Known {
    pub(super) totals: Totals,
    plan: Vec<Planned>,
    measured: Measured,
    files: ProjectFiles,
    asker: Asker,
    /// Whether somebody wanted to know; else what is wrong is for their information.
    is_wanted: bool,
}

impl Quote {
    /// # Errors
    /// What somebody wanted to know cannot be found out.
    pub(super) async fn of(
        client: &ApiClient,
        arguments: &Arguments,
        backfill: &Backfill,
    ) -> anyhow::Result<Self> {
        let is_wanted = arguments.cost || arguments.costs.has_limit();
        match Self::found(client, arguments, backfill, is_wanted).await {
            Ok(quote) => Ok(quote),
            // The pool may run what cannot be planned here.
            Err(error) if !is_wanted => {
                Ok(Self { outline: Err(format!("{error:#}")), price: Price::NotAsked })
            }
            Err(error) => Err(error),
        }
    }

    async fn found(
        client: &ApiClient,
        arguments: &Arguments,
        backfill: &Backfill,
        is_wanted: bool,
    ) -> anyhow::Result<Self> {
        let project = pushed::fetch(client, &backfill.project, &backfill.workflow).await?;
        pushed::must_be(&project, &backfill.revision)?;
        if !is_wanted && !arguments.costs.can_ask() {
            let outline = Ok(Outline::simulated(&project, arguments)?);
            return Ok(Self { outline, price: Price::NotAsked });
        }
        let plan = cost::collect(&project, &arguments.sessions, &arguments.expressions)?;
        let outline = Ok(Outline::of(&plan));
        match Known::ask(&arguments.costs, project, plan, is_wanted).await {
            Ok(known) => Ok(Self { outline, price: Price::Known(Box::new(known)) }),
            Err(error) if !is_wanted => {
                Ok(Self { outline, price: Price::Failed(format!("{error:#}")) })
            }
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// [`crate::failure::OverLimit`], or something that would fail, if somebody wanted to know.
    pub(super) async fn must_be_allowed(&self, costs: &CostArguments) -> anyhow::Result<()> {
        let Price::Known(known) = &self.price else { return Ok(()) };
        cost::print_refused(&known.plan, &known.measured, &known.files);
        let Err(error) = cost::judge(costs, &known.asker, &known.plan, &known.totals).await else {
            return Ok(());
        };
        let is_said = error.is::<SaidAlready>();
        match (known.is_wanted, is_said) {
            (true, true) => output::aside("nothing was started"),
            (true, false) | (false, true) => {}
            (false, false) => output::aside(format!("warning: {error:#}")),
        }
        if known.is_wanted { Err(error) } else { Ok(()) }
    }
}

impl Known {
    async fn ask(
        costs: &CostArguments,
        project: LoadedProject,
        plan: Vec<Planned>,
        is_wanted: bool,
    ) -> anyhow::Result<Self> {
        let asker: Asker = costs.connect().await?;
        let measured = cost::measure(&asker, costs.price(), costs.extent(), &plan).await?;
        let totals = Totals::of(&plan, &measured);
        let files = project.revision.files;
        Ok(Self { totals, plan, measured, files, asker, is_wanted })
    }
}
