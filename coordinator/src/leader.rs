//! Leadership (design D9): the lease saves two coordinators from the same work; the epoch makes a deposed one harmless.

use std::sync::Arc;
use std::time::Duration;

use himekuri_store::{Epoch, LeaseOutcome, Store, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a lease lasts without renewal: a dead leader is replaced within this and one look of the standby.
pub(crate) const LEASE: Duration = Duration::from_secs(6);

/// How often the lease is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// How often a standby looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

const _: () = assert!(RENEW_EVERY.as_millis() * 3 <= LEASE.as_millis(), "two renewals may be lost");

/// Waits until this process leads. `None` when it was stopped before.
pub(crate) async fn lead(
    store: &Arc<dyn Store>,
    holder: &str,
    stop: &CancellationToken,
) -> Result<Option<Epoch>, StoreError> {
    let mut announced = false;
    loop {
        match store.acquire_lease(holder, LEASE).await? {
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
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Keeps the lease until `stop`; cancels `stop` itself when the lease is lost.
pub(crate) async fn keep(
    store: Arc<dyn Store>,
    holder: String,
    epoch: Epoch,
    stop: CancellationToken,
) {
    let mut valid_until = Instant::now() + LEASE;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(RENEW_EVERY) => {}
        }
        let asked = Instant::now();
        match store.renew_lease(&holder, epoch, LEASE).await {
            Ok(true) => valid_until = asked + LEASE,
            Ok(false) => {
                tracing::error!("the lease is lost: another coordinator leads");
                stop.cancel();
            }
            Err(error) if Instant::now() >= valid_until => {
                tracing::error!("the lease ran out while the store could not be reached: {error}");
                stop.cancel();
            }
            Err(error) => tracing::warn!("could not renew the lease: {error}"),
        }
    }
    if let Err(error) = store.release_lease(&holder, epoch).await {
        tracing::warn!("could not give the lease back; it runs out by itself: {error}");
    }
}
