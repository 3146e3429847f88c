//! A store that is emptied is given back from the journal: what was over stays over, what ran begins again as itself.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod pool;

use std::sync::Arc;
use std::time::Duration;

use himekuri_broker::{Broker, MemoryBroker};
use himekuri_coordinator::{
    Archive, AttemptState, Coordinator, CoordinatorConfig, KillRequest, SessionChoice,
    StartRequest, Started,
};
use himekuri_engine::Config;
use himekuri_protocol::Work;
use himekuri_store::{MemoryStore, Store};
use jiff::civil::date;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use pool::{Pool, done};

/// Longest wait for what is written beside the rounds.
const PATIENCE: Duration = Duration::from_secs(30);

const WORKFLOW: &str = "+a:\n  echo>: a\n+b:\n  bq>: q.sql\n  destination_table: d.t$20190902\n";

fn config(folder: &TempDir) -> CoordinatorConfig {
    let archive = Some(Archive::open(folder.path().to_str().unwrap()).unwrap());
    CoordinatorConfig { archive, name: "leader".to_owned(), ..CoordinatorConfig::default() }
}

async fn lead(store: &Arc<MemoryStore>, folder: &TempDir) -> Pool {
    Pool::with(Arc::clone(store), config(folder)).await
}

async fn start(pool: &Pool, name: &str) -> Started {
    let day = date(2019, 9, 2);
    let request = StartRequest {
        project: "title".to_owned(),
        workflow: "wf".to_owned(),
        sessions: SessionChoice { from: day, to: day },
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: name.to_owned(),
        revision: None,
    };
    pool.coordinator.start(&request).await.unwrap().remove(0)
}

async fn push(pool: &Pool) {
    pool.push(&[("wf.dig", WORKFLOW), ("q.sql", "SELECT 1")]).await;
}

/// Waits until the journal has heard of an end: that is written beside the rounds.
async fn written(folder: &TempDir, kind: &str, count: usize) {
    let place = folder.path().join("journal").join(kind);
    let waiting = async {
        while std::fs::read_dir(&place).map_or(0, |entries| entries.count()) != count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test]
async fn an_attempt_begins_again_with_its_number_and_sends_its_job_by_the_same_id() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = lead(&Arc::new(MemoryStore::new()), &folder).await;
    push(&before).await;
    let first = start(&before, "").await;
    before.work("a", done()).await;
    let job = before.task().await;
    before.report(&job, done()).await;
    before.ended(first.attempt).await;
    written(&folder, "finished", 1).await;
    let second = start(&before, "again").await;
    before.work("a", done()).await;
    let sent = before.task().await;
    before.stop.cancel();

    let mut after = lead(&Arc::new(MemoryStore::new()), &folder).await;

    after.work("a", done()).await;
    let again = after.task().await;
    assert_eq!(again.attempt, second.attempt);
    assert_eq!(again.work.job().unwrap(), sent.work.job().unwrap(), "the job has its old id");
    assert_ne!(again.work.job().unwrap(), job.work.job().unwrap());
    after.report(&again, done()).await;
    assert_eq!(after.ended(second.attempt).await.state, AttemptState::Success);
    assert_eq!(
        after.coordinator.attempt(first.attempt).await.unwrap().state,
        AttemptState::Success
    );
    let third = start(&after, "third").await;
    assert_eq!((third.attempt.0, third.number), (3, 3), "nothing is given twice");
    let known = start(&after, "").await;
    assert_eq!((known.attempt, known.created), (first.attempt, false));
}

#[tokio::test]
async fn what_was_killed_is_not_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = lead(&Arc::new(MemoryStore::new()), &folder).await;
    push(&before).await;
    let killed = start(&before, "").await.attempt;
    before.task().await;
    before.coordinator.kill(killed, &KillRequest::default()).await.unwrap();
    before.ended(killed).await;
    written(&folder, "active", 0).await;
    before.stop.cancel();

    let mut after = lead(&Arc::new(MemoryStore::new()), &folder).await;

    let next = start(&after, "again").await;
    assert_eq!(after.task().await.attempt, next.attempt, "nothing else is sent");
    let state = after.coordinator.attempt(killed).await.unwrap().state;
    assert_eq!(state, AttemptState::Canceled);
}

#[tokio::test]
async fn a_journal_begins_with_what_the_store_has() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(MemoryStore::new());
    let mut without = Pool::over(Arc::clone(&store)).await;
    push(&without).await;
    let attempt = start(&without, "").await.attempt;
    let Work::Echo { message } = without.task().await.work else { panic!("it begins with a text") };
    without.stop.cancel();
    // With the archive, for the first time.
    lead(&store, &folder).await.stop.cancel();

    let mut after = lead(&Arc::new(MemoryStore::new()), &folder).await;

    let again = after.task().await;
    assert_eq!((again.attempt, again.work), (attempt, Work::Echo { message }));
}

#[tokio::test]
async fn an_end_that_was_not_written_any_more_is_written_by_the_next_leader() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(MemoryStore::new());
    let mut before = lead(&store, &folder).await;
    push(&before).await;
    let attempt = start(&before, "").await.attempt;
    before.work("a", done()).await;
    let job = before.task().await;
    before.report(&job, done()).await;
    before.ended(attempt).await;
    written(&folder, "active", 0).await;
    before.stop.cancel();
    // As if the leader had died before it could.
    let journal = folder.path().join("journal");
    let name = std::fs::read_dir(journal.join("finished")).unwrap().next().unwrap().unwrap();
    std::fs::rename(name.path(), journal.join("active").join(name.file_name())).unwrap();

    lead(&store, &folder).await.stop.cancel();

    written(&folder, "finished", 1).await;
    written(&folder, "active", 0).await;
}

#[tokio::test]
async fn the_archive_of_another_pool_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let one = Arc::new(MemoryStore::new());
    lead(&one, &folder).await.stop.cancel();
    let other_folder = tempfile::tempdir().unwrap();
    let other = Arc::new(MemoryStore::new());
    lead(&other, &other_folder).await.stop.cancel();

    let (store, broker): (Arc<dyn Store>, Arc<dyn Broker>) =
        (other, Arc::new(MemoryBroker::default()));
    let stop = CancellationToken::new();
    let launched = Coordinator::launch(config(&folder), store, broker, None, stop).await;

    let error = launched.err().unwrap().to_string();
    assert!(error.contains("the journal of another pool"), "{error}");
}

#[tokio::test]
async fn an_attempt_that_a_rollback_has_lost_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = lead(&Arc::new(MemoryStore::new()), &folder).await;
    push(&before).await;
    start(&before, "").await;
    before.task().await;
    before.stop.cancel();
    // The store of before the attempt was started.
    let emptied = Arc::new(MemoryStore::new());
    let id = std::fs::read_to_string(folder.path().join("journal/pool/journal")).unwrap();
    let pool = Pool::over(Arc::clone(&emptied)).await;
    push(&pool).await;
    pool.stop.cancel();
    let epoch = himekuri_store::Epoch(u64::MAX);
    emptied
        .put_record(epoch, himekuri_store::RecordKind::Pool, "journal", Some(&id))
        .await
        .unwrap();

    let after = lead(&emptied, &folder).await;

    let second = start(&after, "again").await;
    assert_eq!((second.attempt.0, second.number), (2, 2));
}
