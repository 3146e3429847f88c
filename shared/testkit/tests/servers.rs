//! The servers start privately, several at once, and leave nothing behind.

#![expect(clippy::unwrap_used, reason = "a broken promise must stop the test")]

use std::fs;

use himekuri_testkit::{Prometheus, RabbitMq, RedisServer, TestkitError};

#[test]
fn two_redis_servers_are_strangers_to_each_other() {
    let one = RedisServer::start().unwrap();
    let other = RedisServer::start().unwrap();

    set(&one, "key", "of one");

    assert_eq!(get(&one, "key").as_deref(), Some("of one"));
    assert_eq!(get(&other, "key"), None);
}

#[test]
fn redis_keeps_its_data_over_a_restart_and_a_kill() {
    let server = RedisServer::start().unwrap();
    set(&server, "key", "value");

    server.restart().unwrap();
    assert_eq!(get(&server, "key").as_deref(), Some("value"));

    server.kill().unwrap();
    server.restart().unwrap();
    assert_eq!(get(&server, "key").as_deref(), Some("value"));
}

#[test]
fn a_stopped_server_refuses_clients_and_a_second_stop() {
    let server = RedisServer::start().unwrap();

    server.stop().unwrap();

    assert!(redis::Client::open(server.url()).unwrap().get_connection().is_err());
    assert!(matches!(server.stop(), Err(TestkitError::Stopped { .. })));
}

#[test]
fn a_dropped_redis_leaves_no_process() {
    let server = RedisServer::start().unwrap();
    let port = port(&server.url());
    assert!(processes().contains(&port));

    drop(server);

    assert!(!processes().contains(&port));
}

#[test]
fn two_rabbits_run_at_once_restart_and_leave_no_process() {
    let one = RabbitMq::start().unwrap();
    let other = RabbitMq::start().unwrap();
    assert_ne!(one.url(), other.url());

    one.restart().unwrap();
    let version = one.control(&["version"]).unwrap();
    assert!(version.starts_with(char::is_numeric), "unexpected version `{version}`");

    let folder = one.folder_for_diagnosis().display().to_string();
    assert!(processes().contains(&folder));
    drop(one);
    assert!(!processes().contains(&folder));
    assert!(!std::path::Path::new(&folder).exists());
    drop(other);
}

#[test]
fn a_prometheus_refuses_a_bad_configuration_and_leaves_no_process() {
    let refused = Prometheus::start("scrape: []");
    assert!(matches!(refused, Err(TestkitError::Ended { .. })), "{refused:?}");

    let server = Prometheus::start("global: {scrape_interval: 1s}").unwrap();
    let port = server.url().rsplit_once(':').unwrap().1.to_owned();
    assert!(processes().contains(&port));
    drop(server);
    assert!(!processes().contains(&port));
}

fn set(server: &RedisServer, key: &str, value: &str) {
    let mut connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    redis::cmd("SET").arg(key).arg(value).exec(&mut connection).unwrap();
}

fn get(server: &RedisServer, key: &str) -> Option<String> {
    let mut connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    redis::cmd("GET").arg(key).query(&mut connection).unwrap()
}

fn port(url: &str) -> String {
    url.trim_start_matches("redis://").trim_end_matches("/0").to_owned()
}

/// Command lines of all processes.
fn processes() -> String {
    let folders = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    // A process may end while we look.
    let lines = folders.filter_map(|folder| fs::read(folder.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ") + "\n").collect()
}
