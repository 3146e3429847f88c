//! Creating, claiming and listing attempts.

use super::{LONG, append, attempt, lead, request};
use crate::{
    AttemptFilter, AttemptId, AttemptState, Commit, CommitError, Creation, Epoch, Store, StoreError,
};

/// Numbers count 1, 2, 3.
pub async fn a_session_has_one_attempt_per_name_and_counts_its_attempts(store: &dyn Store) {
    let epoch = lead(store, "a", LONG).await;

    let first = store.create_attempt(epoch, &request("s", "x")).await.unwrap();
    let again = store.create_attempt(epoch, &request("s", "x")).await.unwrap();
    let second = store.create_attempt(epoch, &request("s", "y")).await.unwrap();

    let Creation::Created { attempt: one, number: 1 } = first else { panic!("{first:?}") };
    assert_eq!(again, Creation::Exists { attempt: one, number: 1 });
    let Creation::Created { attempt: two, number: 2 } = second else { panic!("{second:?}") };
    assert!(two > one);
}

/// Two sessions of one name are two sessions.
pub async fn ids_rise_and_sessions_do_not_share_numbers(store: &dyn Store) {
    let epoch = lead(store, "a", LONG).await;

    let one = store.create_attempt(epoch, &request("s1", "x")).await.unwrap();
    let two = store.create_attempt(epoch, &request("s2", "x")).await.unwrap();

    assert!(matches!(two, Creation::Created { number: 1, .. }), "{two:?}");
    assert!(two.attempt() > one.attempt());
}

/// Ready for its first commit.
pub async fn a_new_attempt_is_active_empty_and_claimed_by_its_creator(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;

    assert_eq!(store.active_attempts().await.unwrap(), [id]);
    let claimed = store.claim(id, epoch).await.unwrap();
    assert_eq!((claimed.log.len(), claimed.outbox.len()), (0, 0));
    assert_eq!((claimed.session_key.as_str(), claimed.number), ("session", 1));
    assert!(!claimed.finished);
    let lower = Epoch(epoch.0 - 1);
    let refused = store.commit(id, lower, append(0, &["{}"])).await;
    assert!(matches!(refused, Err(CommitError::Fenced { .. })), "{refused:?}");
}

/// Neither its summary nor its end.
pub async fn an_attempt_asked_for_again_is_not_changed(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    let end = Commit { finished: true, ..append(0, &["{\"end\":1}"]) };
    store.commit(id, epoch, end).await.unwrap();

    let mut same_name = request("session", "first");
    same_name.summary = "{\"other\":true}".to_owned();
    let again = store.create_attempt(epoch, &same_name).await.unwrap();

    assert_eq!(again, Creation::Exists { attempt: id, number: 1 });
    assert_eq!(store.active_attempts().await.unwrap(), []);
    let listed = store.attempts(&AttemptFilter::default()).await.unwrap();
    assert_eq!(listed, [(id, "{\"name\":\"first\"}".to_owned())]);
    assert_eq!(store.log(id).await.unwrap(), ["{\"end\":1}"]);
}

/// By every method that takes one.
pub async fn an_unknown_attempt_is_named(store: &dyn Store) {
    let epoch = lead(store, "a", LONG).await;
    let id = AttemptId(404);

    let claimed = store.claim(id, epoch).await;
    let log = store.log(id).await;
    let committed = store.commit(id, epoch, append(0, &["{}"])).await;
    let marked = store.mark_published(id, epoch, vec!["x".to_owned()]).await;

    assert!(matches!(claimed, Err(StoreError::UnknownAttempt { attempt }) if attempt == id));
    assert!(matches!(log, Err(StoreError::UnknownAttempt { attempt }) if attempt == id));
    for error in [committed.map(|_| ()).unwrap_err(), marked.unwrap_err()] {
        let CommitError::Store { source, .. } = error else { panic!("{error:?}") };
        assert!(matches!(source, StoreError::UnknownAttempt { attempt } if attempt == id));
    }
}

/// `before` is the last of the page before.
pub async fn attempts_are_listed_newest_first_in_pages(store: &dyn Store) {
    let epoch = lead(store, "a", LONG).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let name = n.to_string();
        let created = store.create_attempt(epoch, &request(&name, &name)).await.unwrap();
        ids.push(created.attempt());
        if n % 2 == 0 {
            let end = Commit { finished: true, ..append(0, &["{}"]) };
            store.commit(created.attempt(), epoch, end).await.unwrap();
        }
    }
    ids.reverse();

    let first = AttemptFilter { limit: 3, ..AttemptFilter::default() };
    let first = listed(store, &first).await;
    let second = AttemptFilter { limit: 3, before: Some(first[2]), ..AttemptFilter::default() };
    let second = listed(store, &second).await;

    assert_eq!(first, ids[..3]);
    assert_eq!(second, ids[3..]);
}

/// Alone and together.
pub async fn attempts_are_filtered_by_session_and_state(store: &dyn Store) {
    let epoch = lead(store, "a", LONG).await;
    let one = store.create_attempt(epoch, &request("s1", "x")).await.unwrap().attempt();
    let two = store.create_attempt(epoch, &request("s1", "y")).await.unwrap().attempt();
    let other = store.create_attempt(epoch, &request("s2", "x")).await.unwrap().attempt();
    let end = Commit { finished: true, ..append(0, &["{}"]) };
    store.commit(one, epoch, end).await.unwrap();

    let filter = |session_key: Option<&str>, state| AttemptFilter {
        session_key: session_key.map(str::to_owned),
        state,
        ..AttemptFilter::default()
    };

    let active = Some(AttemptState::Active);
    let finished = Some(AttemptState::Finished);
    assert_eq!(listed(store, &filter(Some("s1"), None)).await, [two, one]);
    assert_eq!(listed(store, &filter(None, active)).await, [other, two]);
    assert_eq!(listed(store, &filter(None, finished)).await, [one]);
    assert_eq!(listed(store, &filter(Some("s1"), active)).await, [two]);
    assert_eq!(listed(store, &filter(Some("s2"), finished)).await, []);
    assert_eq!(listed(store, &filter(Some("s3"), None)).await, []);
}

async fn listed(store: &dyn Store, filter: &AttemptFilter) -> Vec<AttemptId> {
    store.attempts(filter).await.unwrap().into_iter().map(|(id, _)| id).collect()
}

/// Two leaders with attempts of their own would write the same partitions.
pub async fn a_deposed_leader_cannot_create_an_attempt(store: &dyn Store) {
    let old = lead(store, "a", LONG).await;
    let before = store.create_attempt(old, &request("session", "before")).await.unwrap();
    let new = lead(store, "a", LONG).await;

    for name in ["late", "before"] {
        match store.create_attempt(old, &request("session", name)).await {
            Err(StoreError::Fenced { epoch, by }) => assert_eq!((epoch, by), (old, new)),
            other => panic!("not fenced: {other:?}"),
        }
    }

    assert_eq!(store.active_attempts().await.unwrap(), [before.attempt()]);
    let after = store.create_attempt(new, &request("session", "late")).await.unwrap();
    assert!(matches!(after, Creation::Created { number: 2, .. }), "{after:?}");
}
