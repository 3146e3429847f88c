//! A worker logs in over TLS with a password from a file, and shows the password to nobody.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use himekuri_testkit::{Authority, RabbitMq};
use tempfile::TempDir;

const PASSWORD: &str = "hunter2-is-secret";

/// A server with TLS, and the files of a client.
struct World {
    rabbitmq: RabbitMq,
    folder: TempDir,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_stands_neither_in_the_error_nor_in_the_log() {
    let mut worker = worker(&bigquery().await, "wrong").await;

    let output = tokio::task::spawn_blocking(move || worker.output().unwrap()).await.unwrap();

    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("check user and password"), "{said}");
    // The log is as long as it gets, and it is there.
    assert!(said.contains("RabbitMQ 3.") || said.contains("RabbitMQ 4."), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_opens_and_stands_in_no_log() {
    let mut worker = worker(&bigquery().await, "right").await;

    let said = tokio::task::spawn_blocking(move || {
        let mut child = worker.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        for line in lines.map_while(Result::ok) {
            said += &(line.clone() + "\n");
            if line.contains("takes up to") {
                // Its own log goes on until the pipe ends.
                let id = child.id().to_string();
                assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
            }
        }
        let status = child.wait().unwrap();
        assert!(status.success(), "{said}");
        said
    });
    let said = said.await.unwrap();

    assert!(said.contains("takes up to"), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_of_authorities_is_named() {
    let mut worker = worker(&bigquery().await, "right").await;
    worker.args(["--tls-ca", "/nowhere/ca.pem"]);

    let output = tokio::task::spawn_blocking(move || worker.output().unwrap()).await.unwrap();

    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("could not read `/nowhere/ca.pem`"), "{said}");
}

/// A worker that logs all it can but frames; `password` names the file with it.
async fn worker(bigquery: &str, password: &str) -> Command {
    let world = tokio::task::spawn_blocking(world).await.unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_himekuri-worker"));
    let amqp = world.rabbitmq.tls_url().unwrap().replace("guest:guest@", "pool@");
    command
        .args(["--bigquery", bigquery, "--amqp", &amqp, "--prefix", password])
        .arg("--amqp-password-file")
        .arg(world.file(password))
        .env("HIMEKURI_TLS_CA", world.file("ca.pem"))
        .env("HIMEKURI_TLS_CERT", world.file("worker.pem"))
        .env("HIMEKURI_TLS_KEY", world.file("worker.key"))
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Any HTTP answer serves as a BigQuery that is there.
async fn bigquery() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new()).await });
    address
}

impl World {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let authority = Authority::new("himekuri tests").unwrap();
        let rabbitmq = RabbitMq::start_with_tls(&authority).unwrap();
        let right = format!("{PASSWORD}-right");
        rabbitmq.control(&["add_user", "pool", &right]).unwrap();
        // The rights of `docs/security.md`.
        let rights = rights();
        let rights: Vec<&str> = rights.iter().map(String::as_str).collect();
        rabbitmq.control(&rights).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write("ca.pem", &authority.certificate()).unwrap();
        write("right", &format!("{right}\n")).unwrap();
        write("wrong", &format!("{PASSWORD}-wrong\n")).unwrap();
        authority.client("worker").unwrap().write(folder.path(), "worker").unwrap();
        World { rabbitmq, folder }
    })
}

/// What `docs/security.md` gives a user of RabbitMQ, for the prefix `right`.
fn rights() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md");
    let page = std::fs::read_to_string(page).unwrap();
    let line = page.lines().find(|line| line.contains("set_permissions")).unwrap();
    let line = line.trim().trim_start_matches("rabbitmqctl ");
    line.split(' ')
        .map(|word| word.trim_matches('\'').replace("himekuri", "right"))
        .map(|word| if word == "right" { "pool".to_owned() } else { word })
        .collect()
}
