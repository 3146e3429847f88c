//! What happens to the pool. Each scene waits until Prometheus has seen what it is there for.

use std::sync::Arc;

use himekuri_broker::{Broker, OutgoingMessage, Queue, RabbitBroker, RabbitConfig, Topology};
use himekuri_integration_tests::Signal;
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use crate::past;
use crate::questions::Questions;
use crate::rig::{COORDINATORS, Rig, STRANGER, WORKERS};

/// A slow call of Redis, in milliseconds; the lease is longer.
const SLOW_MS: u64 = 1_000;

/// How much later it is for a leader that takes over: tasks wait for longer than any alert lets them.
const LATER_SECONDS: i64 = 30 * 60;

/// A mart is written for the first time. It is all that is known of the day before.
pub(crate) async fn a_day_ago(rig: &mut Rig) {
    let now = Timestamp::now();
    rig.session("trouble", "costly", &past::stale_day(now).to_string()).await;
    let mut told = rig.shows("himekuri_bigquery_cost_total{mart='summary.costly'} > 0").await;
    let fresh = "himekuri_mart_newest_partition_time_seconds{mart='summary.costly'}";
    told.extend(rig.shows(fresh).await);
    rig.remember(past::samples(&told, now)).await;
}

/// A mart costs three times as much as a day ago, for days that are older still.
pub(crate) async fn what_only_the_past_shows(rig: &Rig, questions: &Questions) {
    for date in ["2019-09-02", "2019-09-03"] {
        rig.session("trouble", "costly", date).await;
    }
    rig.fires(questions, "HimekuriStaleMart").await;
    rig.fires(questions, "HimekuriCostJump").await;
}

/// First, while there were few calls: one in a hundred must be slow.
pub(crate) async fn the_store_is_slow(rig: &Rig, questions: &Questions) {
    let client = redis::Client::open(rig.redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let pause = redis::cmd("CLIENT").arg("PAUSE").arg(SLOW_MS).arg("ALL").to_owned();
    pause.exec_async(&mut connection).await.unwrap();
    rig.fires(questions, "HimekuriStoreSlow").await;
}

pub(crate) async fn good_and_bad_work(rig: &Rig, questions: &Questions) {
    for (project, workflow) in
        [("title_a", "summary"), ("trouble", "broken"), ("trouble", "flaky"), ("spender", "wf")]
    {
        rig.session(project, workflow, "2019-09-02").await;
    }
    let late = rig.session("trouble", "late", "2019-09-02").await;
    let unknown = rig.himekuri(&["why", "1000000"]).await;
    assert!(!unknown.status.success());
    rig.fires(questions, "HimekuriTitleFailing").await;
    rig.fires(questions, "HimekuriLateMart").await;
    rig.fires(questions, "HimekuriBudgetNear").await;
    rig.shows("himekuri_session_late{cause='sla'} > 0").await;
    rig.shows("himekuri_session_late{cause='not_started'} > 0").await;
    rig.json(&["kill", &late]).await;
    rig.shows("himekuri_attempt_ended_total{outcome='canceled'} > 0").await;
    rig.shows("himekuri_task_retries_total > 0").await;
}

/// Long jobs fill the workers, a window and a backfill; a title is paused.
pub(crate) async fn what_waits(rig: &Rig, questions: &Questions) {
    let days = ["--from", "2019-09-02", "--to", "2019-09-04", "--yes", "--detach"];
    rig.json(&[&["backfill", "narrow", "slow"][..], &days].concat()).await;
    rig.session("narrow", "slow", "2019-09-10").await;
    rig.session("trouble", "busy", "2019-09-02").await;
    rig.fires(questions, "HimekuriWorkersSaturated").await;
    rig.shows("himekuri_task_active{state='submitted'} > 0").await;
    rig.shows("himekuri_window_used_ratio{window='title'} == 1").await;
    rig.shows("himekuri_task_oldest_age_seconds{state='ready'} > 0").await;
    rig.shows("himekuri_backfill_sessions{state='waiting'} > 0").await;
    rig.json(&["pause", "narrow"]).await;
    rig.shows("himekuri_task_held{reason='paused'} > 0").await;
    rig.shows("himekuri_title_paused == 1").await;
}

/// One worker leaves, the other dies with tasks in its hands.
pub(crate) async fn nobody_works(rig: &mut Rig, questions: &Questions) {
    let [dies, leaves] = WORKERS;
    rig.end(leaves, Signal::Terminate);
    rig.shows("himekuri_worker_known == 1").await;
    // A frozen one takes what is sent, and does nothing with it.
    rig.signal(dies, Signal::Stop);
    rig.session("trouble", "quick", "2019-09-02").await;
    rig.shows("sum(himekuri_task_active{title='trouble', state='dispatched'}) >= 12").await;
    rig.end(dies, Signal::Kill);
    dead_letters(rig, questions).await;
}

async fn broker(rig: &Rig) -> RabbitBroker {
    let broker = RabbitBroker::connect(RabbitConfig {
        topology: Topology::new(rig.prefix.clone()),
        ..RabbitConfig::new(rig.rabbitmq.url())
    });
    broker.await.unwrap()
}

/// Takes a task in place of a worker and refuses it.
async fn dead_letters(rig: &Rig, questions: &Questions) {
    let broker = broker(rig).await;
    let mut tasks = broker.consume(Queue::Tasks, 1).await.unwrap();
    tasks.next().await.unwrap().dead_letter().unwrap();
    broker.close().await;
    rig.fires(questions, "HimekuriDeadLetters").await;
}

/// The leader dies; the one after it cannot read an attempt, has heard of no worker, and finds what has waited for half an hour.
pub(crate) async fn the_leader_dies(rig: &mut Rig, questions: &Questions) {
    let damaged = rig.session("trouble", "late", "2019-09-05").await;
    let client = redis::Client::open(rig.redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let log = format!("{}:{{a{damaged}}}:log", rig.prefix);
    redis::cmd("RPUSH").arg(log).arg("no record").exec_async(&mut connection).await.unwrap();
    let leader = rig.leader().await;
    let other = COORDINATORS.into_iter().find(|name| *name != leader).unwrap();
    let before = rig.started_at(other).await;
    rig.end(other, Signal::Terminate);
    rig.begin_ahead(other, LATER_SECONDS);
    rig.started_anew(other, before).await;
    rig.end(leader, Signal::Kill);
    rig.ask_at(other);
    rig.fires(questions, "HimekuriNoLeader").await;
    assert_eq!(rig.leader().await, other);
    rig.fires(questions, "HimekuriAttemptsUnreadable").await;
    rig.fires(questions, "HimekuriNoWorkers").await;
    rig.fires(questions, "HimekuriTasksStuck").await;
    rig.fires(questions, "HimekuriWindowFull").await;
    rig.begin(leader);
}

/// They get what the dead one had, and something that is no message.
pub(crate) async fn workers_come_back(rig: &mut Rig) {
    WORKERS.into_iter().for_each(|name| rig.begin(name));
    rig.shows("himekuri_worker_known == 2").await;
    rig.shows("himekuri_worker_redelivered_total > 0").await;
    let broker = broker(rig).await;
    let garbage = OutgoingMessage::new(Queue::Tasks, "somebody else's", "no message of ours");
    broker.publish(vec![garbage]).await.into_iter().for_each(|sent| sent.unwrap());
    broker.close().await;
    rig.shows("himekuri_message_dead_lettered_total{reason='unreadable'} > 0").await;
}

/// What is decided meanwhile waits to be sent.
pub(crate) async fn the_broker_is_down(rig: &Rig, questions: &Questions) {
    let broker = Arc::clone(&rig.rabbitmq);
    spawn_blocking(move || broker.kill()).await.unwrap().unwrap();
    rig.session("trouble", "quick", "2019-09-03").await;
    rig.fires(questions, "HimekuriBrokerDisconnected").await;
    rig.fires(questions, "HimekuriOutboxWaiting").await;
    let broker = Arc::clone(&rig.rabbitmq);
    spawn_blocking(move || broker.restart()).await.unwrap().unwrap();
    rig.shows("min(himekuri_broker_connected) == 1").await;
    rig.shows("sum(himekuri_outbox_unpublished) == 0").await;
}

pub(crate) async fn a_worker_starts_again_and_again(rig: &mut Rig, questions: &Questions) {
    let name = WORKERS[1];
    for _ in 0..3 {
        let before = rig.started_at(name).await;
        rig.end(name, Signal::Kill);
        rig.begin(name);
        rig.started_anew(name, before).await;
    }
    rig.fires(questions, "HimekuriCrashLoop").await;
}

/// Two pools, one Prometheus.
pub(crate) async fn another_pool_is_scraped(rig: &mut Rig, questions: &Questions) {
    rig.begin(STRANGER);
    rig.fires(questions, "HimekuriTwoLeaders").await;
}
