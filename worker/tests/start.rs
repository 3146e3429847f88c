//! A worker that cannot start says where it looked and what to do.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::process::{Command, Stdio};

fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn failure(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_himekuri-worker"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_bigquery_that_refuses_the_connection_is_named_with_the_cure() {
    let address = format!("http://127.0.0.1:{}", closed_port());

    let said = failure(&["--bigquery", &address]);

    assert!(said.contains(&format!("could not reach BigQuery at `{address}`")), "{said}");
    assert!(said.contains("himekuri warehouse --port PORT --data FOLDER"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rabbitmq_that_refuses_the_connection_is_named_without_its_password() {
    // Any HTTP answer serves as a BigQuery that is there.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bigquery = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new()).await });
    let port = closed_port();
    let amqp = format!("amqp://guest:sesame@127.0.0.1:{port}/%2f");

    let said =
        tokio::task::spawn_blocking(move || failure(&["--bigquery", &bigquery, "--amqp", &amqp]))
            .await
            .unwrap();

    assert!(
        said.contains(&format!("could not connect to RabbitMQ at `127.0.0.1:{port}")),
        "{said}"
    );
    assert!(said.contains("check that the server is running"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}
