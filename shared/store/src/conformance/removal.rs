//! What leaves of finished attempts, and what stays for ever.

use super::{LONG, append, attempt, entry, lead, request};
use crate::{
    AttemptFilter, AttemptId, AttemptState, Commit, CommitError, Creation, Epoch, Kept, Store,
    StoreError,
};

const PLACE: &str = "gs://bucket/attempts";

/// A leader and an attempt that is over.
async fn finished(store: &dyn Store) -> (Epoch, AttemptId) {
    let (epoch, id) = attempt(store).await;
    let step =
        Commit { outbox: vec![entry("m")], finished: true, ..append(0, &["{\"n\":1}", "{}"]) };
    store.commit(id, epoch, step).await.unwrap();
    (epoch, id)
}

/// Whoever wants the log learns where it is.
pub async fn a_removed_log_leaves_the_summary_and_tells_its_place(store: &dyn Store) {
    let (epoch, id) = finished(store).await;

    store.remove_log(id, epoch, PLACE).await.unwrap();

    match store.log(id).await {
        Err(StoreError::Archived { attempt, location }) => {
            assert_eq!((attempt, location.as_str()), (id, PLACE));
        }
        other => panic!("not archived: {other:?}"),
    }
    let claimed = store.claim(id, epoch).await.unwrap();
    assert_eq!((claimed.log.len(), claimed.outbox.len()), (0, 0));
    assert_eq!((claimed.session_key.as_str(), claimed.number), ("session", 1));
    assert_eq!((claimed.finished, claimed.archived.as_deref()), (true, Some(PLACE)));
    let summary = "{\"name\":\"first\"}".to_owned();
    for state in [None, Some(AttemptState::Finished)] {
        let filter = AttemptFilter { state, ..AttemptFilter::default() };
        assert_eq!(store.attempts(&filter).await.unwrap(), [(id, summary.clone())]);
    }
    assert_eq!(store.active_attempts().await.unwrap(), []);
}

/// A lost reply, a crash, a second archiver.
pub async fn a_removal_may_be_repeated_and_the_first_place_counts(store: &dyn Store) {
    let (epoch, id) = finished(store).await;

    store.remove_log(id, epoch, PLACE).await.unwrap();
    store.remove_log(id, epoch, "elsewhere").await.unwrap();
    let archived = store.claim(id, epoch).await.unwrap().archived;
    store.remove_summary(id, epoch).await.unwrap();
    store.remove_summary(id, epoch).await.unwrap();
    store.remove_log(id, epoch, "elsewhere").await.unwrap();

    assert_eq!(archived.as_deref(), Some(PLACE));
    assert_eq!(store.attempts(&AttemptFilter::default()).await.unwrap(), []);
    for kept in [Kept::Log, Kept::Summary] {
        assert_eq!(store.finished_attempts(kept, AttemptId(0), 10).await.unwrap(), []);
    }
}

/// What runs is needed, and so is a summary whose log is here.
pub async fn nothing_is_removed_before_its_time(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    store.commit(id, epoch, append(0, &["{\"n\":1}"])).await.unwrap();

    let early = store.remove_log(id, epoch, PLACE).await;
    let end = Commit { finished: true, ..append(1, &["{}"]) };
    store.commit(id, epoch, end).await.unwrap();
    let summary = store.remove_summary(id, epoch).await;

    for refused in [early, summary] {
        assert!(matches!(refused, Err(StoreError::Needed { attempt, .. }) if attempt == id));
    }
    assert_eq!(store.log(id).await.unwrap(), ["{\"n\":1}", "{}"]);
    assert_eq!(store.attempts(&AttemptFilter::default()).await.unwrap().len(), 1);
}

/// Not even of what is over.
pub async fn a_deposed_leader_cannot_remove(store: &dyn Store) {
    let (old, id) = finished(store).await;
    let new = Epoch(old.0 + 1);
    store.claim(id, new).await.unwrap();

    let log = store.remove_log(id, old, PLACE).await;
    store.remove_log(id, new, PLACE).await.unwrap();
    let summary = store.remove_summary(id, old).await;

    for refused in [log, summary] {
        let Err(StoreError::Fenced { epoch, by }) = refused else { panic!("{refused:?}") };
        assert_eq!((epoch, by), (old, new));
    }
}

/// By its name.
pub async fn an_unknown_attempt_has_nothing_to_remove(store: &dyn Store) {
    let epoch = lead(store, "a", LONG).await;
    let id = AttemptId(404);

    let log = store.remove_log(id, epoch, PLACE).await;
    let summary = store.remove_summary(id, epoch).await;

    for refused in [log, summary] {
        assert!(matches!(refused, Err(StoreError::UnknownAttempt { attempt }) if attempt == id));
    }
}

/// An empty list looks like a new attempt's log.
pub async fn an_archived_attempt_takes_no_commit(store: &dyn Store) {
    let (epoch, id) = finished(store).await;
    store.remove_log(id, epoch, PLACE).await.unwrap();

    let begun = store.commit(id, epoch, append(0, &["{\"n\":1}"])).await;

    let Err(CommitError::Store { source, .. }) = begun else { panic!("{begun:?}") };
    assert!(matches!(source, StoreError::Archived { .. }), "{source:?}");
    assert!(matches!(store.log(id).await, Err(StoreError::Archived { .. })));
}

/// The same name is the same attempt, and the next one has the next number.
pub async fn numbers_and_names_outlive_everything(store: &dyn Store) {
    let (epoch, id) = finished(store).await;
    store.remove_log(id, epoch, PLACE).await.unwrap();
    store.remove_summary(id, epoch).await.unwrap();

    let again = store.create_attempt(epoch, &request("session", "first")).await.unwrap();
    let next = store.create_attempt(epoch, &request("session", "second")).await.unwrap();

    assert_eq!(again, Creation::Exists { attempt: id, number: 1 });
    assert!(matches!(next, Creation::Created { number: 2, .. }), "{next:?}");
    assert!(next.attempt() > id);
    assert_eq!(store.active_attempts().await.unwrap(), [next.attempt()]);
    assert!(matches!(store.log(id).await, Err(StoreError::Archived { .. })));
}

/// Otherwise an old session would look as if it had never run.
pub async fn a_session_knows_its_attempts_without_their_summaries(store: &dyn Store) {
    let (epoch, id) = finished(store).await;
    let second = store.create_attempt(epoch, &request("session", "second")).await.unwrap();
    store.create_attempt(epoch, &request("another", "first")).await.unwrap();
    store.remove_log(id, epoch, PLACE).await.unwrap();
    store.remove_summary(id, epoch).await.unwrap();

    let known = store.session_attempts("session").await.unwrap();

    let summary = Some("{\"name\":\"second\"}".to_owned());
    assert_eq!(known, [(second.attempt(), summary), (id, None)]);
    assert_eq!(store.session_attempts("unknown").await.unwrap(), []);
}

/// Oldest first, each in the list of what is kept of it.
pub async fn finished_attempts_are_listed_by_what_is_kept(store: &dyn Store) {
    let epoch = lead(store, "a", LONG).await;
    let mut ids = Vec::new();
    for n in 0..6_usize {
        let name = n.to_string();
        let created = store.create_attempt(epoch, &request(&name, &name)).await.unwrap();
        ids.push(created.attempt());
        if n != 2 {
            let end = Commit { finished: true, ..append(0, &["{}"]) };
            store.commit(created.attempt(), epoch, end).await.unwrap();
        }
    }
    store.remove_log(ids[1], epoch, PLACE).await.unwrap();
    store.remove_log(ids[5], epoch, PLACE).await.unwrap();

    let page = async |kept, after, limit| -> Vec<AttemptId> {
        let found = store.finished_attempts(kept, after, limit).await.unwrap();
        found.into_iter().map(|(id, _)| id).collect()
    };

    assert_eq!(page(Kept::Log, AttemptId(0), 2).await, [ids[0], ids[3]]);
    assert_eq!(page(Kept::Log, ids[3], 2).await, [ids[4]]);
    assert_eq!(page(Kept::Summary, AttemptId(0), 9).await, [ids[1], ids[5]]);
    let summaries = store.finished_attempts(Kept::Summary, ids[1], 9).await.unwrap();
    assert_eq!(summaries, [(ids[5], Some("{\"name\":\"5\"}".to_owned()))]);
}
