//! From a standby to a leader with a running driver.

use std::sync::{Arc, LazyLock};

use himekuri_broker::Broker;
use himekuri_engine::Evaluate;
use himekuri_store::Store;
use himekuri_telemetry::{Histogram, histogram, metrics::pool};
use himekuri_template::{Limits as ExpressionLimits, StartError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Coordinator, CoordinatorConfig, LaunchError};
use crate::driver::{Driver, DriverError, DriverParts, Event};
use crate::evaluator::ScriptEvaluator;
use crate::intake::{self, Ear};
use crate::journal::JournaledStore;
use crate::leader::{self, Leadership};
use crate::workers::Workers;

static TAKEOVER: LazyLock<Histogram<f64>> = LazyLock::new(|| histogram(&pool::TAKEOVER_TIME));

/// Resolves when the driver has ended, with an error if it was deposed.
pub(crate) type DriverEnded = oneshot::Receiver<Result<(), DriverError>>;

/// Resolves when every attempt is taken over.
type Ready = oneshot::Receiver<()>;

type StartedEvaluator = Result<Box<dyn Evaluate>, StartError>;

/// A driver that is about to run.
struct Starting {
    parts: DriverParts,
    lease: JoinHandle<Leadership>,
    ready: oneshot::Sender<()>,
    ended: oneshot::Sender<Result<(), DriverError>>,
}

impl Coordinator {
    /// Waits for the lease, takes over all active attempts and drives them until `stop` is cancelled, on a thread of the
    /// driver's own: the JavaScript engine does not move between threads.
    ///
    /// `None` when `stop` was cancelled before this process led.
    ///
    /// # Errors
    /// The store or the broker cannot be reached.
    pub async fn launch(
        config: CoordinatorConfig,
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        events: Option<mpsc::UnboundedSender<Event>>,
        stop: CancellationToken,
    ) -> Result<Option<(Self, DriverEnded)>, LaunchError> {
        Self::launch_with(config, store, broker, events, stop, spawn_thread).await
    }

    /// The same on the caller's thread, which must be in a [`tokio::task::LocalSet`]: a simulation has only one. It has
    /// many coordinators too, and may let them share an evaluator, whose start takes longer than their life.
    ///
    /// # Errors
    /// See [`Self::launch`].
    pub async fn launch_local(
        config: CoordinatorConfig,
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        events: Option<mpsc::UnboundedSender<Event>>,
        stop: CancellationToken,
        evaluator: Box<dyn Evaluate>,
    ) -> Result<Option<(Self, DriverEnded)>, LaunchError> {
        let spawn = |starting: Starting| {
            tokio::task::spawn_local(starting.run(|_| Ok(evaluator)));
            Ok(())
        };
        Self::launch_with(config, store, broker, events, stop, spawn).await
    }

    async fn launch_with(
        config: CoordinatorConfig,
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        events: Option<mpsc::UnboundedSender<Event>>,
        stop: CancellationToken,
        spawn: impl FnOnce(Starting) -> std::io::Result<()>,
    ) -> Result<Option<(Self, DriverEnded)>, LaunchError> {
        let Some(epoch) = leader::lead(&store, &config.name, config.lease, &stop).await? else {
            return Ok(None);
        };
        let lease = leader::keep(
            Arc::clone(&store),
            config.name.clone(),
            epoch,
            config.lease,
            stop.clone(),
        );
        let lease = tokio::spawn(lease);
        let store = match &config.archive {
            Some(archive) => JournaledStore::open(store, archive.clone(), epoch).await?,
            None => store,
        };
        let (sender, commands) = mpsc::channel(10_000);
        let workers: Arc<Workers> = Arc::default();
        let ear = Ear { workers: Arc::clone(&workers), clock: config.clock };
        let parts = DriverParts {
            store,
            broker: Arc::clone(&broker),
            epoch,
            limits: config.limits,
            spending: config.spending,
            price: config.price,
            trace_ratio: config.trace_ratio,
            expressions: config.expressions,
            watch_every: config.watch_every,
            number_base: config.number_base,
            time_limits: config.time_limits,
            snapshot_every: config.snapshot_every,
            archive: config.archive,
            clock: config.clock,
            commands,
            sender: sender.clone(),
            events,
            stop: stop.clone(),
            backfills: Arc::default(),
            workers: Arc::clone(&workers),
        };
        let coordinator = Self::of(&parts);
        let (starting, ready, ended) = Starting::new(parts, lease);
        spawn(starting)?;
        // Reports may come only once every attempt is in memory: an unknown one would be taken for a late one.
        match ready.await {
            Ok(()) => intake::start(&broker, &sender, &ear, &stop).await?,
            Err(_) => tracing::debug!("the driver ended while taking over"),
        }
        Ok(Some((coordinator, ended)))
    }
}

impl Starting {
    fn new(parts: DriverParts, lease: JoinHandle<Leadership>) -> (Self, Ready, DriverEnded) {
        let (ready_sender, ready) = oneshot::channel();
        let (ended_sender, ended) = oneshot::channel();
        (Self { parts, lease, ready: ready_sender, ended: ended_sender }, ready, ended)
    }

    async fn run(self, start: impl FnOnce(ExpressionLimits) -> StartedEvaluator) {
        let Self { parts, lease, ready, ended } = self;
        let epoch = parts.epoch;
        // Also when the driver panics: a leader that does nothing must not keep its lease.
        let stopping = parts.stop.clone().drop_guard();
        let result = match start(parts.expressions) {
            Ok(evaluator) => drive(parts, evaluator, ready).await,
            Err(error) => Err(DriverError::Script(error)),
        };
        drop(stopping);
        // The lease is given back before anybody hears of the end.
        let result = match lease.await {
            Ok(Leadership::Lost) => result.and(Err(DriverError::Deposed { epoch })),
            Ok(Leadership::GivenBack) | Err(_) => result,
        };
        let _nobody = ended.send(result);
    }
}

async fn drive(
    parts: DriverParts,
    evaluator: Box<dyn Evaluate>,
    ready: oneshot::Sender<()>,
) -> Result<(), DriverError> {
    let began = Instant::now();
    let mut driver = Driver::new(parts, evaluator);
    driver.recover_all().await?;
    TAKEOVER.record(began.elapsed().as_secs_f64(), &[]);
    // Nobody waits any more only when the launch itself was given up.
    let _given_up = ready.send(());
    driver.run().await
}

fn spawn_thread(starting: Starting) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new()
        .name("driver".to_owned())
        .stack_size(8 << 20)
        .spawn(move || runtime.block_on(starting.run(start_script)))?;
    Ok(())
}

fn start_script(limits: ExpressionLimits) -> StartedEvaluator {
    Ok(Box::new(ScriptEvaluator::new(limits)?))
}
