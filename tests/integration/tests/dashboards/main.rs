//! Every expression of every dashboard and alert has data: a real Prometheus scrapes a real pool, to which all that happens which
//! the dashboards are there for.
//!
//! `HIMEKURI_RENDER=1` draws the dashboards from it as well, into `target/pictures`.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]
#![expect(
    clippy::print_stdout,
    reason = "how many expressions had data, and where the pictures are"
)]

use std::time::Duration;

mod contract;
mod past;
mod questions;
mod rig;
mod scenes;
mod workflows;

use questions::Questions;
use rig::Rig;

/// Longest wait for one thing, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn every_expression_of_dashboards_and_alerts_has_data_when_its_time_comes() {
    let mut rig = Rig::start().await;
    scenes::a_day_ago(&mut rig).await;
    let questions = Questions::of_the_repository(rig.prometheus.clone());
    let asking = tokio::spawn(questions.clone().ask_until_stopped());

    scenes::the_store_is_slow(&rig, &questions).await;
    scenes::good_and_bad_work(&rig, &questions).await;
    scenes::what_only_the_past_shows(&rig, &questions).await;
    scenes::what_waits(&rig, &questions).await;
    rig.render("busy").await;
    scenes::nobody_works(&mut rig, &questions).await;
    scenes::the_leader_dies(&mut rig, &questions).await;
    scenes::workers_come_back(&mut rig).await;
    scenes::the_broker_is_down(&rig, &questions).await;
    scenes::a_worker_starts_again_and_again(&mut rig, &questions).await;
    scenes::another_pool_is_scraped(&mut rig, &questions).await;
    rig.render("end").await;

    questions.stop();
    asking.await.unwrap();
    rig.every_target_is_up().await;
    let mut wrong = contract::broken(&rig).await;
    wrong.extend(questions.without_data());
    println!("{}", questions.summary());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
