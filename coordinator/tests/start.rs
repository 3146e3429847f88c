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

#[test]
fn a_window_in_which_nothing_would_ever_run_is_refused() {
    for (arguments, expected) in [
        (["--title-window", "title_a=0"], "the window of title `title_a` is 0"),
        (
            ["--title-weight", "title_a=2,title_b=0"],
            "the weight of title `title_b` is 0; give 1 to 1000",
        ),
        (["--title-weight", "3"], "a weight of 3 names no title; write NAME=3"),
        (["--backfill-share", "60"], "the share of backfills is 60 %; give 1 to 50"),
    ] {
        let said = failure(&arguments);

        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_windows_are_told_at_the_start() {
    let redis = format!("redis://127.0.0.1:{}", closed_port());

    let said = failure(&["--redis", &redis, "--window", "50", "--gcp-project-window", "7,wide=9"]);

    assert!(said.contains("up to 50 tasks are out at once"), "{said}");
    for window in ["backfill=45", "title=40", "gcp_project=7", r#"{"wide": 9}"#] {
        assert!(said.contains(window), "{window} in {said}");
    }
}
