//! Attempts that the store has lost come back.

use super::{LONG, append, lead, request};
use crate::{
    AttemptFilter, AttemptId, AttemptState, Creation, Epoch, LostAttempt, NewAttempt, Store,
    StoreError,
};

fn lost(id: u64, number: u64, name: &str, state: AttemptState) -> LostAttempt {
    LostAttempt { attempt: AttemptId(id), number, request: request("session", name), state }
}

/// Nothing that was given before is given again.
pub async fn a_restored_attempt_has_its_id_its_number_and_its_name_again(store: &dyn Store) {
    let epoch = lead(store, "coordinator-1", LONG).await;
    let second = lost(12, 4, "second", AttemptState::Active);
    let first = lost(10, 3, "first", AttemptState::Active);

    for attempt in [&second, &first, &second] {
        store.restore_attempt(epoch, attempt).await.unwrap();
    }

    assert_eq!(store.active_attempts().await.unwrap(), [AttemptId(10), AttemptId(12)]);
    let claimed = store.claim(AttemptId(12), epoch).await.unwrap();
    assert_eq!((claimed.number, claimed.log.len(), claimed.finished), (4, 0, false));
    assert_eq!(claimed.session_key, "session");
    let again = store.create_attempt(epoch, &request("session", "first")).await.unwrap();
    assert_eq!(again, Creation::Exists { attempt: AttemptId(10), number: 3 });
    let new = store.create_attempt(epoch, &request("session", "new")).await.unwrap();
    assert!(matches!(new, Creation::Created { attempt, number: 5 } if attempt > AttemptId(12)));
    store.commit(AttemptId(12), epoch, append(0, &["{}"])).await.unwrap();
}

/// A leader that does not know yet that the store was emptied gets no id that had been given before.
pub async fn who_leads_by_an_epoch_that_the_store_does_not_know_creates_nothing(store: &dyn Store) {
    let epoch = lead(store, "coordinator-1", LONG).await;
    let unknown = Epoch(epoch.0 + 1);

    let refused = store.create_attempt(unknown, &request("session", "first")).await;

    let by = epoch;
    match refused {
        Err(StoreError::Fenced { epoch, by: found }) => assert_eq!((epoch, found), (unknown, by)),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.active_attempts().await.unwrap(), []);
}

/// Lists show it, and nobody begins it again.
pub async fn a_restored_attempt_that_was_over_stays_over(store: &dyn Store) {
    let epoch = lead(store, "coordinator-1", LONG).await;

    store.restore_attempt(epoch, &lost(7, 1, "first", AttemptState::Finished)).await.unwrap();

    assert_eq!(store.active_attempts().await.unwrap(), []);
    let filter = AttemptFilter { state: Some(AttemptState::Finished), ..AttemptFilter::default() };
    let summary = request("session", "first").summary;
    assert_eq!(store.attempts(&filter).await.unwrap(), [(AttemptId(7), summary)]);
    assert!(store.claim(AttemptId(7), epoch).await.unwrap().finished);
}

/// Also by nobody who has been deposed.
pub async fn an_attempt_that_is_there_is_not_restored(store: &dyn Store) {
    let epoch = lead(store, "coordinator-1", LONG).await;
    let created = store.create_attempt(epoch, &request("session", "first")).await.unwrap();
    store.commit(created.attempt(), epoch, append(0, &["{}"])).await.unwrap();
    let there = LostAttempt {
        attempt: created.attempt(),
        number: 1,
        request: NewAttempt { summary: "other".to_owned(), ..request("session", "first") },
        state: AttemptState::Finished,
    };

    store.restore_attempt(epoch, &there).await.unwrap();

    let claimed = store.claim(created.attempt(), epoch).await.unwrap();
    assert_eq!((claimed.log.len(), claimed.finished), (1, false));
    let newer = lead(store, "coordinator-1", LONG).await;
    assert!(newer > epoch);
    match store.restore_attempt(epoch, &lost(9, 9, "other", AttemptState::Active)).await {
        Err(StoreError::Fenced { epoch: Epoch(fenced), .. }) => assert_eq!(fenced, epoch.0),
        other => panic!("{other:?}"),
    }
}
