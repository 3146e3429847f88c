//! `himekuri kill`.

use std::time::Duration;

use himekuri_coordinator::{AttemptState, AttemptSummary, KillRequest, Killed};

use crate::api_client::ApiClient;
use crate::arguments::{self, CoordinatorArguments};
use crate::failure::SaidAlready;
use crate::output;

/// Pause between looks while waiting.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Kill attempts: nothing of them begins any more, and their BigQuery jobs are cancelled.
///
/// Comes back when the kill is written down; with `--wait`, when the last job is over. What a job had written before it was
/// stopped stays. `_error` does not run. Exit code 1 when an attempt had ended before by itself.
///
/// Example:
///   himekuri kill 17 18 --wait
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Numbers of the attempts, from `himekuri attempts`.
    #[arg(required = true, value_name = "ATTEMPT", value_parser = arguments::attempt)]
    attempts: Vec<u64>,
    /// Who kills them, for those who look at it later.
    #[arg(long, value_name = "NAME", env = "USER")]
    by: Option<String>,
    /// Wait until their jobs are over.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object a line for each attempt.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let request = KillRequest { by: arguments.by.clone() };
    let mut answers = Vec::new();
    // All are killed before the first is waited for.
    for attempt in &arguments.attempts {
        let path = format!("/v1/attempts/{attempt}/kill");
        let killed: Killed = client.call(client.post(&path).json(&request)).await?;
        if !(arguments.json && arguments.wait) {
            say(arguments, &killed)?;
        }
        answers.push(killed);
    }
    if arguments.wait {
        for killed in answers.iter_mut().filter(|killed| killed.state == AttemptState::Running) {
            killed.state = ended(&client, killed).await?;
            killed.canceling.clear();
            if !arguments.json {
                output::line(sentence(killed));
            }
        }
        if arguments.json {
            answers.iter().try_for_each(output::json_line)?;
        }
    }
    let had_ended = |killed: &Killed| match killed.state {
        AttemptState::Running | AttemptState::Canceled => false,
        AttemptState::Success | AttemptState::Error => true,
    };
    if answers.iter().any(had_ended) { Err(SaidAlready.into()) } else { Ok(()) }
}

async fn ended(client: &ApiClient, killed: &Killed) -> anyhow::Result<AttemptState> {
    let path = format!("/v1/attempts/{}", killed.attempt);
    loop {
        let summary: AttemptSummary = client.call(client.get(&path)).await?;
        if summary.state != AttemptState::Running {
            return Ok(summary.state);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn say(arguments: &Arguments, killed: &Killed) -> anyhow::Result<()> {
    if arguments.json {
        return output::json_line(killed);
    }
    output::line(sentence(killed));
    if !killed.canceling.is_empty() {
        output::aside(format!("  cancelled: {}", killed.canceling.join(", ")));
    }
    Ok(())
}

fn sentence(killed: &Killed) -> String {
    let Killed { attempt, killed: now, state, canceling } = killed;
    match (state, now) {
        (AttemptState::Running, now) => {
            let before = if *now { "killed" } else { "was killed before" };
            let jobs = output::counted(canceling.len(), "job");
            format!("attempt {attempt}: {before}; {jobs} to end first")
        }
        (AttemptState::Canceled, true) => format!("attempt {attempt}: killed; nothing of it runs"),
        (AttemptState::Canceled, false) => {
            format!("attempt {attempt}: was killed before; nothing of it runs")
        }
        (AttemptState::Success, _) => format!("attempt {attempt}: had ended before, with success"),
        (AttemptState::Error, _) => format!("attempt {attempt}: had ended before, with an error"),
    }
}

#[cfg(test)]
mod tests {
    use himekuri_protocol::AttemptId;

    use super::*;

    fn killed(killed: bool, state: AttemptState, jobs: usize) -> String {
        let canceling = vec!["+wf+a".to_owned(); jobs];
        sentence(&Killed { attempt: AttemptId(7), killed, state, canceling })
    }

    #[test]
    fn the_sentence_says_what_is_left_to_end() {
        assert_eq!(killed(true, AttemptState::Running, 1), "attempt 7: killed; 1 job to end first");
        assert_eq!(
            killed(false, AttemptState::Running, 2),
            "attempt 7: was killed before; 2 jobs to end first"
        );
        assert_eq!(
            killed(true, AttemptState::Canceled, 0),
            "attempt 7: killed; nothing of it runs"
        );
        assert_eq!(
            killed(false, AttemptState::Success, 0),
            "attempt 7: had ended before, with success"
        );
    }
}
