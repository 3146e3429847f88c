//! The table at the end, and the same for programs.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

use super::run::{Outcome, Settings};

/// For people.
#[must_use]
pub fn table(outcomes: &[Outcome]) -> String {
    let mut table = Table::new();
    let mut head = vec!["scenario", ""];
    head.extend(good_heads());
    head.extend(bad_heads());
    let columns = head.len();
    // One word a line, so that all columns fit a screen.
    let head = head.into_iter().map(|words| words.replace(' ', "\n"));
    table.load_style(UTF8_FULL_CONDENSED).set_header(head);
    for outcome in outcomes {
        let counters = &outcome.counters;
        let verdict = if outcome.is_good() { "good" } else { "BAD" };
        let mut row = vec![outcome.name.to_owned(), verdict.to_owned()];
        row.extend(good(outcome).iter().map(|(_, count)| count.to_string()));
        row.extend(counters.bad().iter().map(|(_, count)| count.to_string()));
        table.add_row(row);
    }
    for index in 2..columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// For programs.
#[must_use]
pub fn json(outcomes: &[Outcome], settings: &Settings) -> Value {
    let scenarios: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "name": outcome.name,
                "good": outcome.is_good(),
                "error": outcome.error,
                "seconds": outcome.took.as_secs(),
                "counters": outcome.counters,
                "findings": outcome.findings,
            })
        })
        .collect();
    json!({
        "seed": settings.seed,
        "seconds": settings.duration.as_secs(),
        "good": outcomes.iter().all(Outcome::is_good),
        "scenarios": scenarios,
    })
}

fn good(outcome: &Outcome) -> [(&'static str, u64); 10] {
    let counters = &outcome.counters;
    [
        ("attempts", counters.attempts),
        ("killed", counters.killed),
        ("tasks", counters.tasks),
        ("jobs", counters.jobs),
        ("at once", counters.live_jobs),
        ("later tries", counters.later_tries),
        ("faults", counters.faults),
        ("restarts", counters.restarts),
        ("pause (s)", counters.longest_pause),
        ("took (s)", outcome.took.as_secs()),
    ]
}

fn good_heads() -> [&'static str; 10] {
    let none = Outcome {
        name: "",
        counters: Default::default(),
        findings: Vec::new(),
        error: None,
        took: Default::default(),
    };
    good(&none).map(|(head, _)| head)
}

fn bad_heads() -> [&'static str; 11] {
    super::Counters::default().bad().map(|(head, _)| head)
}
