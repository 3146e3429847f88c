//! Leadership (design D9): the lease saves two coordinators from the same work; the epoch makes a deposed one harmless.

use std::sync::Arc;
use std::time::Duration;

use himekuri_store::{Epoch, LeaseOutcome, Store, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often a standby looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Waits until this process leads. `None` when it was stopped before.
pub(crate) async fn lead(
    store: &Arc<dyn Store>,
    holder: &str,
    lease: Duration,
    stop: &CancellationToken,
) -> Result<Option<Epoch>, StoreError> {
    let mut announced = false;
    loop {
        match store.acquire_lease(holder, lease).await? {
            LeaseOutcome::Acquired(epoch) => {
                tracing::info!("leading with epoch {epoch}");
                return Ok(Some(epoch));
            }
            LeaseOutcome::HeldBy { holder, remaining } if !announced => {
                tracing::info!("standing by: {holder} leads, for {remaining:?} at least");
                announced = true;
            }
            LeaseOutcome::HeldBy { .. } => {}
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// How a leadership ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leadership {
    /// By our own will; the lease is given back.
    GivenBack,
    /// Somebody else may lead.
    Lost,
}

/// Keeps the lease until `stop`; cancels `stop` itself when the lease is lost.
pub(crate) async fn keep(
    store: Arc<dyn Store>,
    holder: String,
    epoch: Epoch,
    lease: Duration,
    stop: CancellationToken,
) -> Leadership {
    let mut valid_until = Instant::now() + lease;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            // Two renewals may be lost.
            () = tokio::time::sleep(lease / 3) => {}
        }
        let asked = Instant::now();
        match store.renew_lease(&holder, epoch, lease).await {
            Ok(true) => valid_until = asked + lease,
            Ok(false) => {
                tracing::error!("the lease is lost: another coordinator leads");
                stop.cancel();
                return Leadership::Lost;
            }
            Err(error) if Instant::now() >= valid_until => {
                tracing::error!("the lease ran out while the store could not be reached: {error}");
                stop.cancel();
                return Leadership::Lost;
            }
            Err(error) => tracing::warn!("could not renew the lease: {error}"),
        }
    }
    if let Err(error) = store.release_lease(&holder, epoch).await {
        tracing::warn!("could not give the lease back; it runs out by itself: {error}");
    }
    Leadership::GivenBack
}
