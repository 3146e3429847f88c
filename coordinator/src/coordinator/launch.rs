//! From a standby to a leader with a running driver.

use std::sync::Arc;

use himekuri_broker::Broker;
use himekuri_store::Store;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Coordinator, CoordinatorConfig, LaunchError};
use crate::driver::{Driver, DriverError, DriverParts, Event};
use crate::intake;
use crate::leader::{self, Leadership};

impl Coordinator {
    /// Waits for the lease, takes over all active attempts and drives them until `stop` is cancelled.
    ///
    /// The second value resolves when the driver has ended, with an error if it was deposed. `None` when `stop` was
    /// cancelled before this process led.
    ///
    /// # Errors
    /// The store or the broker cannot be reached.
    pub async fn launch(
        config: CoordinatorConfig,
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        events: Option<mpsc::UnboundedSender<Event>>,
        stop: CancellationToken,
    ) -> Result<Option<(Self, oneshot::Receiver<Result<(), DriverError>>)>, LaunchError> {
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
        let (sender, commands) = mpsc::channel(10_000);
        let parts = DriverParts {
            store: Arc::clone(&store),
            broker: Arc::clone(&broker),
            epoch,
            limits: config.limits,
            expressions: config.expressions,
            watch_every: config.watch_every,
            number_base: config.number_base,
            commands,
            sender: sender.clone(),
            events,
            stop: stop.clone(),
        };
        let (ready, ended) = spawn_driver(parts, lease, stop.clone())?;
        // Reports may come only once every attempt is in memory: an unknown one would be taken for a late one.
        match ready.await {
            Ok(()) => intake::start(&broker, &sender, &stop).await?,
            Err(_) => tracing::debug!("the driver ended while taking over"),
        }
        let number_base = config.number_base;
        Ok(Some((Self { store, epoch, number_base, commands: sender }, ended)))
    }
}

type DriverEnded = oneshot::Receiver<Result<(), DriverError>>;

/// Runs the driver on a thread of its own: the JavaScript engine does not move between threads. The first channel tells
/// that every attempt is taken over.
fn spawn_driver(
    parts: DriverParts,
    lease: tokio::task::JoinHandle<Leadership>,
    stop: CancellationToken,
) -> std::io::Result<(oneshot::Receiver<()>, DriverEnded)> {
    let (ready_sender, ready) = oneshot::channel();
    let (ended_sender, ended) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let epoch = parts.epoch;
    std::thread::Builder::new().name("driver".to_owned()).stack_size(8 << 20).spawn(move || {
        // Also when the driver panics: a leader that does nothing must not keep its lease.
        let stopping = stop.drop_guard();
        let result = runtime.block_on(async move {
            let mut driver = Driver::new(parts)?;
            driver.recover_all().await?;
            // Nobody waits any more only when the launch itself was given up.
            let _given_up = ready_sender.send(());
            driver.run().await
        });
        drop(stopping);
        // The lease is given back before anybody hears of the end.
        let result = match runtime.block_on(lease) {
            Ok(Leadership::Lost) => result.and(Err(DriverError::Deposed { epoch })),
            Ok(Leadership::GivenBack) | Err(_) => result,
        };
        let _nobody = ended_sender.send(result);
    })?;
    Ok((ready, ended))
}
