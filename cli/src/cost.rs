//! What a plan costs, found out before anything of it is sent.
//!
//! ```text
//! collect ──► measure: dry runs, of samples first ──► totals by mart ──► limits: exit code 3
//!    └──────► budgets: changes of each table ────────────────────────────────┘
//! ```

mod arguments;
mod asker;
mod budgets;
mod collect;
mod groups;
mod limits;
mod measure;
mod report;
mod totals;

pub(crate) use arguments::CostArguments;
pub(crate) use asker::Asker;
pub(crate) use budgets::Writes;
pub(crate) use collect::{Planned, collect};
pub(crate) use measure::{Cost, Extent, Measured, measure};
pub(crate) use report::{brief_cost, print_refused, show};
pub(crate) use totals::Totals;

use report::brief;

use crate::failure::SaidAlready;
use crate::preflight;
use crate::project::LoadedProject;

/// Measures a plan that is about to be sent, and refuses it if a query is wrong or a limit is exceeded.
///
/// # Errors
/// No clear answer from BigQuery; [`SaidAlready`] for queries that it refuses;
/// [`crate::failure::OverLimit`].
pub(crate) async fn guard(
    arguments: &CostArguments,
    project: &LoadedProject,
    plan: &[Planned],
) -> anyhow::Result<()> {
    let asker = arguments.connect().await?;
    let measured = measure(&asker, arguments.price(), arguments.extent(), plan).await?;
    let totals = Totals::of(plan, &measured);
    if totals.refused > 0 {
        print_refused(plan, &measured, &project.revision.files);
        crate::output::aside("nothing was sent");
        return Err(SaidAlready.into());
    }
    limits::check(arguments, &totals)?;
    budgets::check(&Writes::of(plan), &asker).await?;
    preflight::check(plan, &asker).await?;
    crate::output::aside(brief(&totals));
    Ok(())
}

/// What `plan` refuses at its end, after it has shown everything.
///
/// # Errors
/// As [`guard`].
pub(crate) async fn judge(
    arguments: &CostArguments,
    asker: &Asker,
    plan: &[Planned],
    totals: &Totals,
) -> anyhow::Result<()> {
    if totals.refused > 0 {
        return Err(SaidAlready.into());
    }
    limits::check(arguments, totals)?;
    budgets::check(&Writes::of(plan), asker).await?;
    preflight::check(plan, asker).await
}
