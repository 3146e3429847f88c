//! The board for people.

use comfy_table::{Cell, Color};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::board::{Board, Health, Line};
use crate::output::{Target, painted, table_text};
use crate::times;

const HEADER: [&str; 9] =
    ["STATE", "PROJECT", "WORKFLOW", "SESSION", "ATTEMPT", "STARTED", "ENDED", "NEXT RUN", "NOTE"];

/// The summary, and the table below it.
pub(super) fn text(board: &Board, now: Timestamp, zone: &TimeZone, target: Target) -> String {
    let summary = board.summary();
    if board.lines.is_empty() {
        return summary;
    }
    let rows = board.lines.iter().map(|line| row(line, now, zone));
    format!("{summary}\n{}", table_text(HEADER, rows, target))
}

fn row(line: &Line, now: Timestamp, zone: &TimeZone) -> [Cell; 9] {
    let clock = |time: Option<Timestamp>| {
        time.map(|time| times::short_clock(time, now, zone)).unwrap_or_default()
    };
    let ended = match (line.started_at, line.ended_at) {
        (Some(started_at), None) => format!("{} so far", times::between(started_at, now)),
        (_, ended_at) => clock(ended_at),
    };
    [
        painted(line.health.word(), colour(line.health)),
        Cell::new(&line.project),
        Cell::new(&line.workflow),
        Cell::new(line.session.as_deref().map(times::session).unwrap_or_default()),
        Cell::new(line.attempt.map(|attempt| attempt.to_string()).unwrap_or_default()),
        Cell::new(clock(line.started_at)),
        Cell::new(ended),
        Cell::new(clock(line.next_run_time)),
        Cell::new(line.notes.join("; ")),
    ]
}

fn colour(health: Health) -> Color {
    match health {
        Health::Failed => Color::Red,
        Health::Late | Health::Killed => Color::Yellow,
        Health::Running => Color::Cyan,
        Health::Ok => Color::Green,
        Health::Waiting => Color::Reset,
    }
}

#[cfg(test)]
mod tests;
