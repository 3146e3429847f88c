//! Tables partitioned by ranges of integers.

use serde_json::{Value, json};

use crate::server::{Server, message, projects, reason, to_mart};

fn by_level(sql: &str, table: &str) -> Value {
    let mut job = to_mart(table, "WRITE_TRUNCATE", sql);
    job["query"]["rangePartitioning"] = json!({
        "field": "level", "range": { "start": "0", "end": "100", "interval": "10" },
    });
    job
}

#[tokio::test]
async fn a_decorator_names_the_rows_of_one_range() {
    let server = Server::start().await;
    let made = server.run(by_level("SELECT level FROM UNNEST([1, 15, 200]) AS level", "t")).await;

    let replaced = server.write("t$10", "WRITE_TRUNCATE", "SELECT 11 AS level").await;
    let outside = server.write("t$10", "WRITE_TRUNCATE", "SELECT 21 AS level").await;
    let between = server.write("t$15", "WRITE_TRUNCATE", "SELECT 15 AS level").await;

    assert_eq!([reason(&made), reason(&replaced)], ["none"; 2], "{}", message(&made));
    assert!(message(&outside).contains("different partitions"), "{}", message(&outside));
    assert_eq!(reason(&between), "invalid");
    let rows = server.rows("SELECT level FROM mart.t ORDER BY level").await;
    assert_eq!(rows, [[json!("1")], [json!("11")], [json!("200")]]);
    let partitions = server.partitions().await;
    let ids: Vec<&Value> =
        partitions.as_array().unwrap().iter().map(|entry| &entry["partition"]).collect();
    assert_eq!(ids, [&json!("0"), &json!("10"), &json!("__UNPARTITIONED__")]);
    let (_, table) = server.get(&projects("datasets/mart/tables/t")).await;
    assert_eq!(table["rangePartitioning"]["field"], "level");
}

#[tokio::test]
async fn the_column_must_hold_integers() {
    let server = Server::start().await;

    let job = server.run(by_level("SELECT 'x' AS level", "t")).await;

    assert_eq!(reason(&job), "invalid");
    assert!(message(&job).contains("can only be of type INTEGER"), "{}", message(&job));
}
