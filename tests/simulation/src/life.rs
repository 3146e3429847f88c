//! One life of a program, from its start to its end or death. Everything that it does outside itself passes here, so that
//! it can die between any two steps.
//!
//! The dead do nothing: their calls never come back, and their connections are gone. What is left of their futures is
//! dropped with the runtime.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use himekuri_broker::{Broker, MemoryBroker};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::faults::Fault;
use crate::world::World;

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Coordinator.
    Coordinator,
    /// Worker.
    Worker,
}

impl Kind {
    fn crash(self) -> Fault {
        match self {
            Self::Coordinator => Fault::CoordinatorCrash,
            Self::Worker => Fault::WorkerCrash,
        }
    }

    pub(crate) fn restart(self) -> Fault {
        match self {
            Self::Coordinator => Fault::CoordinatorRestart,
            Self::Worker => Fault::WorkerRestart,
        }
    }

    fn pause(self) -> Fault {
        match self {
            Self::Coordinator => Fault::CoordinatorPause,
            Self::Worker => Fault::WorkerPause,
        }
    }
}

/// A program that runs.
pub(crate) struct Life {
    pub(crate) world: Arc<World>,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Its own will to end.
    pub(crate) stop: CancellationToken,
    dead: AtomicBool,
    died: Notify,
    paused_until: Mutex<Option<Instant>>,
    /// Its connection to the broker: a new one when it breaks.
    broker: Mutex<Arc<MemoryBroker>>,
}

impl Life {
    pub(crate) fn begin(world: &Arc<World>, kind: Kind, name: String) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(world),
            kind,
            name,
            stop: CancellationToken::new(),
            dead: AtomicBool::new(false),
            died: Notify::new(),
            paused_until: Mutex::new(None),
            broker: Mutex::new(Arc::new(world.broker.connect())),
        })
    }

    /// Before a step: here it may die, or stand still.
    pub(crate) async fn enter(&self) {
        self.stumble().await;
        let faults = &self.world.faults;
        if faults.strikes(self.kind.pause(), &self.world.dice) {
            let until = Instant::now() + self.world.dice.millis(3_000..20_000);
            *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
        self.stand_still().await;
    }

    /// After a step, before its result is known.
    pub(crate) async fn leave(&self) {
        self.stand_still().await;
        self.stumble().await;
    }

    async fn stumble(&self) {
        if !self.is_dead() && self.world.faults.strikes(self.kind.crash(), &self.world.dice) {
            self.die();
        }
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    async fn stand_still(&self) {
        let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until.filter(|until| *until > Instant::now()) {
            tokio::time::sleep_until(until).await;
        }
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends it at once, with all its connections.
    pub(crate) fn die(&self) {
        if !self.dead.swap(true, Ordering::Relaxed) {
            tracing::info!("{} dies", self.name);
            self.disconnect();
            self.stop.cancel();
            self.died.notify_one();
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Waits for its death.
    pub(crate) async fn died(&self) {
        self.died.notified().await;
    }

    /// Its connection to the broker.
    pub(crate) fn broker(&self) -> Arc<MemoryBroker> {
        Arc::clone(&self.broker.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Breaks its connection; the next use makes another.
    pub(crate) fn reconnect(&self) {
        self.disconnect();
        let new = Arc::new(self.world.broker.connect());
        *self.broker.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }

    fn disconnect(&self) {
        // The in-memory form never waits.
        let _closed = self.broker().close().now_or_never();
    }

    /// A short time on the network.
    pub(crate) async fn travel(&self) {
        tokio::time::sleep(self.world.dice.millis(0..4) + Duration::from_micros(200)).await;
    }
}
