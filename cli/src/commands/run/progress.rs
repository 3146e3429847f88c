//! What is seen of a run: a bar on a terminal, a line a task elsewhere, and the result at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::time::Duration;

use himekuri_coordinator::{Event, EventKind, Started};
use himekuri_protocol::{AttemptId, TableReference};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::local_warehouse::Partition;
use crate::output::counted;

/// Follows the events of a run.
pub(super) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    planned: u64,
    running: BTreeSet<AttemptId>,
    sessions: BTreeMap<AttemptId, String>,
    result: RunResult,
    started: Instant,
}

/// What became of a run.
#[derive(Debug, Default)]
pub(super) struct RunResult {
    pub(super) destinations: BTreeMap<String, TableReference>,
    tasks: u64,
    sessions: usize,
    failed_sessions: Vec<String>,
    unfinished: usize,
    failures: Vec<String>,
    took: Duration,
}

impl Progress {
    pub(super) fn new(planned: u64, attempts: &[Started]) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let target =
            if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(planned), target);
        if let Ok(style) = ProgressStyle::with_template(
            "{elapsed_precise} [{bar:30.cyan/blue}] {pos}/{len} tasks  {wide_msg}",
        ) {
            bar.set_style(style.progress_chars("=> "));
        }
        let sessions: BTreeMap<_, _> = attempts
            .iter()
            .map(|started| (started.attempt, started.session_local_time.clone()))
            .collect();
        Self {
            bar,
            is_terminal,
            planned,
            running: sessions.keys().copied().collect(),
            result: RunResult { sessions: sessions.len(), ..RunResult::default() },
            sessions,
            started: Instant::now(),
        }
    }

    /// Until every attempt has ended.
    pub(super) async fn follow(mut self, mut events: mpsc::UnboundedReceiver<Event>) -> RunResult {
        while !self.running.is_empty() {
            let Some(event) = events.recv().await else { break };
            self.take(event);
        }
        self.bar.finish_and_clear();
        self.result.unfinished = self.running.len();
        self.result.took = self.started.elapsed();
        self.result
    }

    fn take(&mut self, event: Event) {
        match event.kind {
            EventKind::Dispatched { name, destination, .. } => {
                let what = destination.map_or(name, |table| table.to_string());
                self.bar.set_message(what);
            }
            EventKind::Succeeded { name, destination, .. } => {
                self.bar.inc(1);
                self.result.tasks += 1;
                // Sessions that a `require>` started have tasks of their own.
                let done = self.result.tasks;
                let planned = self.planned.max(done);
                let what = destination.as_ref().map_or(name, ToString::to_string);
                self.say(&format!("[{done}/{planned}] {what}"), IfTerminal::Silent);
                let named = destination.map(|table| (table.to_string(), table));
                self.result.destinations.extend(named);
            }
            EventKind::RetryScheduled { name, retry_at, error } => {
                let why = format!("{}: {}", error.reason, error.message);
                self.say(&format!("{name} runs again at {retry_at}: {why}"), IfTerminal::Show);
            }
            EventKind::Failed { name, error } => {
                let failure = format!("{name} failed: {}: {}", error.reason, error.message);
                self.say(&failure, IfTerminal::Show);
                self.result.failures.push(failure);
            }
            EventKind::Killed => {
                self.say("killed; waiting for the end of its jobs", IfTerminal::Show);
            }
            EventKind::Finished { success } => {
                self.running.remove(&event.attempt);
                if let Some(session) = self.sessions.get(&event.attempt).filter(|_| !success) {
                    self.result.failed_sessions.push(session.clone());
                }
            }
        }
    }

    #[expect(clippy::print_stderr, reason = "progress is for the eye")]
    fn say(&self, line: &str, on_terminal: IfTerminal) {
        match (self.is_terminal, on_terminal) {
            (true, IfTerminal::Show) => self.bar.println(line),
            (true, IfTerminal::Silent) => {}
            (false, IfTerminal::Show | IfTerminal::Silent) => eprintln!("{line}"),
        }
    }
}

/// Whether a line is shown beside the bar.
#[derive(Clone, Copy)]
enum IfTerminal {
    Show,
    Silent,
}

impl RunResult {
    pub(super) fn succeeded(&self) -> bool {
        self.failed_sessions.is_empty() && self.unfinished == 0
    }

    pub(super) fn sentence(&self) -> String {
        let took = self.took.as_secs_f64();
        let failed = self.failed_sessions.len();
        let (sessions, tasks) = (
            counted(self.sessions, "session"),
            counted(usize::try_from(self.tasks).unwrap_or(usize::MAX), "task"),
        );
        let mut sentence = format!("{sessions}, {tasks} done in {took:.1} s");
        if failed > 0 {
            let failed = counted(failed, "session");
            sentence.push_str(&format!("; {failed} failed: {}", self.failed_sessions.join(", ")));
        }
        sentence
    }

    pub(super) fn summary(&self, written: &[Partition]) -> Value {
        json!({
            "sessions": self.sessions,
            "tasks": self.tasks,
            "failed_sessions": self.failed_sessions,
            "failures": self.failures,
            "seconds": self.took.as_secs_f64(),
            "partitions": written,
        })
    }
}
