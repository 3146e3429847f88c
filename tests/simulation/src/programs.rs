//! The programs: each is started, lives, ends or dies, and is started again, as Kubernetes would.

use std::sync::Arc;
use std::time::Duration;

use himekuri_bigquery::BigQuery;
use himekuri_broker::Broker;
use himekuri_coordinator::{
    Coordinator, CoordinatorConfig, KillRequest, Scheduler, SessionChoice, StartRequest,
};
use himekuri_engine::Config;
use himekuri_protocol::AttemptId;
use himekuri_store::Store;
use himekuri_worker::{Worker, WorkerConfig};
use jiff::civil::date;

use crate::evaluator::SharedEvaluator;
use crate::faults::Fault;
use crate::life::{Kind, Life};
use crate::pool::{SimBroker, SimJobs, SimStore};
use crate::world::World;

/// How long a person waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keeps a coordinator running for ever.
pub(crate) async fn coordinator(world: Arc<World>, number: usize) {
    for life in 1.. {
        let name = format!("coordinator-{number}.{life}");
        let life = Life::begin(&world, Kind::Coordinator, name);
        tokio::select! {
            biased;
            () = life.died() => {}
            () = coordinate(Arc::clone(&life)) => {}
        }
        life.die();
        restart(&world).await;
    }
}

async fn coordinate(life: Arc<Life>) {
    let store: Arc<dyn Store> = Arc::new(SimStore { life: Arc::clone(&life) });
    let broker: Arc<dyn Broker> = Arc::new(SimBroker { life: Arc::clone(&life) });
    let config = CoordinatorConfig {
        name: life.name.clone(),
        clock: life.world.clock,
        snapshot_every: life.world.snapshot_every,
        ..CoordinatorConfig::default()
    };
    let evaluator = match SharedEvaluator::of_thread(&config) {
        Ok(evaluator) => Box::new(evaluator),
        Err(error) => return tracing::error!("{} did not start: {error}", life.name),
    };
    let stop = life.stop.clone();
    match Coordinator::launch_local(config, store, broker, None, stop, evaluator).await {
        Ok(Some((coordinator, ended))) => {
            life.world.lead(coordinator.clone());
            tokio::spawn(stop_sometimes(Arc::clone(&life)));
            let scheduler = Scheduler::new(coordinator);
            tokio::task::spawn_local(scheduler.run(life.stop.clone()));
            match ended.await {
                Ok(Ok(())) => tracing::info!("{} ended", life.name),
                Ok(Err(error)) => tracing::info!("{} ended: {error}", life.name),
                Err(_) => tracing::info!("{} ended abnormally", life.name),
            }
        }
        Ok(None) => {}
        Err(error) => tracing::info!("{} did not start: {error}", life.name),
    }
}

/// Keeps a worker running for ever.
pub(crate) async fn worker(world: Arc<World>, number: usize) {
    for life in 1.. {
        let life = Life::begin(&world, Kind::Worker, format!("worker-{number}.{life}"));
        tokio::select! {
            biased;
            () = life.died() => {}
            () = work(Arc::clone(&life)) => {}
        }
        life.die();
        restart(&world).await;
    }
}

async fn work(life: Arc<Life>) {
    let broker: Arc<dyn Broker> = Arc::new(SimBroker { life: Arc::clone(&life) });
    let bigquery = BigQuery::over(Arc::new(SimJobs { life: Arc::clone(&life) }));
    let config = WorkerConfig {
        name: life.name.clone(),
        prefetch: life.world.prefetch,
        job_wait: Duration::from_secs(10),
        // Seldom: virtual time has days.
        announce_every: Some(Duration::from_secs(600)),
        ..WorkerConfig::default()
    };
    let stop = life.stop.clone();
    tokio::spawn(stop_sometimes(Arc::clone(&life)));
    if let Err(error) = Worker::new(broker, bigquery, config, stop).run().await {
        tracing::info!("{} ended: {error}", life.name);
    }
}

/// A rolling restart asks programs to stop.
async fn stop_sometimes(life: Arc<Life>) {
    let (faults, dice) = (&life.world.faults, &life.world.dice);
    let restart = life.kind.restart();
    if !faults.has(restart) || dice.chance(0.5) {
        return;
    }
    tokio::time::sleep(dice.millis(1_000..120_000)).await;
    if !life.is_dead() && faults.are_on() {
        faults.hit(restart);
        life.stop.cancel();
    }
}

/// A person who starts sessions now and then, notes what was promised, and kills some of them.
pub(crate) async fn person(world: Arc<World>, titles: Vec<String>) {
    while world.faults.are_on() {
        tokio::time::sleep(world.dice.millis(5_000..60_000)).await;
        let Some(coordinator) = world.leader() else { continue };
        let attempts: Vec<AttemptId> = world.promised().iter().copied().collect();
        match world.dice.pick(&attempts) {
            Some(attempt) if world.faults.strikes(Fault::Kill, &world.dice) => {
                let request = KillRequest { by: Some("a person".to_owned()) };
                let _answered =
                    tokio::time::timeout(PATIENCE, coordinator.kill(*attempt, &request)).await;
            }
            Some(_) | None => start(&world, &coordinator, &titles).await,
        }
    }
}

pub(crate) async fn start(world: &World, coordinator: &Coordinator, titles: &[String]) {
    let Some(title) = world.dice.pick(titles) else { return };
    let day = date(2025, 12, 1);
    let request = StartRequest {
        project: title.clone(),
        workflow: "by_hand".to_owned(),
        sessions: SessionChoice { from: day, to: day },
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: format!("by-hand-{}", world.dice.number(0..5)),
        revision: None,
    };
    let asked = tokio::time::timeout(PATIENCE, coordinator.start(&request)).await;
    if let Ok(Ok(started)) = asked {
        world.promised().extend(started.iter().map(|started| started.attempt));
    }
}

async fn restart(world: &World) {
    tokio::time::sleep(world.dice.millis(500..8_000)).await;
}
