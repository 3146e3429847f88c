//! Sums of a measured plan.

use himekuri_cost::{Bytes, Usd};
use serde::Serialize;

use super::collect::Planned;
use super::measure::{Cost, Estimate, Measured};

/// Name of a mart that is none: queries without a destination.
const NO_MART: &str = "(no destination)";

/// The operator that waits for a session of another workflow, and starts it if nobody has.
const REQUIRE: &str = "require";

/// What a plan costs in all.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Totals {
    pub(crate) tasks: usize,
    pub(crate) queries: usize,
    pub(crate) bytes: Bytes,
    pub(crate) billed_bytes: Bytes,
    pub(crate) usd: Usd,
    pub(crate) dry_runs: usize,
    /// Tasks whose query was not asked about.
    pub(crate) inferred: usize,
    pub(crate) refused: usize,
    pub(crate) unknown: usize,
    /// Why that is so for the first of them.
    #[serde(skip)]
    pub(crate) why_unknown: Option<String>,
    /// Sessions that the plan waits for, and that are plans of their own.
    pub(crate) required: usize,
    /// Tasks that read what the plan writes.
    pub(crate) reads_own: usize,
    /// Tasks of which BigQuery knows the bytes from below only.
    pub(crate) may_be_more: usize,
    /// In the order in which the plan first writes them.
    pub(crate) marts: Vec<Mart>,
}

/// What a mart costs: all tasks that write its partitions.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Mart {
    pub(crate) mart: String,
    pub(crate) queries: usize,
    pub(crate) bytes: Bytes,
    pub(crate) billed_bytes: Bytes,
    pub(crate) usd: Usd,
}

impl Totals {
    pub(crate) fn of(plan: &[Planned], measured: &Measured) -> Self {
        let mut totals = Self { tasks: plan.len(), dry_runs: measured.dry_runs, ..Self::default() };
        for (planned, cost) in plan.iter().zip(&measured.costs) {
            totals.queries += usize::from(planned.query().is_some());
            totals.required += usize::from(planned.task.operator == REQUIRE);
            match cost {
                Cost::None => {}
                Cost::Known(estimate) => totals.add(planned, estimate),
                Cost::Refused(_) => totals.refused += 1,
                Cost::Unknown { why } => {
                    totals.unknown += 1;
                    let name = &planned.task.name;
                    totals.why_unknown.get_or_insert_with(|| format!("`{name}`: {why}"));
                }
            }
        }
        let sum = |of: fn(&Mart) -> Bytes| totals.marts.iter().map(of).sum();
        totals.bytes = sum(|mart| mart.bytes);
        totals.billed_bytes = sum(|mart| mart.billed_bytes);
        totals.usd = totals.marts.iter().map(|mart| mart.usd).sum();
        totals
    }

    fn add(&mut self, planned: &Planned, estimate: &Estimate) {
        self.inferred += usize::from(estimate.inferred);
        self.reads_own += usize::from(estimate.reads_own);
        self.may_be_more += usize::from(estimate.may_be_more);
        let name = planned.mart().map_or_else(|| NO_MART.to_owned(), |mart| mart.to_string());
        let place = self.marts.iter().position(|mart| mart.mart == name);
        let place = place.unwrap_or(self.marts.len());
        if place == self.marts.len() {
            self.marts.push(Mart { mart: name, ..Mart::default() });
        }
        if let Some(mart) = self.marts.get_mut(place) {
            mart.queries += 1;
            mart.bytes = [mart.bytes, estimate.read].into_iter().sum();
            mart.billed_bytes = [mart.billed_bytes, estimate.billed].into_iter().sum();
            mart.usd = [mart.usd, estimate.usd].into_iter().sum();
        }
    }

    /// The marts that cost most, first the dearest.
    pub(crate) fn dearest(&self, count: usize) -> Vec<&Mart> {
        let mut marts: Vec<&Mart> = self.marts.iter().collect();
        marts.sort_by_key(|mart| std::cmp::Reverse(mart.usd));
        marts.truncate(count);
        marts
    }
}
