//! What is said of the cost of a plan.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use himekuri_cost::shape;
use himekuri_workflow::ProjectFiles;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::collect::Planned;
use super::measure::{Cost, Measured, Refusal};
use super::totals::Totals;
use crate::diagnostics::{self, QueryProblem};
use crate::output::{self, counted, grouped};

/// Source of the rules by which it is computed.
const RULES: &str = "https://cloud.google.com/bigquery/pricing#on_demand_pricing";

/// A bar of the dry runs, if somebody sees it.
pub(super) fn progress_bar() -> ProgressBar {
    let target = match std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    let template = "{elapsed_precise} [{bar:30.cyan/blue}] {pos}/{len} dry runs";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// The end of a task's line.
pub(crate) fn brief_cost(cost: &Cost) -> String {
    match cost {
        Cost::None => "no cost".to_owned(),
        Cost::Known(estimate) => {
            let how = if estimate.inferred { "  (inferred)" } else { "" };
            format!("{}  {}{how}", estimate.read, estimate.usd)
        }
        Cost::Refused(refusal) => format!("refused: {}", refusal.reason),
        Cost::Unknown { why } => format!("not known: {why}"),
    }
}

/// The marts, the sum, and what the numbers mean.
pub(crate) fn show(totals: &Totals) {
    let number = |count: usize| grouped(u64::try_from(count).unwrap_or(u64::MAX));
    let rows = totals.marts.iter().map(|mart| {
        [
            mart.mart.clone(),
            number(mart.queries),
            mart.bytes.to_string(),
            mart.billed_bytes.to_string(),
            mart.usd.to_string(),
        ]
    });
    let all = [
        "in all".to_owned(),
        number(totals.queries),
        totals.bytes.to_string(),
        totals.billed_bytes.to_string(),
        totals.usd.to_string(),
    ];
    output::table(["MART", "QUERIES", "READ", "BILLED", "COST"], rows.chain([all]));
    output::line(how(totals));
}

/// One line about a plan that goes on.
pub(crate) fn brief(totals: &Totals) -> String {
    let without = match totals.required {
        0 => String::new(),
        required => format!(", without {}", counted(required, "required session")),
    };
    format!("the plan costs up to {} ({} billed){without}", totals.usd, totals.billed_bytes)
}

fn how(totals: &Totals) -> String {
    let number = |count: usize| grouped(u64::try_from(count).unwrap_or(u64::MAX));
    let mut text = counted(totals.dry_runs, "dry run");
    if totals.inferred > 0 {
        text.push_str(&format!(
            "; {} queries inferred: others of their shape read the same on all sampled dates (`--exact` asks about each)",
            number(totals.inferred)
        ));
    }
    text.push_str(&format!(
        "\nthe bytes are an upper bound, of the tables as they are now; the price is that of on-demand queries, which are \
         billed 10 MB at least for each table that they read ({RULES})"
    ));
    if totals.reads_own > 0 {
        let tasks = counted(totals.reads_own, "task");
        text.push_str(&format!(
            "\n{tasks} read what the plan itself writes: there may be more by then"
        ));
    }
    if totals.may_be_more > 0 {
        let tasks = counted(totals.may_be_more, "task");
        text.push_str(&format!("\n{tasks} may read more: BigQuery knows no upper bound for them"));
    }
    if totals.unknown > 0 {
        let tasks = counted(totals.unknown, "task");
        text.push_str(&format!("\nwithout {tasks} of which it is not known yet"));
    }
    if totals.required > 0 {
        let sessions = counted(totals.required, "required session");
        text.push_str(&format!("\nwithout {sessions}, which are plans of their own"));
    }
    text
}

/// Every query that BigQuery refuses, once for all tasks with the same mistake.
pub(crate) fn print_refused(plan: &[Planned], measured: &Measured, files: &ProjectFiles) {
    let mut mistakes: BTreeMap<(usize, String), (&Planned, &Refusal, usize)> = BTreeMap::new();
    for (planned, cost) in plan.iter().zip(&measured.costs) {
        if let Cost::Refused(refusal) = cost {
            let key = (refusal.group, shape(&refusal.message));
            mistakes.entry(key).or_insert((planned, refusal, 0)).2 += 1;
        }
    }
    for (planned, refusal, count) in mistakes.values() {
        let sql = planned.query().map(|job| job.query.as_str()).unwrap_or_default();
        let others = match count {
            0 | 1 => String::new(),
            count => format!(", and {} like it", counted(count - 1, "task")),
        };
        diagnostics::print_query(&QueryProblem {
            reason: &refusal.reason,
            message: &refusal.message,
            position: refusal.position,
            task: &format!("`{}` of session {}{others}", planned.task.name, planned.session),
            file: &source(planned, files),
            sql,
        });
    }
}

/// The file that the query comes from, as far as it can be told.
fn source(planned: &Planned, files: &ProjectFiles) -> String {
    let config = planned.task.prepared.as_ref().map(|prepared| &prepared.config);
    let written = config.and_then(|config| match config.get("bq>") {
        Some(Value::String(path)) => Some(path.as_str()),
        Some(_) | None => None,
    });
    let Some(written) = written else { return "the query".to_owned() };
    let end = format!("/{}", written.trim_start_matches("./"));
    let mut found = files.paths().filter(|path| format!("/{path}").ends_with(&end));
    match (found.next(), found.next()) {
        (Some(only), None) => only.to_owned(),
        (_, _) => written.to_owned(),
    }
}
