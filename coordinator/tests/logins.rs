//! A coordinator logs in to both servers over TLS with passwords from files, and shows them to nobody.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use himekuri_testkit::{Authority, RabbitMq, RedisServer};
use tempfile::TempDir;

const PASSWORD: &str = "hunter2-is-secret";

/// Servers with TLS, and the files of a client.
struct World {
    rabbitmq: RabbitMq,
    redis: RedisServer,
    folder: TempDir,
}

#[test]
fn right_passwords_open_and_stand_in_no_log() {
    let mut coordinator = coordinator("right", "right");
    let mut child = coordinator.spawn().unwrap();

    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    for line in lines.map_while(Result::ok) {
        said += &(line.clone() + "\n");
        if line.contains("the API listens") {
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        }
    }
    let status = child.wait().unwrap();

    assert!(said.contains("the API listens"), "{said}");
    assert!(status.success(), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
}

#[test]
fn a_wrong_password_of_either_stands_neither_in_the_error_nor_in_the_log() {
    for (redis, amqp) in [("wrong", "right"), ("right", "wrong")] {
        let output = coordinator(redis, amqp).output().unwrap();

        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("check user and password"), "{said}");
        assert!(!said.contains(PASSWORD), "{said}");
    }
}

/// A coordinator that logs all it can but frames; the arguments name the files with the passwords.
fn coordinator(redis: &str, amqp: &str) -> Command {
    let world = world();
    let file = |name: &str| world.folder.path().join(name);
    let redis_url = world.redis.tls_url().unwrap().replace("rediss://", "rediss://pool@");
    let amqp_url = world.rabbitmq.tls_url().unwrap().replace("guest:guest@", "pool@");
    let mut command = Command::new(env!("CARGO_BIN_EXE_himekuri-coordinator"));
    command
        .args(["--redis", &redis_url, "--amqp", &amqp_url, "--listen", "127.0.0.1:0"])
        .arg("--redis-password-file")
        .arg(file(redis))
        .arg("--amqp-password-file")
        .arg(file(amqp))
        .arg("--tls-ca")
        .arg(file("ca.pem"))
        .arg("--tls-cert")
        .arg(file("coordinator.pem"))
        .arg("--tls-key")
        .arg(file("coordinator.key"))
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let authority = Authority::new("himekuri tests").unwrap();
        let rabbitmq = RabbitMq::start_with_tls(&authority).unwrap();
        let redis = RedisServer::start_with_tls(&authority).unwrap();
        let right = format!("{PASSWORD}-right");
        rabbitmq.control(&["add_user", "pool", &right]).unwrap();
        let all = ["set_permissions", "-p", "/", "pool", ".*", ".*", ".*"];
        rabbitmq.control(&all).unwrap();
        let mut admin = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
        let user = ["SETUSER", "pool", "on", &format!(">{right}"), "~*", "+@all"];
        redis::cmd("ACL").arg(&user).exec(&mut admin).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write("ca.pem", &authority.certificate()).unwrap();
        write("right", &format!("{right}\n")).unwrap();
        write("wrong", &format!("{PASSWORD}-wrong\n")).unwrap();
        authority.client("coordinator").unwrap().write(folder.path(), "coordinator").unwrap();
        World { rabbitmq, redis, folder }
    })
}
