//! A paused title sends nothing out, holds up nobody, and stays paused under the next leader.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod pool;

use std::sync::Arc;

use himekuri_coordinator::{PauseRequest, SessionChoice, StartRequest};
use himekuri_engine::Config;
use himekuri_store::MemoryStore;
use himekuri_workflow::ProjectFiles;
use jiff::civil::date;
use pool::{Pool, done};

const WORKFLOW: &str = "timezone: UTC\n+first:\n  echo>: first\n+second:\n  echo>: second\n";

async fn push(pool: &Pool, title: &str) {
    let files: ProjectFiles = [("wf.dig", WORKFLOW)].into_iter().collect();
    let archive = himekuri_project::pack(&files).unwrap();
    pool.coordinator.push(title, &archive, Some("gcp".to_owned())).await.unwrap();
}

async fn start(pool: &Pool, title: &str, day: i8) {
    let day = date(2019, 9, day);
    let request = StartRequest {
        project: title.to_owned(),
        workflow: "wf".to_owned(),
        sessions: SessionChoice { from: day, to: day },
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: String::new(),
        revision: None,
    };
    pool.coordinator.start(&request).await.unwrap();
}

fn because(reason: &str) -> PauseRequest {
    PauseRequest { reason: Some(reason.to_owned()) }
}

#[tokio::test]
async fn a_pause_holds_what_is_not_out_yet_until_somebody_lets_it_go_on() {
    let store = Arc::new(MemoryStore::default());
    let mut pool = Pool::over(Arc::clone(&store)).await;
    push(&pool, "paused").await;
    push(&pool, "other").await;
    start(&pool, "paused", 1).await;
    let first = pool.task().await;

    let project = pool.coordinator.pause("paused", "kim", because("logs late")).await.unwrap();
    let pause = project.paused.unwrap();
    assert_eq!((pause.by.as_str(), pause.reason.as_deref()), ("kim", Some("logs late")));
    // What is out goes on to its end; its successor waits, and so does a new session.
    pool.report(&first, done()).await;
    start(&pool, "paused", 2).await;
    start(&pool, "other", 1).await;
    assert_eq!(pool.work("first", done()).await.project, "other");
    // Its end is awaited: what is not committed when a leader is gone is sent once more.
    assert_eq!(pool.finish("second", done()).await.project, "other");
    drop(pool);

    let mut pool = Pool::over(store).await;
    start(&pool, "other", 2).await;
    assert_eq!(pool.work("first", done()).await.project, "other");
    assert_eq!(pool.coordinator.resume("paused").await.unwrap().paused, None);
    let mut went_on = Vec::new();
    for _ in 0..4 {
        let task = pool.task().await;
        pool.report(&task, done()).await;
        went_on.push((task.project, task.task_name));
    }
    went_on.sort();
    let row = |title: &str, task: &str| (title.to_owned(), format!("+wf+{task}"));
    assert_eq!(
        went_on,
        [
            row("other", "second"),
            row("paused", "first"),
            row("paused", "second"),
            row("paused", "second")
        ]
    );
}

#[tokio::test]
async fn who_pauses_first_is_who_is_named() {
    let pool = Pool::over(Arc::default()).await;
    push(&pool, "title").await;

    pool.coordinator.pause("title", "kim", because("one")).await.unwrap();
    let again = pool.coordinator.pause("title", "lee", because("two")).await.unwrap();

    assert_eq!(again.paused.unwrap().by, "kim");
    assert!(pool.coordinator.pause("nobody", "kim", because("one")).await.is_err());
}
