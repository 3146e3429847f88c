//! Redis away, unfit, or left in the middle of something.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

use std::{error::Error, net::TcpListener, sync::Arc, time::Duration};

use himekuri_store::{
    AttemptFilter, AttemptId, Commit, Creation, Epoch, Kept, LeaseOutcome, NewAttempt, RedisConfig,
    RedisStore, Store, StoreError,
};
use himekuri_testkit::{RedisServer, unique_name};
use redis::aio::MultiplexedConnection;

#[tokio::test]
async fn nobody_listening_is_told_with_address_and_cure_but_without_the_password() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();

    let url = format!("redis://user:hunter2@127.0.0.1:{port}/3");
    let error = RedisStore::connect(RedisConfig::new(url)).await.unwrap_err();

    let text = chain(&error);
    assert!(text.contains(&format!("127.0.0.1:{port}, database 3")), "{text}");
    assert!(text.contains("check that the server is running"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_malformed_address_is_told_without_repeating_it() {
    let error = RedisStore::connect(RedisConfig::new("http://:hunter2@x")).await.unwrap_err();

    assert!(matches!(error, StoreError::Address { .. }), "{error:?}");
    assert!(!chain(&error).contains("hunter2"));
}

#[tokio::test]
async fn a_wrong_password_is_told_as_such() {
    let server = RedisServer::start().unwrap();
    command(&mut client(&server).await, &["CONFIG", "SET", "requirepass", "right"]).await;
    let url = server.url().replace("redis://", "redis://:hunter2@");

    let error = RedisStore::connect(RedisConfig::new(url)).await.unwrap_err();

    let text = chain(&error);
    assert!(text.contains("check user and password"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_redis_that_evicts_is_refused_with_the_setting_to_change() {
    let server = RedisServer::start_with(&[("maxmemory-policy", "volatile-lru")]).unwrap();

    let error = RedisStore::connect(RedisConfig::new(server.url())).await.unwrap_err();

    let text = error.to_string();
    assert!(matches!(error, StoreError::Evicts { .. }), "{text}");
    assert!(text.contains("volatile-lru") && text.contains("noeviction"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_go_on_over_restarts_and_kills_with_nothing_lost_or_doubled() {
    let server = Arc::new(RedisServer::start().unwrap());
    let config =
        RedisConfig { retry_for: Duration::from_secs(60), ..RedisConfig::new(server.url()) };
    let store = RedisStore::connect(config).await.unwrap();
    let epoch = lead(&store).await;
    let id = store.create_attempt(epoch, &request("x")).await.unwrap().attempt();
    let records: Vec<String> = (0..600).map(|n| format!("{{\"n\":{n}}}")).collect();

    let mut outage = None;
    for (n, record) in records.iter().enumerate() {
        if n % 200 == 100 {
            let server = Arc::clone(&server);
            outage = Some(tokio::task::spawn_blocking(move || {
                if n == 100 {
                    server.kill().unwrap();
                }
                server.restart().unwrap();
            }));
        }
        let step = Commit { records: vec![record.clone()], ..at(n) };
        assert_eq!(store.commit(id, epoch, step).await.unwrap(), n as u64 + 1);
        if n % 200 == 199
            && let Some(outage) = outage.take()
        {
            outage.await.unwrap();
        }
    }

    assert_eq!(store.log(id).await.unwrap(), records);
}

#[tokio::test]
async fn a_redis_that_stays_away_is_an_error_that_names_the_operation() {
    let server = RedisServer::start().unwrap();
    let retry_for = Duration::from_millis(100);
    let config = RedisConfig { retry_for, ..RedisConfig::new(server.url()) };
    let store = RedisStore::connect(config).await.unwrap();
    server.kill().unwrap();

    let error = store.project("title_a").await.unwrap_err();

    assert_eq!(error.to_string(), "could not read project `title_a`");
    assert!(error.source().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_create_the_same_attempt_get_one() {
    let (store, _) = shared().await;
    let store = Arc::new(store);
    let epoch = lead(&store).await;

    let creating: Vec<_> = (0..50)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.create_attempt(epoch, &request("x")).await.unwrap() })
        })
        .collect();
    let mut created = Vec::new();
    let mut all = Vec::new();
    for one in creating {
        let one = one.await.unwrap();
        all.push(one.attempt());
        if let Creation::Created { attempt, number } = one {
            created.push((attempt, number));
        }
    }

    all.dedup();
    assert_eq!(created, [(all[0], 1)]);
    assert_eq!(all.len(), 1);
    assert_eq!(store.active_attempts().await.unwrap(), all);
}

#[tokio::test]
async fn a_creation_cut_short_is_cleaned_up_by_the_next_claim() {
    let (store, prefix) = shared().await;
    let epoch = lead(&store).await;
    let mut redis = client(RedisServer::shared().unwrap()).await;
    command(&mut redis, &["ZADD", &format!("{prefix}:{{leader}}:active"), "7", "7"]).await;

    let claimed = store.claim(AttemptId(7), epoch).await;

    assert!(matches!(claimed, Err(StoreError::UnknownAttempt { .. })), "{claimed:?}");
    assert_eq!(store.active_attempts().await.unwrap(), []);
}

#[tokio::test]
async fn a_name_without_an_attempt_is_filled_when_it_is_asked_for_again() {
    let (store, prefix) = shared().await;
    let epoch = lead(&store).await;
    let mut redis = client(RedisServer::shared().unwrap()).await;
    let session = format!("{prefix}:session:session");
    command(&mut redis, &["HSET", &session, "count", "1", "name:x", "1:5"]).await;

    let again = store.create_attempt(epoch, &request("x")).await.unwrap();

    let id = AttemptId(5);
    assert_eq!(again, Creation::Exists { attempt: id, number: 1 });
    assert_eq!(store.active_attempts().await.unwrap(), [id]);
    assert_eq!(store.claim(id, epoch).await.unwrap().log.len(), 0);
    assert_eq!(store.attempts(&AttemptFilter::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_deposed_creator_cannot_finish_what_a_newer_leader_cleaned_up() {
    let (store, prefix) = shared().await;
    let old = lead(&store).await;
    let newer = Epoch(old.0 + 1);
    let mut redis = client(RedisServer::shared().unwrap()).await;
    let session = format!("{prefix}:session:session");
    command(&mut redis, &["HSET", &session, "count", "1", "name:x", "1:5"]).await;
    store.claim(AttemptId(5), newer).await.unwrap_err();

    let late = store.create_attempt(old, &request("x")).await;

    assert!(matches!(late, Err(StoreError::Fenced { by, .. }) if by == newer), "{late:?}");
    let newest = lead(&store).await;
    let created = store.create_attempt(newest, &request("x")).await.unwrap();
    assert_eq!(created.attempt(), AttemptId(5));
}

#[tokio::test]
async fn a_finish_cut_short_is_completed_by_the_next_claim() {
    let (store, prefix) = shared().await;
    let epoch = lead(&store).await;
    let id = store.create_attempt(epoch, &request("x")).await.unwrap().attempt();
    let mut redis = client(RedisServer::shared().unwrap()).await;
    let end = Commit { records: vec!["{}".to_owned()], finished: true, ..at(0) };
    store.commit(id, epoch, end).await.unwrap();
    let text = id.to_string();
    command(&mut redis, &["ZREM", &format!("{prefix}:finished"), &text]).await;
    command(&mut redis, &["ZADD", &format!("{prefix}:{{leader}}:active"), &text, &text]).await;

    assert!(store.claim(id, epoch).await.unwrap().finished);

    assert_eq!(store.active_attempts().await.unwrap(), []);
    assert_eq!(store.attempts(&AttemptFilter::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_removal_cut_short_is_found_in_its_list_and_completed() {
    let (store, prefix) = shared().await;
    let epoch = lead(&store).await;
    let id = store.create_attempt(epoch, &request("x")).await.unwrap().attempt();
    let mut redis = client(RedisServer::shared().unwrap()).await;
    let end = Commit { records: vec!["{}".to_owned()], finished: true, ..at(0) };
    store.commit(id, epoch, end).await.unwrap();
    let text = id.to_string();
    let (finished, archived) = (format!("{prefix}:finished"), format!("{prefix}:archived"));
    let found = async |kept| store.finished_attempts(kept, AttemptId(0), 9).await.unwrap();

    store.remove_log(id, epoch, "place").await.unwrap();
    command(&mut redis, &["ZADD", &finished, &text, &text]).await;
    command(&mut redis, &["ZREM", &archived, &text]).await;
    assert_eq!(store.attempts(&AttemptFilter::default()).await.unwrap().len(), 1);
    assert_eq!(found(Kept::Log).await.len(), 1);
    assert_eq!(store.claim(id, epoch).await.unwrap().archived.as_deref(), Some("place"));
    store.remove_log(id, epoch, "place").await.unwrap();
    assert_eq!((found(Kept::Log).await.len(), found(Kept::Summary).await.len()), (0, 1));

    store.remove_summary(id, epoch).await.unwrap();
    command(&mut redis, &["ZADD", &archived, &text, &text]).await;
    assert_eq!(found(Kept::Summary).await, [(id, None)]);
    store.remove_summary(id, epoch).await.unwrap();
    assert_eq!(found(Kept::Summary).await, []);
}

#[tokio::test]
async fn of_an_archived_attempt_nothing_is_left_but_its_hash() {
    let (store, prefix) = shared().await;
    let epoch = lead(&store).await;
    let id = store.create_attempt(epoch, &request("x")).await.unwrap().attempt();
    let mut redis = client(RedisServer::shared().unwrap()).await;
    let records = vec!["{}".to_owned()];
    let snapshot = Some("{}".to_owned());
    store.commit(id, epoch, Commit { records, snapshot, ..at(0) }).await.unwrap();
    store.commit(id, epoch, Commit { finished: true, ..at(1) }).await.unwrap();

    store.remove_log(id, epoch, "place").await.unwrap();

    let mut keys = redis::cmd("KEYS");
    let keys: Vec<String> =
        keys.arg(format!("{prefix}:{{a{id}}}:*")).query_async(&mut redis).await.unwrap();
    assert_eq!(keys, [format!("{prefix}:{{a{id}}}:attempt")]);
}

#[tokio::test]
async fn scripts_are_loaded_again_after_the_server_forgot_them() {
    let (store, _) = shared().await;
    let epoch = lead(&store).await;
    let mut redis = client(RedisServer::shared().unwrap()).await;

    command(&mut redis, &["SCRIPT", "FLUSH"]).await;

    assert!(store.create_attempt(epoch, &request("x")).await.is_ok());
}

#[tokio::test]
async fn an_epoch_never_comes_back_after_the_counter_was_lost() {
    let (store, prefix) = shared().await;
    let before = lead(&store).await;
    store.release_lease("coordinator", before).await.unwrap();
    let mut redis = client(RedisServer::shared().unwrap()).await;
    let earlier = (before.0 - 1).to_string();
    command(&mut redis, &["SET", &format!("{prefix}:{{leader}}:epoch"), &earlier]).await;
    let two_ms_on = server_ms(&mut redis).await + 2;
    while server_ms(&mut redis).await < two_ms_on {}

    let after = lead(&store).await;

    assert!(after > before, "{after} after {before}");
}

async fn shared() -> (RedisStore, String) {
    let server = tokio::task::spawn_blocking(RedisServer::shared).await.unwrap().unwrap();
    let prefix = unique_name("outages");
    let config = RedisConfig { prefix: prefix.clone(), ..RedisConfig::new(server.url()) };
    (RedisStore::connect(config).await.unwrap(), prefix)
}

async fn lead(store: &RedisStore) -> Epoch {
    match store.acquire_lease("coordinator", Duration::from_secs(3_600)).await.unwrap() {
        LeaseOutcome::Acquired(epoch) => epoch,
        LeaseOutcome::HeldBy { holder, .. } => panic!("held by {holder}"),
    }
}

fn request(attempt_name: &str) -> NewAttempt {
    NewAttempt {
        session_key: "session".to_owned(),
        attempt_name: attempt_name.to_owned(),
        summary: "{}".to_owned(),
    }
}

fn at(expected_length: usize) -> Commit {
    Commit { expected_length: expected_length as u64, ..Commit::default() }
}

async fn client(server: &RedisServer) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

async fn command(redis: &mut MultiplexedConnection, words: &[&str]) {
    redis::cmd(words[0]).arg(&words[1..]).exec_async(redis).await.unwrap();
}

async fn server_ms(redis: &mut MultiplexedConnection) -> u64 {
    let (seconds, micros): (u64, u64) = redis::cmd("TIME").query_async(redis).await.unwrap();
    seconds * 1_000 + micros / 1_000
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
