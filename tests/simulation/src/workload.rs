//! What the pool has to do in one seed: titles with a workflow on a schedule, whose sessions write the same partitions.

use himekuri_workflow::ProjectFiles;

use crate::dice::Dice;
use crate::pool::FAILURES_MAX;

/// A title.
pub(crate) struct Title {
    /// Its project's name.
    pub name: String,
    /// Its GCP project.
    pub gcp_project: String,
    /// Its files.
    pub files: ProjectFiles,
    /// The same without a schedule.
    pub unscheduled: ProjectFiles,
}

/// One to three titles.
pub(crate) fn draw(dice: &Dice) -> Vec<Title> {
    (0..dice.number(1..4)).map(|number| title(dice, number)).collect()
}

fn title(dice: &Dice, number: u64) -> Title {
    let name = format!("title_{number}");
    let (schedule, summary, by_hand) = (schedule(dice), marts(dice), marts(dice));
    tracing::info!("{name}/summary.dig:\n{schedule}{summary}{name}/by_hand.dig:\n{by_hand}");
    let files = |schedule: &str| {
        let summary = format!("timezone: UTC\n{schedule}{summary}");
        let files = [("summary.dig", summary.as_str()), ("by_hand.dig", by_hand.as_str())];
        files.into_iter().collect()
    };
    let (scheduled, unscheduled) = (files(&schedule), files(""));
    Title { gcp_project: format!("gcp-{number}"), name, files: scheduled, unscheduled }
}

fn schedule(dice: &Dice) -> String {
    format!("schedule:\n  cron>: '*/{} * * * *'\n", dice.number(1..3))
}

/// Marts of some dates; every session writes the same partitions, so that sessions meet.
fn marts(dice: &Dice) -> String {
    let parallel = ["", "  _parallel: true\n", "  _parallel: {limit: 2}\n"];
    let group = dice.pick(&parallel).copied().unwrap_or_default();
    let inner = dice.pick(&parallel).copied().unwrap_or_default().replace("  _", "    _");
    let mut text = format!("\n+marts:\n{group}");
    for mart in ["access", "install"].iter().take(usize::from(dice.chance(0.5)) + 1) {
        let dates = dice.number(1..4);
        text.push_str(&format!(
            "  +{mart}:\n    loop>: {dates}\n{inner}    _do:\n      +write:\n{}",
            indent(&job(dice, mart, "${i + 1}"), 8)
        ));
    }
    if dice.chance(0.3) {
        text.push_str("\n+say:\n  echo>: done\n");
    }
    if dice.chance(0.3) {
        text.push_str(&format!("\n+last:\n{}", indent(&job(dice, "last", "1"), 2)));
    }
    text
}

fn job(dice: &Dice, mart: &str, day: &str) -> String {
    let (seconds, limit, timeout) = match dice.chance(0.2) {
        // Whatever is slow on the way counts for the timeout: nobody knows how often.
        true => (dice.number(0..5), 50, format!("timeout: {}\n", dice.number(20..60))),
        false => (dice.number(0..20), FAILURES_MAX + 1, String::new()),
    };
    format!(
        "bq>: {{data: \"SELECT '${{session_time}}'\"}}\ndestination_table: summary.{mart}$2026010{day}\nwrite_disposition: WRITE_TRUNCATE\n_retry: {{limit: {limit}, interval: {seconds}}}\n{timeout}"
    )
}

fn indent(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}
