//! Fenced, atomic, repeatable steps.

use super::{LONG, append, attempt, entry, lead, request};
use crate::{
    AttemptFilter, AttemptId, Commit, CommitError, Epoch, OutboxEntry, Snapshot, Store, StoreError,
};

/// In order, on top of each other.
pub async fn a_commit_appends_and_returns_the_length(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;

    let first = store.commit(id, epoch, append(0, &["{\"n\":1}", "{\"n\":2}"])).await.unwrap();
    let second = store.commit(id, epoch, append(2, &["{\"n\":\"三\"}"])).await.unwrap();

    assert_eq!((first, second), (2, 3));
    assert_eq!(store.log(id).await.unwrap(), ["{\"n\":1}", "{\"n\":2}", "{\"n\":\"三\"}"]);
}

/// From the claim on, whatever the deposed one believes.
pub async fn a_claim_shuts_out_lower_epochs(store: &dyn Store) {
    let (old, id) = attempt(store).await;
    store.commit(id, old, append(0, &["{\"by\":\"old\"}"])).await.unwrap();
    store.release_lease("coordinator-1", old).await.unwrap();
    let new = lead(store, "coordinator-2", LONG).await;

    let claimed = store.claim(id, new).await.unwrap();

    assert_eq!(claimed.log, ["{\"by\":\"old\"}"]);
    let late = store.commit(id, old, append(1, &["{\"by\":\"late\"}"])).await;
    let Err(CommitError::Fenced { epoch, by, .. }) = late else { panic!("{late:?}") };
    assert_eq!((epoch, by), (old, new));
    store.commit(id, new, append(1, &["{\"by\":\"new\"}"])).await.unwrap();
    assert_eq!(store.log(id).await.unwrap(), ["{\"by\":\"old\"}", "{\"by\":\"new\"}"]);
}

/// Nor repeat an old commit.
pub async fn a_deposed_leader_can_neither_claim_nor_mark(store: &dyn Store) {
    let (old, id) = attempt(store).await;
    let step = Commit { outbox: vec![entry("m")], ..append(0, &["{}"]) };
    store.commit(id, old, step.clone()).await.unwrap();
    let new = Epoch(old.0 + 1);
    store.claim(id, new).await.unwrap();

    let claimed = store.claim(id, old).await;
    let marked = store.mark_published(id, old, vec!["m".to_owned()]).await;
    let repeated = store.commit(id, old, step).await;

    assert!(matches!(claimed, Err(StoreError::Fenced { by, .. }) if by == new), "{claimed:?}");
    assert!(matches!(marked, Err(CommitError::Fenced { .. })), "{marked:?}");
    assert!(matches!(repeated, Err(CommitError::Fenced { .. })), "{repeated:?}");
    assert_eq!(store.claim(id, new).await.unwrap().outbox, [entry("m")]);
}

/// Shorter or longer.
pub async fn a_commit_on_another_length_is_a_conflict_and_changes_nothing(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    store.commit(id, epoch, append(0, &["{\"n\":1}"])).await.unwrap();
    let step = |expected_length| Commit {
        outbox: vec![entry("m")],
        summary: Some("{\"changed\":1}".to_owned()),
        finished: true,
        ..append(expected_length, &["{\"n\":2}"])
    };

    let behind = store.commit(id, epoch, step(0)).await;
    let ahead = store.commit(id, epoch, step(5)).await;
    let empty = store.commit(id, epoch, Commit { records: Vec::new(), ..step(0) }).await;

    for (result, told) in [(behind, 0), (ahead, 5), (empty, 0)] {
        let Err(CommitError::Conflict { expected, found, .. }) = result else {
            panic!("{result:?}")
        };
        assert_eq!((expected, found), (told, 1));
    }
    let claimed = store.claim(id, epoch).await.unwrap();
    assert_eq!((claimed.log.len(), claimed.outbox.len(), claimed.finished), (1, 0, false));
}

/// The reply was lost, not the commit.
pub async fn an_identical_commit_again_succeeds_and_changes_nothing(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    let step = Commit { outbox: vec![entry("m")], ..append(0, &["{\"n\":1}", "{\"n\":2}"]) };
    assert_eq!(store.commit(id, epoch, step.clone()).await.unwrap(), 2);
    store.mark_published(id, epoch, vec!["m".to_owned()]).await.unwrap();

    assert_eq!(store.commit(id, epoch, step.clone()).await.unwrap(), 2);

    store.commit(id, epoch, append(2, &["{\"n\":3}"])).await.unwrap();
    assert_eq!(store.commit(id, epoch, step).await.unwrap(), 2);
    let claimed = store.claim(id, epoch).await.unwrap();
    assert_eq!(claimed.log, ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]);
    assert_eq!(claimed.outbox, []);
}

/// Same place and same start are not enough.
pub async fn a_commit_that_only_looks_like_a_repeat_is_a_conflict(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    store.commit(id, epoch, append(0, &["{\"n\":1}", "{\"n\":2}"])).await.unwrap();

    for records in [&["{\"n\":1}", "{\"n\":9}"][..], &["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]] {
        let result = store.commit(id, epoch, append(0, records)).await;
        assert!(matches!(result, Err(CommitError::Conflict { found: 2, .. })), "{result:?}");
    }
}

/// What is published goes, the rest stays.
pub async fn the_outbox_keeps_order_until_published(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    let ids: Vec<String> = (0..30).map(|n| format!("m{}", 29 - n)).collect();
    let entries: Vec<OutboxEntry> = ids.iter().map(|id| entry(id)).collect();
    let (early, late) = entries.split_at(15);
    let step = Commit { outbox: early.to_vec(), ..append(0, &["{}"]) };
    store.commit(id, epoch, step).await.unwrap();
    let step = Commit {
        outbox: late.to_vec(),
        published: vec![ids[0].clone(), ids[2].clone()],
        ..append(1, &["{}"])
    };
    store.commit(id, epoch, step).await.unwrap();

    let unknown = "nobody".to_owned();
    store.mark_published(id, epoch, vec![ids[29].clone(), unknown]).await.unwrap();

    let left: Vec<OutboxEntry> = entries
        .iter()
        .enumerate()
        .filter(|(n, _)| ![0, 2, 29].contains(n))
        .map(|(_, entry)| entry.clone())
        .collect();
    assert_eq!(store.claim(id, epoch).await.unwrap().outbox, left);
}

/// And goes to the end.
pub async fn an_outbox_entry_with_the_same_id_replaces_the_first(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    let step = Commit { outbox: vec![entry("a"), entry("b")], ..append(0, &["{}"]) };
    store.commit(id, epoch, step).await.unwrap();

    let queue = "re:ports".to_owned();
    let newer = OutboxEntry { queue, body: "3:x:日め\0くり".to_owned(), ..entry("a") };
    let step = Commit { outbox: vec![newer.clone()], ..append(1, &["{}"]) };
    store.commit(id, epoch, step).await.unwrap();

    assert_eq!(store.claim(id, epoch).await.unwrap().outbox, [entry("b"), newer]);
}

/// Its outbox can still be emptied.
pub async fn a_finished_attempt_leaves_the_active_ones_and_keeps_its_log(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    let other = store.create_attempt(epoch, &request("session", "second")).await.unwrap().attempt();

    let end = Commit { finished: true, outbox: vec![entry("m")], ..append(0, &["{\"end\":1}"]) };
    store.commit(id, epoch, end).await.unwrap();

    assert_eq!(store.active_attempts().await.unwrap(), [other]);
    let claimed = store.claim(id, epoch).await.unwrap();
    assert!(claimed.finished);
    assert_eq!((claimed.log, claimed.outbox), (vec!["{\"end\":1}".to_owned()], vec![entry("m")]));
    store.mark_published(id, epoch, vec!["m".to_owned()]).await.unwrap();
    assert_eq!(store.claim(id, epoch).await.unwrap().outbox, []);
    assert_eq!(store.active_attempts().await.unwrap(), [other]);
}

/// `None` keeps what is there.
pub async fn a_summary_changes_only_when_given(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;

    store.commit(id, epoch, append(0, &["{}"])).await.unwrap();
    assert_eq!(summary(store, id).await, "{\"name\":\"first\"}");
    let step = Commit { summary: Some("{\"tasks\":2}".to_owned()), ..append(1, &[]) };
    assert_eq!(store.commit(id, epoch, step).await.unwrap(), 1);

    assert_eq!(summary(store, id).await, "{\"tasks\":2}");
}

/// Results are in the order given.
pub async fn commits_of_many_attempts_succeed_and_fail_alone(store: &dyn Store) {
    let (epoch, fine) = attempt(store).await;
    let conflicting = store.create_attempt(epoch, &request("s", "b")).await.unwrap().attempt();
    let fenced = store.create_attempt(epoch, &request("s", "c")).await.unwrap().attempt();
    let newer = Epoch(epoch.0 + 1);
    store.claim(fenced, newer).await.unwrap();

    let results = store
        .commit_many(
            epoch,
            vec![
                (conflicting, append(7, &["{}"])),
                (fine, append(0, &["{}", "{}"])),
                (fenced, append(0, &["{}"])),
                (AttemptId(404), append(0, &["{}"])),
            ],
        )
        .await;

    assert!(
        matches!(results[0], Err(CommitError::Conflict { attempt, .. }) if attempt == conflicting)
    );
    assert!(matches!(results[1], Ok(2)));
    assert!(matches!(results[2], Err(CommitError::Fenced { by, .. }) if by == newer));
    assert!(matches!(results[3], Err(CommitError::Store { .. })));
    assert_eq!(results.len(), 4);
    assert_eq!(store.commit_many(epoch, Vec::new()).await.len(), 0);
}

/// More than Lua takes as arguments of one call.
pub async fn a_thousand_records_and_messages_go_in_one_commit(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    let records: Vec<String> = (0..10_000).map(|n| format!("{{\"n\":{n}}}")).collect();
    let outbox: Vec<OutboxEntry> = (0..1_000).map(|n| entry(&n.to_string())).collect();
    let published = (0..1_000).map(|n| n.to_string()).collect();
    let step = Commit { records: records.clone(), outbox: outbox.clone(), ..Commit::default() };

    assert_eq!(store.commit(id, epoch, step).await.unwrap(), 10_000);

    let claimed = store.claim(id, epoch).await.unwrap();
    assert_eq!((claimed.log, claimed.outbox), (records, outbox));
    store.mark_published(id, epoch, published).await.unwrap();
    assert_eq!(store.claim(id, epoch).await.unwrap().outbox, []);
}

async fn summary(store: &dyn Store, id: AttemptId) -> String {
    let all = store.attempts(&AttemptFilter::default()).await.unwrap();
    all.into_iter().find(|(listed, _)| *listed == id).unwrap().1
}

/// A claim reads the first record, the last snapshot, and what is behind it.
pub async fn a_claim_reads_the_last_snapshot_and_what_is_behind_it(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    store.commit(id, epoch, append(0, &["{\"n\":1}", "{\"n\":2}"])).await.unwrap();
    let claimed = store.claim(id, epoch).await.unwrap();
    assert_eq!((claimed.snapshot, claimed.log.len()), (None, 2));

    store.commit(id, epoch, with_snapshot("first:", append(2, &["{\"n\":3}"]))).await.unwrap();
    store.commit(id, epoch, with_snapshot("second", append(3, &["{\"n\":4}"]))).await.unwrap();
    store.commit(id, epoch, append(4, &["{\"n\":5}"])).await.unwrap();

    let claimed = store.claim(id, epoch).await.unwrap();
    let second = Snapshot { length: 4, body: "second".to_owned() };
    assert_eq!(claimed.snapshot, Some(second));
    assert_eq!(claimed.log, ["{\"n\":1}", "{\"n\":5}"]);
    assert_eq!(store.log(id).await.unwrap().len(), 5);
}

/// A commit that is refused leaves the snapshot; one that is repeated changes nothing.
pub async fn a_commit_that_is_refused_leaves_the_snapshot(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    let step = with_snapshot("kept", append(0, &["{\"n\":1}"]));
    store.commit(id, epoch, step.clone()).await.unwrap();

    store.commit(id, epoch, with_snapshot("late", append(7, &["{}"]))).await.unwrap_err();
    store.commit(id, epoch, step).await.unwrap();

    let claimed = store.claim(id, epoch).await.unwrap();
    assert_eq!(claimed.snapshot, Some(Snapshot { length: 1, body: "kept".to_owned() }));
    assert_eq!(claimed.log, ["{\"n\":1}"]);
}

/// The end of an attempt removes its snapshot and keeps its log.
pub async fn the_end_removes_the_snapshot_and_keeps_the_log(store: &dyn Store) {
    let (epoch, id) = attempt(store).await;
    store.commit(id, epoch, with_snapshot("state", append(0, &["{\"n\":1}"]))).await.unwrap();

    let end = Commit { finished: true, ..with_snapshot("end", append(1, &["{\"n\":2}"])) };
    store.commit(id, epoch, end).await.unwrap();

    let claimed = store.claim(id, epoch).await.unwrap();
    assert_eq!((claimed.snapshot, claimed.log.len()), (None, 2));
}

fn with_snapshot(snapshot: &str, commit: Commit) -> Commit {
    Commit { snapshot: Some(snapshot.to_owned()), ..commit }
}
