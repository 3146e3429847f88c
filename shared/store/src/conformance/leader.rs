//! One leader at a time, and a higher number for each.

use std::time::{Duration, Instant};

use super::{LONG, lead};
use crate::{LeaseOutcome, Store};

/// Longest wait for a short lease to end.
const LIMIT: Duration = Duration::from_secs(30);
/// Ends soon, but not before the next call.
const SHORT: Duration = Duration::from_millis(300);

/// The other one is told who leads, and for how long.
pub async fn a_lease_excludes_others_until_it_is_released(store: &dyn Store) {
    let first = lead(store, "a", LONG).await;

    match store.acquire_lease("b", LONG).await.unwrap() {
        LeaseOutcome::HeldBy { holder, remaining } => {
            assert_eq!(holder, "a");
            assert!(remaining > Duration::ZERO && remaining <= LONG, "{remaining:?}");
        }
        LeaseOutcome::Acquired(epoch) => panic!("a second leader, epoch {epoch}"),
    }
    store.release_lease("a", first).await.unwrap();

    let second = lead(store, "b", LONG).await;
    assert!(second > first);
}

/// By the store's clock, without anybody's help.
pub async fn an_unrenewed_lease_ends_and_the_next_epoch_is_higher(store: &dyn Store) {
    let first = lead(store, "a", SHORT).await;

    let started = Instant::now();
    let second = loop {
        match store.acquire_lease("b", LONG).await.unwrap() {
            LeaseOutcome::Acquired(epoch) => break epoch,
            LeaseOutcome::HeldBy { remaining, .. } => assert!(remaining <= SHORT),
        }
        assert!(started.elapsed() < LIMIT, "the lease did not end");
        tokio::task::yield_now().await;
    };

    assert!(second > first);
    assert!(!store.renew_lease("a", first, LONG).await.unwrap());
}

/// A restart under the same name must not wait for its own lease.
pub async fn a_holder_that_restarts_leads_again_and_fences_its_old_self(store: &dyn Store) {
    let before = lead(store, "a", LONG).await;

    let after = lead(store, "a", LONG).await;

    assert!(after > before);
    assert!(!store.renew_lease("a", before, LONG).await.unwrap());
    assert!(store.renew_lease("a", after, LONG).await.unwrap());
}

/// Not a stranger, not an old epoch.
pub async fn only_the_holder_of_the_epoch_renews_and_releases(store: &dyn Store) {
    let old = lead(store, "a", LONG).await;
    store.release_lease("a", old).await.unwrap();
    let epoch = lead(store, "b", LONG).await;

    assert!(!store.renew_lease("a", epoch, LONG).await.unwrap());
    assert!(!store.renew_lease("a", old, LONG).await.unwrap());
    store.release_lease("a", old).await.unwrap();
    store.release_lease("a", epoch).await.unwrap();

    assert!(store.renew_lease("b", epoch, LONG).await.unwrap());
}
