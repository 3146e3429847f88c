//! Time and quotas by configuration.

use serde_json::json;

use crate::server::{PROJECT, Server, message, projects, reason, to_mart};

#[tokio::test]
async fn jobs_wait_as_long_as_they_are_told_to() {
    let server = Server::start().await;
    server
        .faults("latency:\n- {label: is=pending, pending: 1h}\n- {table: mart.slow, running: 1h}\n")
        .await;
    let mut pending = to_mart("a", "WRITE_TRUNCATE", "SELECT 1 AS n");
    pending["labels"] = json!({ "is": "pending" });

    server.insert("pending", pending).await;
    server.insert("slow", to_mart("slow", "WRITE_TRUNCATE", "SELECT 1 AS n")).await;
    server.until("slow", "RUNNING").await;
    let quick = server.write("b", "WRITE_TRUNCATE", "SELECT 1 AS n").await;

    assert_eq!(server.job("pending").await["status"]["state"], "PENDING");
    assert_eq!(reason(&quick), "none");
    for id in ["pending", "slow"] {
        server.post(&projects(&format!("jobs/{id}/cancel")), json!({})).await;
        assert_eq!(reason(&server.done(id).await), "stopped");
    }
    let partitions = server.partitions().await;
    assert_eq!(partitions.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn any_number_of_jobs_can_wait_at_the_same_time() {
    let server = Server::start().await;
    server.faults("latency: [{job: 'wait*', running: 1h}]").await;
    for number in 0..12 {
        server
            .insert(&format!("wait{number}"), to_mart("t", "WRITE_APPEND", "SELECT 1 AS n"))
            .await;
    }

    for number in 0..12 {
        server.until(&format!("wait{number}"), "RUNNING").await;
    }

    assert_eq!(reason(&server.write("u", "WRITE_TRUNCATE", "SELECT 1 AS n").await), "none");
}

#[tokio::test]
async fn the_time_of_a_job_counts_while_it_waits() {
    let server = Server::start().await;
    server.faults("latency: [{job: '*', pending: 1h}]").await;
    let mut job = to_mart("a", "WRITE_TRUNCATE", "SELECT 1 AS n");
    job["jobTimeoutMs"] = json!("20");

    let job = server.run(job).await;

    assert_eq!(reason(&job), "stopped");
    assert!(message(&job).contains("timed out"));
}

#[tokio::test]
async fn a_table_takes_so_many_changes_and_a_partitioned_one_more() {
    let server = Server::start().await;
    server.faults("quotas: {tableUpdates: 2, partitionedTableUpdates: 3, per: 1h}").await;

    let mut plain = Vec::new();
    let mut daily = Vec::new();
    for number in 1..=4 {
        plain.push(server.write("plain", "WRITE_APPEND", "SELECT 1 AS n").await);
        let day = format!("daily$2026110{number}");
        daily.push(server.write(&day, "WRITE_TRUNCATE", "SELECT 1 AS n").await);
    }

    let reasons = |jobs: &[serde_json::Value]| -> Vec<String> {
        jobs.iter().map(|job| reason(job).to_owned()).collect()
    };
    let over = "rateLimitExceeded";
    assert_eq!(reasons(&plain), ["none", "none", over, over]);
    assert_eq!(reasons(&daily), ["none", "none", "none", over]);
    assert!(message(&plain[2]).contains("too many table update operations"));
    assert!(message(&daily[3]).contains("too many partitioned table update operations"));
}

#[tokio::test]
async fn quotas_are_off_unless_asked_for() {
    let server = Server::start().await;

    for _ in 0..7 {
        let job = server.write("plain", "WRITE_APPEND", "SELECT 1 AS n").await;
        assert_eq!(reason(&job), "none");
    }

    let rows = server.rows(&format!("SELECT COUNT(*) FROM `{PROJECT}.mart.plain`")).await;
    assert_eq!(rows, [[json!("7")]]);
}
