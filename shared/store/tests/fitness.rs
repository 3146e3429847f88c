//! Servers that are no place for state.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

use himekuri_store::{RedisConfig, RedisStore, StoreError, conformance};
use himekuri_testkit::RedisServer;

#[tokio::test]
async fn a_replica_is_refused_with_its_primary() {
    let primary = RedisServer::start().unwrap();
    let address = primary.url().replace("redis://", "").replace("/0", "");
    let (host, port) = address.split_once(':').unwrap();
    let replica = RedisServer::start().unwrap();
    command(&replica, &["REPLICAOF", host, port]);

    let text = refused(&replica).await;

    assert!(text.contains(&format!("a replica of `{address}`")), "{text}");
    assert!(text.contains("give the address of the primary"), "{text}");
}

#[tokio::test]
async fn a_cluster_needs_all_slots_on_one_primary() {
    let server = RedisServer::start_with(&[("cluster-enabled", "yes")]).unwrap();

    let text = refused(&server).await;
    assert!(text.contains("a cluster with 0 of 16384 slots"), "{text}");

    command(&server, &["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    while !info(&server).contains("cluster_state:ok") {}
    let store = RedisStore::connect(RedisConfig::new(server.url())).await.unwrap();
    // The scripts keep to one slot each.
    conformance::the_outbox_keeps_order_until_published(&store).await;
    conformance::a_project_record_is_replaced_and_projects_are_sorted(&store).await;
}

#[tokio::test]
async fn a_server_without_an_append_only_file_may_serve() {
    let server = RedisServer::start_with(&[("appendonly", "no")]).unwrap();

    RedisStore::connect(RedisConfig::new(server.url())).await.unwrap();
}

async fn refused(server: &RedisServer) -> String {
    let error = RedisStore::connect(RedisConfig::new(server.url())).await.unwrap_err();
    assert!(matches!(error, StoreError::Unfit { .. }), "{error:?}");
    error.to_string()
}

fn info(server: &RedisServer) -> String {
    let mut redis = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    redis::cmd("CLUSTER").arg("INFO").query(&mut redis).unwrap()
}

fn command(server: &RedisServer, words: &[&str]) {
    let mut redis = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    redis::cmd(words[0]).arg(&words[1..]).exec(&mut redis).unwrap();
}
