//! Three scenarios of `make chaos`, short: whatever breaks, nothing that must never happen does.

use std::time::Duration;

use himekuri_integration_tests::chaos::{self, Outcome, Prepared, Scenario, Settings};

/// Dates of logs: enough for the jobs that run at once.
const DATES: u8 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_and_programs_and_cut_connections_break_no_promise() {
    let settings = Settings {
        duration: Duration::from_secs(14),
        seed: 1,
        jobs: 15,
        job_time: 30,
        settle: Duration::from_secs(120),
        keep: None,
        interrupted: Default::default(),
    };
    let prepared = Prepared::new(DATES).await.unwrap();
    let named = |name| Scenario::named(name).unwrap();
    let run = |name| chaos::run(named(name), &prepared, &settings);

    let (broker, leader, connections) =
        tokio::join!(run("broker-kill"), run("coordinator-kill"), run("connections-cut"));

    let outcomes = [broker, leader, connections];
    let is_good = outcomes.iter().all(Outcome::is_good);
    assert!(is_good, "{outcomes:#?}\n{}", chaos::table(&outcomes));
}
