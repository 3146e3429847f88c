//! A backfill that has not begun, for people and for programs.

use himekuri_coordinator::{BackfillOrder, BackfillPlan};
use serde::Serialize;

use super::outline::Outline;
use super::quote::{Price, Quote};
use crate::cost::Totals;
use crate::output::{counted, grouped};

/// The plan as a JSON line.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    #[serde(flatten)]
    plan: &'a BackfillPlan,
    /// `null` if the files cannot be planned here.
    tasks: Option<usize>,
    first_destination: Option<&'a str>,
    last_destination: Option<&'a str>,
    /// `null` if BigQuery was not asked.
    cost: Option<&'a Totals>,
}

impl<'a> Line<'a> {
    pub(super) fn of(plan: &'a BackfillPlan, quote: &'a Quote) -> Self {
        let outline = quote.outline.as_ref().ok();
        Self {
            plan,
            tasks: outline.map(|outline| outline.tasks),
            first_destination: outline.and_then(|outline| outline.first.as_deref()),
            last_destination: outline.and_then(|outline| outline.last.as_deref()),
            cost: match &quote.price {
                Price::Known(known) => Some(&known.totals),
                Price::Failed(_) | Price::NotAsked => None,
            },
        }
    }
}

/// What somebody reads before they agree.
pub(super) fn plan(looked: &BackfillPlan, quote: &Quote) -> String {
    let BackfillPlan { backfill, sessions } = looked;
    let revision = backfill.revision.get(..12).unwrap_or(&backfill.revision);
    let mut lines = vec![
        format!("backfill of {}/{}, revision {revision}", backfill.project, backfill.workflow),
        format!("  dates       {} to {}", backfill.dates.from, backfill.dates.to),
        format!("  sessions    {}", of_sessions(looked)),
    ];
    match &quote.outline {
        Ok(outline) => lines.extend(of_outline(outline)),
        Err(why) => lines.push(format!("  tasks       not known: {why}")),
    }
    lines.push(format!("  cost        {}", cost(&quote.price)));
    if backfill.depends_on_previous && sessions.len() > 1 {
        let why = "`depends_on_previous`: a session waits until the one before it has succeeded";
        lines.push(format!("  note        {why}"));
    }
    lines.join("\n")
}

/// `30, oldest first, 10 at once`.
fn of_sessions(looked: &BackfillPlan) -> String {
    let BackfillPlan { backfill, sessions } = looked;
    let count = number(sessions.len());
    if sessions.len() == 1 {
        return count;
    }
    let order = match backfill.order {
        BackfillOrder::OldestFirst => "oldest first",
        BackfillOrder::NewestFirst => "newest first",
    };
    format!("{count}, {order}, {} at once", backfill.concurrency)
}

fn of_outline(outline: &Outline) -> Vec<String> {
    let mut lines = vec![format!("  tasks       {}", number(outline.tasks))];
    if let (Some(first), Some(last)) = (&outline.first, &outline.last) {
        let count = number(outline.destinations.len());
        let are_partitions = outline.destinations.iter().all(|name| name.contains('$'));
        let things = if are_partitions { "partitions" } else { "tables and partitions" };
        lines.push(match outline.destinations.len() {
            1 => format!("  writes      {first}"),
            _ => format!("  writes      {count} {things}: {first} .. {last}"),
        });
    }
    lines
}

fn cost(price: &Price) -> String {
    match price {
        Price::Known(known) => measured(&known.totals),
        Price::Failed(why) => format!("not known: {why}"),
        Price::NotAsked => {
            "not asked for: `--cost` asks BigQuery, which is free; `--max-cost USD` also starts nothing above a limit".to_owned()
        }
    }
}

/// `up to $0.37 (60.0 GiB billed; 5 dry runs)`.
fn measured(totals: &Totals) -> String {
    let dry_runs = counted(totals.dry_runs, "dry run");
    let mut text = format!("up to {} ({} billed; {dry_runs})", totals.usd, totals.billed_bytes);
    let notes = [
        (totals.refused, "query", "BigQuery refuses"),
        (totals.unknown, "task", "without what is not known yet:"),
        (totals.required, "required session", "without"),
    ];
    for (count, thing, words) in notes {
        match (count, thing) {
            (0, _) => {}
            (1, _) => text.push_str(&format!("; {words} 1 {thing}")),
            (_, "query") => text.push_str(&format!("; {words} {} queries", number(count))),
            (_, _) => text.push_str(&format!("; {words} {} {thing}s", number(count))),
        }
    }
    text
}

fn number(count: usize) -> String {
    grouped(u64::try_from(count).unwrap_or(u64::MAX))
}
