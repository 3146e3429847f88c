//! The process: starting, ending, and what stands in its way.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::server::{ENDLESS, Server, command, reason, to_mart};

fn failure(data: &std::path::Path, port: u16) -> (Option<i32>, String) {
    let output = command(data, port).stderr(Stdio::piped()).output().unwrap();
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn a_folder_in_use_is_named_with_the_cure() {
    let server = Server::start().await;
    let folder = server.data.as_ref().unwrap().path();

    let (code, text) = failure(folder, 0);

    assert_eq!(code, Some(1));
    assert!(
        text.contains(folder.to_str().unwrap()) && text.contains("used by another process"),
        "{text}"
    );
    assert!(text.contains("--data"), "{text}");
}

#[test]
fn a_port_in_use_is_named_with_the_cure() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let data = TempDir::new().unwrap();

    let (code, text) = failure(data.path(), address.port());

    assert_eq!(code, Some(1));
    assert!(text.contains(&address.to_string()) && text.contains("--port"), "{text}");
}

#[tokio::test]
async fn the_process_ends_with_its_parent() {
    let mut server = Server::start().await;

    drop(server.stdin.take());

    assert!(server.child.wait().unwrap().success());
}

#[tokio::test]
async fn sigterm_stops_running_and_waiting_jobs_and_leaves_their_partitions() {
    let mut server = Server::start().await;
    server.write("kpi$20261101", "WRITE_TRUNCATE", "SELECT 4 AS n").await;
    let before = server.partitions().await;
    for job in 0..20 {
        let id = format!("endless-{job}");
        let (status, _) =
            server.insert(&id, to_mart("kpi$20261101", "WRITE_TRUNCATE", ENDLESS)).await;
        assert_eq!(status, 200);
    }
    server.until("endless-0", "RUNNING").await;

    let signal = Command::new("kill").arg(server.child.id().to_string()).status().unwrap();

    assert!(signal.success());
    assert!(server.child.wait().unwrap().success());
    let server = Server::open(server.data.take().unwrap());
    assert_eq!(server.partitions().await, before);
    for job in [0, 19] {
        assert_eq!(reason(&server.job(&format!("endless-{job}")).await), "backendError");
    }
}
