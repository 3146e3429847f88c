//! The expressions of `deploy/grafana/expressions.py`, each asked until it has had data.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use himekuri_integration_tests::{Questioner, repository, until};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::DEADLINE;

/// Between two rounds of questions: that of scrapes.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// All questions, and which of them had an answer.
#[derive(Clone)]
pub(crate) struct Questions {
    prometheus: Questioner,
    all: Arc<Mutex<Vec<Question>>>,
    stop: CancellationToken,
}

#[derive(Clone, Debug)]
struct Question {
    /// File, and panel or alert.
    name: String,
    part: Part,
    expression: String,
    had_data: bool,
}

/// Which part of an expression is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of a panel's, or an alert's without its threshold.
    Whole,
    /// An alert's with its threshold.
    Alert,
    /// What stands on one side of an `or`.
    Side,
}

/// A line of `expressions.py`.
#[derive(Deserialize)]
struct Line {
    file: String,
    panel: Option<String>,
    alert: Option<String>,
    expr: String,
    expr_without_threshold: String,
    sides: Vec<String>,
}

impl Questions {
    pub(crate) fn of_the_repository(prometheus: Questioner) -> Self {
        let listed = Command::new(repository().join("scripts/dashboards-python.sh"))
            .arg(repository().join("deploy/grafana/expressions.py"))
            .output()
            .unwrap();
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        let text = String::from_utf8(listed.stdout).unwrap();
        let all: Vec<Question> = text
            .lines()
            .flat_map(|line| questions(serde_json::from_str::<Line>(line).unwrap()))
            .collect();
        assert!(all.len() > 100, "{text}");
        Self { prometheus, all: Arc::new(Mutex::new(all)), stop: CancellationToken::new() }
    }

    /// Asks what had no data yet, again and again.
    pub(crate) async fn ask_until_stopped(self) {
        let mut rounds = tokio::time::interval(ASK_EVERY);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = rounds.tick() => self.ask_all().await,
            }
        }
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until an alert's whole expression has data.
    pub(crate) async fn fires(&self, alert: &str) -> anyhow::Result<()> {
        let question = |question: &Question| question.part == Part::Alert && question.name == alert;
        assert!(self.all.lock().unwrap().iter().any(question), "there is no alert {alert}");
        until(&format!("{alert} has data"), DEADLINE, || async {
            let all = self.all.lock().unwrap();
            Ok(all.iter().any(|one| question(one) && one.had_data).then_some(()))
        })
        .await
    }

    async fn ask_all(&self) {
        let open: Vec<(usize, String)> = {
            let all = self.all.lock().unwrap();
            let open = all.iter().enumerate().filter(|(_, question)| !question.had_data);
            open.map(|(place, question)| (place, question.expression.clone())).collect()
        };
        for (place, expression) in open {
            let series = self.prometheus.ask(&expression).await.unwrap();
            // A panel shows nothing for what is no number.
            if series.iter().any(|one| !one.value.is_nan()) {
                self.all.lock().unwrap()[place].had_data = true;
            }
        }
    }

    /// What never had data.
    pub(crate) fn without_data(&self) -> Vec<String> {
        let all = self.all.lock().unwrap();
        let missing = all.iter().filter(|question| !question.had_data);
        missing.map(|one| format!("{} ({:?}): {}", one.name, one.part, one.expression)).collect()
    }

    pub(crate) fn summary(&self) -> String {
        let all = self.all.lock().unwrap();
        let count = |part| {
            let of_part = all.iter().filter(|question| question.part == part);
            let with_data = of_part.clone().filter(|question| question.had_data).count();
            format!("{with_data} of {}", of_part.count())
        };
        format!(
            "with data: {} expressions, {} alerts with their thresholds, {} sides of an `or`",
            count(Part::Whole),
            count(Part::Alert),
            count(Part::Side)
        )
    }
}

fn questions(line: Line) -> Vec<Question> {
    let ask = |name: &str, part, expression: &str| Question {
        name: name.to_owned(),
        part,
        expression: expression.to_owned(),
        had_data: false,
    };
    let (name, mut asked) = match (line.alert, line.panel) {
        (Some(alert), _) => {
            let asked = vec![
                ask(&alert, Part::Alert, &line.expr),
                ask(&alert, Part::Whole, &line.expr_without_threshold),
            ];
            (alert, asked)
        }
        (None, panel) => {
            let name = format!("{}, `{}`", line.file, panel.unwrap_or_default());
            let asked = vec![ask(&name, Part::Whole, &line.expr)];
            (name, asked)
        }
    };
    if line.sides.len() > 1 {
        asked.extend(line.sides.iter().map(|side| ask(&name, Part::Side, side)));
    }
    asked
}
