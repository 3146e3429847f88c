//! digdag's own client library against a pool: push, start, look, kill, retry, schedules, backfill.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::Path;
use std::process::Command;

use himekuri_integration_tests::{Pool, WarehouseProcess};
use himekuri_testkit::{RabbitMq, RedisServer};

/// Folders and jars with the library and the compiled `tests/digdag-client/Client.java`, as Java's `-cp` takes them.
const CLASS_PATH: &str = "HIMEKURI_DIGDAG_CLIENT";

const DATE: &str = "2019-09-01";

const TOKEN: &str = "himekuri_of_the_client";

/// With the hash of the token: `printf himekuri_of_the_client | sha256sum`.
const TOKENS: &str = r#"[{"name": "client", "role": "operator", "titles": ["title_a"], "sha256": "20e388ca2ce38270353cab35121a56a806cb0c5a5d21402e8e6cf123ec0123ba"}]"#;

const DAILY: &str = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+a:\n  echo>: ${session_date}\n+b:\n  echo>: b\n";
const BROKEN: &str = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+a:\n  echo>: a\n+b:\n  fail>: on purpose\n";
const SLOW: &str = "+wait:\n  wait>: 10m\n";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Java and digdag's library from Maven: `make test-digdag-client`"]
async fn digdags_own_client_finds_its_interface() {
    let class_path = std::env::var(CLASS_PATH).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let warehouse =
        WarehouseProcess::start(&folder.path().join("warehouse"), DATE, DATE).await.unwrap();
    let mut pool = Pool::new(&rabbitmq, &redis, warehouse.url(), folder.path()).unwrap();
    let tokens = folder.path().join("tokens.json");
    std::fs::write(&tokens, TOKENS).unwrap();
    pool.start_coordinator_with(&["--tokens", tokens.to_str().unwrap()]).await.unwrap();
    pool.start_worker("worker", 16).unwrap();
    let good = archive(folder.path(), "good.tar.gz", DAILY);
    let broken = archive(folder.path(), "broken.tar.gz", BROKEN);

    let told = Command::new("java")
        .args(["-cp", &class_path, "Client", &pool.port().to_string(), &good, &broken, TOKEN])
        .output()
        .unwrap();

    let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    let logs = pool.log_of("coordinator");
    assert!(told.status.success(), "{out}\n{err}\n{logs}");
    assert!(out.ends_with("digdag's client: all answers are digdag's\n"), "{out}");
    println!("{out}");
}

fn archive(folder: &Path, name: &str, daily: &str) -> String {
    let (files, packed) = (folder.join("files"), folder.join(name));
    std::fs::create_dir_all(&files).unwrap();
    std::fs::write(files.join("daily.dig"), daily).unwrap();
    std::fs::write(files.join("slow.dig"), SLOW).unwrap();
    let tar = Command::new("tar").arg("-czf").arg(&packed).arg("-C").arg(&files).arg(".").status();
    assert!(tar.unwrap().success());
    packed.to_str().unwrap().to_owned()
}
