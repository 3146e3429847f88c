//! A coordinator that cannot start says where it looked and what to do.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::process::{Command, Stdio};

use himekuri_testkit::RedisServer;

fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn failure(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_himekuri-coordinator"))
        .args(arguments)
        .args(["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_redis_that_refuses_the_connection_is_named_without_its_password() {
    let port = closed_port();

    let said = failure(&["--redis", &format!("redis://:sesame@127.0.0.1:{port}")]);

    assert!(said.contains(&format!("could not connect to Redis at `127.0.0.1:{port}")), "{said}");
    assert!(said.contains("check that the server is running"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}

#[test]
fn a_rabbitmq_that_refuses_the_connection_is_named_and_redis_stays_empty() {
    let redis = RedisServer::shared().unwrap();
    let port = closed_port();
    let amqp = format!("amqp://guest:guest@127.0.0.1:{port}/%2f");

    let said = failure(&["--redis", &redis.url(), "--amqp", &amqp]);

    assert!(
        said.contains(&format!("could not connect to RabbitMQ at `127.0.0.1:{port}")),
        "{said}"
    );
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
    assert_eq!(keys, Vec::<String>::new(), "nothing is left half done");
}

#[test]
fn an_address_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_himekuri-coordinator"))
        .args(["--listen", &address])
        .stdin(Stdio::null())
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains(&format!("could not listen on {address}; is another coordinator running?")),
        "{said}"
    );
}
