//! Copy jobs.

use serde_json::{Value, json};

use crate::server::{PROJECT, Server, message, projects, reason};

fn reference(table: &str) -> Value {
    json!({ "projectId": PROJECT, "datasetId": "mart", "tableId": table })
}

fn copy(sources: &[&str], destination: &str, disposition: &str) -> Value {
    let sources: Vec<Value> = sources.iter().map(|table| reference(table)).collect();
    json!({ "copy": {
        "sourceTables": sources,
        "destinationTable": reference(destination),
        "writeDisposition": disposition,
    }})
}

async fn days(server: &Server, table: &str) -> Vec<Vec<Value>> {
    let sql = format!(
        "SELECT FORMAT_DATE('%Y%m%d', _PARTITIONDATE), n FROM mart.{table} ORDER BY _PARTITIONDATE, n"
    );
    server.rows(&sql).await
}

#[tokio::test]
async fn a_copied_table_has_the_partitions_and_rows_of_its_source() {
    let server = Server::start().await;
    server.write("kpi$20261101", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    server.write("kpi$20261102", "WRITE_TRUNCATE", "SELECT 2 AS n").await;

    let job = server.run(copy(&["kpi"], "copied", "WRITE_EMPTY")).await;

    assert_eq!(reason(&job), "none", "{}", message(&job));
    assert_eq!(job["configuration"]["jobType"], "COPY");
    assert_eq!(days(&server, "copied").await, days(&server, "kpi").await);
    let (_, table) = server.get(&projects("datasets/mart/tables/copied")).await;
    assert_eq!(table["timePartitioning"]["type"], "DAY");
}

#[tokio::test]
async fn one_partition_replaces_another() {
    let server = Server::start().await;
    for (day, n) in [("20261101", 1), ("20261102", 2), ("20261103", 3)] {
        let sql = format!("SELECT {n} AS n");
        server.write(&format!("kpi${day}"), "WRITE_TRUNCATE", &sql).await;
    }

    let job = server.run(copy(&["kpi$20261101"], "kpi$20261103", "WRITE_TRUNCATE")).await;

    assert_eq!(reason(&job), "none", "{}", message(&job));
    let row = |day: &str, n: &str| vec![json!(day), json!(n)];
    assert_eq!(
        days(&server, "kpi").await,
        [row("20261101", "1"), row("20261102", "2"), row("20261103", "1")]
    );
}

#[tokio::test]
async fn tables_are_put_together_when_their_columns_are_equal() {
    let server = Server::start().await;
    server.write("a", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    server.write("b", "WRITE_TRUNCATE", "SELECT 2 AS n").await;
    server.write("c", "WRITE_TRUNCATE", "SELECT 'x' AS n").await;

    let both = server.run(copy(&["a", "b"], "both", "WRITE_APPEND")).await;
    let again = server.run(copy(&["a"], "both", "WRITE_APPEND")).await;
    let differ = server.run(copy(&["a", "c"], "differ", "WRITE_APPEND")).await;

    assert_eq!([reason(&both), reason(&again), reason(&differ)], ["none", "none", "invalid"]);
    assert_eq!(server.rows("SELECT SUM(n) FROM mart.both").await, [[json!("4")]]);
    assert!(message(&differ).contains("different schemas"));
}

#[tokio::test]
async fn rows_that_are_there_are_kept_unless_truncate_is_said() {
    let server = Server::start().await;
    server.write("a", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    server.write("full", "WRITE_TRUNCATE", "SELECT 7 AS n").await;

    let refused = server.run(copy(&["a"], "full", "WRITE_EMPTY")).await;
    let missing = server.run(copy(&["nowhere"], "full", "WRITE_TRUNCATE")).await;
    let replaced = server.run(copy(&["a"], "full", "WRITE_TRUNCATE")).await;

    assert_eq!(reason(&refused), "duplicate");
    assert_eq!(message(&refused), format!("Already Exists: Table {PROJECT}:mart.full"));
    assert_eq!(message(&missing), format!("Not found: Table {PROJECT}:mart.nowhere"));
    assert_eq!(reason(&replaced), "none");
    assert_eq!(server.rows("SELECT n FROM mart.full").await, [[json!("1")]]);
}

#[tokio::test]
async fn a_view_is_not_copied() {
    let server = Server::start().await;
    let (made, answer) = server.query("CREATE VIEW mart.v AS SELECT 1 AS n").await;

    let job = server.run(copy(&["v"], "copied", "WRITE_EMPTY")).await;

    assert_eq!(made, 200, "{answer}");
    assert!(message(&job).contains("not allowed for this operation"), "{}", message(&job));
}
