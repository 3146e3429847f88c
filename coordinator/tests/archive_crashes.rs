//! The archiver stops between two steps, its archive fails, or there is much to do: nothing is lost, and the next round goes
//! on.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use himekuri_archive::ArchivedAttempt;
use himekuri_broker::MemoryBroker;
use himekuri_coordinator::{
    Archive, ArchiveError, Archived, Archiver, Coordinator, CoordinatorConfig, Retention,
    StartError,
};
use himekuri_protocol::AttemptId;
use himekuri_store::{
    Commit, Epoch, LeaseOutcome, NewAttempt, RedisConfig, RedisStore, Store, StoreError,
};
use himekuri_testkit::{RedisServer, unique_name};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const LEADER: &str = "leader";
const LOG: [&str; 2] = ["{\"n\":1}", "{\"n\":2}"];
const DAY: Duration = Duration::from_secs(86_400);

/// A leader on a real Redis, with attempts that ended before it began.
struct Bench {
    store: Arc<RedisStore>,
    prefix: String,
    folder: TempDir,
    archive: Archive,
    archiver: Archiver,
    stop: CancellationToken,
}

impl Bench {
    async fn with(attempts: u64) -> Self {
        let server = tokio::task::spawn_blocking(RedisServer::shared).await.unwrap().unwrap();
        let prefix = unique_name("archive");
        let config = RedisConfig { prefix: prefix.clone(), ..RedisConfig::new(server.url()) };
        let store = Arc::new(RedisStore::connect(config).await.unwrap());
        let epoch = lead(&store).await;
        for n in 1..=attempts {
            let id = store.create_attempt(epoch, &request(n)).await.unwrap().attempt();
            assert_eq!(id, AttemptId(n));
            let records = LOG.map(str::to_owned).to_vec();
            let commit = Commit { records, finished: true, ..Commit::default() };
            store.commit(id, epoch, commit).await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path().to_str().unwrap()).unwrap();
        let stop = CancellationToken::new();
        let config = CoordinatorConfig {
            name: LEADER.to_owned(),
            archive: Some(archive.clone()),
            ..CoordinatorConfig::default()
        };
        let broker = Arc::new(MemoryBroker::default());
        let launched = Coordinator::launch(config, store.clone(), broker, None, stop.clone());
        let (coordinator, _) = launched.await.unwrap().unwrap();
        let retention = Retention { log: DAY, summary: DAY * 10 };
        let archiver = Archiver::new(coordinator, retention);
        Self { store, prefix, folder, archive, archiver, stop }
    }

    async fn round(&mut self, days: i64) -> Result<Archived, StartError> {
        self.archiver.run_once(ended_at() + SignedDuration::from_hours(24 * days)).await
    }

    fn object(&self, attempt: u64) -> PathBuf {
        let name = format!("attempts/00000000000000000/{attempt:020}.jsonl.gz");
        self.folder.path().join(name)
    }

    async fn is_archived(&self, attempt: u64) -> bool {
        let has_object = self
            .archive
            .read(AttemptId(attempt))
            .await
            .is_ok_and(|found| found == Some(expected(attempt)));
        match self.store.log(AttemptId(attempt)).await {
            Err(StoreError::Archived { .. }) => {
                assert!(has_object, "attempt {attempt} is lost");
                true
            }
            log => {
                assert_eq!(log.unwrap(), LOG, "attempt {attempt} is lost");
                false
            }
        }
    }

    async fn redis(&self, words: &[&str]) {
        let client = redis::Client::open(RedisServer::shared().unwrap().url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        redis::cmd(words[0]).arg(&words[1..]).exec_async(&mut connection).await.unwrap();
    }

    async fn listed(&self) -> usize {
        self.store.attempts(&himekuri_store::AttemptFilter::default()).await.unwrap().len()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn lead(store: &RedisStore) -> Epoch {
    match store.acquire_lease(LEADER, DAY).await.unwrap() {
        LeaseOutcome::Acquired(epoch) => epoch,
        LeaseOutcome::HeldBy { holder, .. } => panic!("held by {holder}"),
    }
}

fn ended_at() -> Timestamp {
    "2019-09-02T00:10:00Z".parse().unwrap()
}

fn request(n: u64) -> NewAttempt {
    let summary = json!({
        "project": "title", "revision": "r", "gcp_project": null, "workflow": "wf",
        "session_time": "2019-09-02T00:00:00Z", "session_local_time": "2019-09-02T00:00:00+00:00",
        "now": "2019-09-02T00:00:00Z", "last_session_time": null, "next_session_time": null,
        "attempt_name": n.to_string(), "params": {}, "overrides": {}, "state": "success",
        "requested_at": "2019-09-02T00:00:00Z", "ended_at": ended_at(), "error": null,
    });
    NewAttempt {
        session_key: "title/wf/2019-09-02T00:00:00Z".to_owned(),
        attempt_name: n.to_string(),
        summary: summary.to_string(),
    }
}

fn expected(n: u64) -> ArchivedAttempt {
    let NewAttempt { session_key, summary, .. } = request(n);
    let log = LOG.map(str::to_owned).to_vec();
    ArchivedAttempt { attempt: AttemptId(n), session_key, number: n, summary, log }
}

#[tokio::test]
async fn an_object_that_was_written_before_a_crash_is_found_and_its_log_goes() {
    let mut bench = Bench::with(1).await;
    bench.archive.write(&Arc::new(expected(1))).await.unwrap();
    let before = std::fs::read(bench.object(1)).unwrap();

    let round = bench.round(2).await.unwrap();

    assert_eq!(round, Archived { logs: 1, ..Archived::default() });
    assert!(bench.is_archived(1).await);
    assert_eq!(std::fs::read(bench.object(1)).unwrap(), before);
}

#[tokio::test]
async fn a_log_that_was_removed_before_a_crash_reaches_its_list() {
    let mut bench = Bench::with(1).await;
    bench.round(2).await.unwrap();
    let (finished, archived) =
        (format!("{}:finished", bench.prefix), format!("{}:archived", bench.prefix));
    bench.redis(&["ZADD", &finished, "1", "1"]).await;
    bench.redis(&["ZREM", &archived, "1"]).await;

    let again = bench.round(2).await.unwrap();
    let nothing = bench.round(2).await.unwrap();

    assert_eq!((again.logs, nothing), (1, Archived::default()));
    assert!(bench.is_archived(1).await);
    assert_eq!(bench.listed().await, 1);
}

#[tokio::test]
async fn a_summary_that_was_removed_before_a_crash_leaves_its_list() {
    let mut bench = Bench::with(1).await;
    bench.round(20).await.unwrap();
    assert_eq!(bench.listed().await, 0);
    bench.redis(&["ZADD", &format!("{}:archived", bench.prefix), "1", "1"]).await;

    let again = bench.round(20).await.unwrap();
    let nothing = bench.round(20).await.unwrap();

    assert_eq!((again.summaries, nothing), (1, Archived::default()));
    assert!(bench.is_archived(1).await);
}

#[tokio::test]
async fn a_damaged_object_keeps_its_log_and_delays_nobody() {
    let mut bench = Bench::with(3).await;
    std::fs::create_dir_all(bench.object(2).parent().unwrap()).unwrap();
    std::fs::write(bench.object(2), "half of an obj").unwrap();

    let round = bench.round(2).await.unwrap();
    // It is left alone for an hour.
    let soon = bench.round(2).await.unwrap();

    assert_eq!(round, Archived { logs: 2, refused: 1, ..Archived::default() });
    assert_eq!(soon, Archived::default());
    assert!(bench.is_archived(1).await && bench.is_archived(3).await);
    assert!(!bench.is_archived(2).await);
    std::fs::remove_file(bench.object(2)).unwrap();
    assert_eq!(bench.round(3).await.unwrap().logs, 1);
    assert!(bench.is_archived(2).await);
}

#[tokio::test]
async fn an_object_of_an_earlier_life_of_redis_is_kept_and_so_is_the_log() {
    let mut bench = Bench::with(1).await;
    let earlier = ArchivedAttempt { session_key: "earlier".to_owned(), ..expected(1) };
    bench.archive.write(&Arc::new(earlier.clone())).await.unwrap();

    let round = bench.round(2).await.unwrap();

    assert_eq!(round, Archived { refused: 1, ..Archived::default() });
    assert!(!bench.is_archived(1).await);
    assert_eq!(bench.archive.read(AttemptId(1)).await.unwrap(), Some(earlier));
}

#[tokio::test]
async fn an_archive_that_cannot_be_written_is_told_and_tried_again() {
    let mut bench = Bench::with(2).await;
    let obstacle = bench.folder.path().join("attempts");
    std::fs::write(&obstacle, "").unwrap();

    let refused = bench.round(2).await.unwrap_err();

    assert!(matches!(refused, StartError::History(ArchiveError::Write { .. })), "{refused:?}");
    assert!(!bench.is_archived(1).await && !bench.is_archived(2).await);
    std::fs::remove_file(&obstacle).unwrap();
    // The second first, and then the first: one that always fails must not keep the others from their turn.
    let rounds = [bench.round(2).await.unwrap().logs, bench.round(2).await.unwrap().logs];
    assert_eq!(rounds, [1, 1]);
    assert!(bench.is_archived(1).await && bench.is_archived(2).await);
}

#[tokio::test]
async fn a_summary_whose_object_is_gone_stays() {
    let mut bench = Bench::with(2).await;
    bench.round(2).await.unwrap();
    std::fs::remove_file(bench.object(1)).unwrap();

    let round = bench.round(20).await.unwrap();

    assert_eq!(round, Archived { summaries: 1, refused: 1, ..Archived::default() });
    assert_eq!(bench.listed().await, 1);
}

#[tokio::test]
async fn a_deposed_archiver_removes_nothing() {
    let mut bench = Bench::with(1).await;
    let newer = Epoch(u64::from(u32::MAX) << 16);
    bench.store.claim(AttemptId(1), newer).await.unwrap();

    let refused = bench.round(2).await.unwrap_err();

    assert!(matches!(refused, StartError::Store(StoreError::Fenced { .. })), "{refused:?}");
    assert!(!bench.is_archived(1).await);
    assert!(!bench.archive.contains(AttemptId(1)).await.unwrap());
}

#[tokio::test]
async fn a_round_moves_two_hundred_and_says_that_there_is_more() {
    let mut bench = Bench::with(250).await;

    let mut rounds = Vec::new();
    for _ in 0..3 {
        let round = bench.round(20).await.unwrap();
        rounds.push((round.logs, round.summaries, round.more));
    }

    assert_eq!(rounds, [(200, 200, true), (50, 50, false), (0, 0, false)]);
    assert_eq!(bench.listed().await, 0);
    assert!(bench.is_archived(250).await);
}
