//! What happens to the rows of a destination.

use serde_json::{Value, json};

use crate::server::{PROJECT, Server, message, projects, reason, to_mart};

const DAY_1: &str = "kpi$20261101";
const DAY_2: &str = "kpi$20261102";

async fn rows_per_day(server: &Server) -> Vec<Vec<Value>> {
    server
        .rows("SELECT FORMAT_DATE('%Y%m%d', _PARTITIONDATE) AS d, SUM(n) AS n FROM mart.kpi GROUP BY d ORDER BY d")
        .await
}

#[tokio::test]
async fn truncate_replaces_exactly_its_partition() {
    let server = Server::start().await;
    server.write(DAY_1, "WRITE_TRUNCATE", "SELECT 1 AS n UNION ALL SELECT 2").await;
    server.write(DAY_2, "WRITE_TRUNCATE", "SELECT 10 AS n").await;

    let job = server.write(DAY_1, "WRITE_TRUNCATE", "SELECT 5 AS n").await;

    assert_eq!(reason(&job), "none");
    assert_eq!(
        rows_per_day(&server).await,
        [[json!("20261101"), json!("5")], [json!("20261102"), json!("10")]]
    );
}

#[tokio::test]
async fn a_query_without_rows_empties_its_partition_and_no_other() {
    let server = Server::start().await;
    server.write(DAY_1, "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    server.write(DAY_2, "WRITE_TRUNCATE", "SELECT 10 AS n").await;

    let job =
        server.write(DAY_1, "WRITE_TRUNCATE", "SELECT 5 AS n FROM mart.kpi WHERE FALSE").await;

    assert_eq!(reason(&job), "none");
    assert_eq!(rows_per_day(&server).await, [[json!("20261102"), json!("10")]]);
}

#[tokio::test]
async fn a_partition_can_be_computed_from_its_own_old_rows() {
    let server = Server::start().await;
    server.write(DAY_1, "WRITE_TRUNCATE", "SELECT 7 AS n").await;

    server.write(DAY_1, "WRITE_TRUNCATE", "SELECT n + 1 AS n FROM mart.kpi").await;

    assert_eq!(rows_per_day(&server).await, [[json!("20261101"), json!("8")]]);
}

#[tokio::test]
async fn append_keeps_the_rows_that_are_there() {
    let server = Server::start().await;
    server.write(DAY_1, "WRITE_APPEND", "SELECT 1 AS n").await;

    server.write(DAY_1, "WRITE_APPEND", "SELECT 2 AS n").await;

    assert_eq!(rows_per_day(&server).await, [[json!("20261101"), json!("3")]]);
}

#[tokio::test]
async fn append_of_another_type_is_invalid_and_changes_nothing() {
    let server = Server::start().await;
    server.write(DAY_1, "WRITE_APPEND", "SELECT 1 AS n").await;

    let job = server.write(DAY_1, "WRITE_APPEND", "SELECT 'x' AS n").await;

    assert_eq!(reason(&job), "invalid");
    assert!(message(&job).contains("Field n has changed type from INTEGER to STRING"));
    assert_eq!(rows_per_day(&server).await, [[json!("20261101"), json!("1")]]);
}

#[tokio::test]
async fn a_new_column_needs_permission() {
    let server = Server::start().await;
    server.write(DAY_1, "WRITE_APPEND", "SELECT 1 AS n").await;
    let sql = "SELECT 2 AS n, 'x' AS device";

    let refused = server.write(DAY_2, "WRITE_APPEND", sql).await;
    let mut allowed = to_mart(DAY_2, "WRITE_APPEND", sql);
    allowed["query"]["schemaUpdateOptions"] = json!(["ALLOW_FIELD_ADDITION"]);
    let allowed = server.run(allowed).await;

    assert!(message(&refused).contains("Cannot add fields (field: device)"));
    assert_eq!(reason(&allowed), "none");
    let rows = server.rows("SELECT n, device FROM mart.kpi ORDER BY n").await;
    assert_eq!(rows, [[json!("1"), Value::Null], [json!("2"), json!("x")]]);
}

#[tokio::test]
async fn write_empty_refuses_a_partition_with_rows() {
    let server = Server::start().await;
    server.write(DAY_1, "WRITE_EMPTY", "SELECT 1 AS n").await;

    let again = server.write(DAY_1, "WRITE_EMPTY", "SELECT 2 AS n").await;
    let other_day = server.write(DAY_2, "WRITE_EMPTY", "SELECT 3 AS n").await;

    assert_eq!(reason(&again), "duplicate");
    assert_eq!(message(&again), format!("Already Exists: Table {PROJECT}:mart.{DAY_1}"));
    assert_eq!(reason(&other_day), "none");
    assert_eq!(
        rows_per_day(&server).await,
        [[json!("20261101"), json!("1")], [json!("20261102"), json!("3")]]
    );
}

#[tokio::test]
async fn a_table_made_without_columns_takes_those_of_its_first_rows() {
    for disposition in ["WRITE_TRUNCATE", "WRITE_APPEND", "WRITE_EMPTY"] {
        let server = Server::start().await;
        let table = json!({
            "tableReference": { "tableId": "kpi" },
            "timePartitioning": { "type": "DAY", "expirationMs": "9000000000000" },
        });
        assert_eq!(server.post(&projects("datasets/mart/tables"), table).await.0, 200);

        let first = server.write(DAY_1, disposition, "SELECT 1 AS n, 'x' AS device").await;
        let wider = server.write(DAY_2, disposition, "SELECT 2 AS n, 3 AS more").await;

        assert_eq!(reason(&first), "none", "{first}");
        assert!(message(&wider).contains("Cannot add fields (field: more)"));
        assert_eq!(rows_per_day(&server).await, [[json!("20261101"), json!("1")]]);
        let server = server.restart();
        let (_, table) = server.get(&projects("datasets/mart/tables/kpi")).await;
        assert_eq!(table["schema"]["fields"][1]["name"], "device");
        assert_eq!(table["timePartitioning"]["expirationMs"], "9000000000000");
    }
}

#[tokio::test]
async fn a_table_without_columns_and_partitions_can_be_filled_but_not_read() {
    let server = Server::start().await;
    let table = json!({ "tableReference": { "tableId": "plain" } });
    assert_eq!(server.post(&projects("datasets/mart/tables"), table).await.0, 200);

    let (status, answer) = server.query("SELECT * FROM mart.plain").await;
    let job = server.write("plain", "WRITE_APPEND", "SELECT 1 AS n").await;

    assert_eq!((status, &answer["error"]["errors"][0]["reason"]), (400, &json!("invalid")));
    assert_eq!(reason(&job), "none");
    assert_eq!(server.rows("SELECT * FROM mart.plain").await, [[json!("1")]]);
}

#[tokio::test]
async fn a_whole_table_takes_the_schema_of_its_new_rows() {
    let server = Server::start().await;
    server.write("level", "WRITE_TRUNCATE", "SELECT 1 AS n").await;

    let job = server.write("level", "WRITE_TRUNCATE", "SELECT 'x' AS name").await;

    assert_eq!(reason(&job), "none");
    assert_eq!(server.rows("SELECT * FROM mart.level").await, [[json!("x")]]);
}

#[tokio::test]
async fn a_missing_dataset_is_not_created() {
    let server = Server::start().await;
    let mut job = to_mart("t$20261101", "WRITE_TRUNCATE", "SELECT 1 AS n");
    job["query"]["destinationTable"]["datasetId"] = json!("nowhere");

    let job = server.run(job).await;

    assert_eq!(reason(&job), "notFound");
    assert_eq!(message(&job), format!("Not found: Dataset {PROJECT}:nowhere"));
}

#[tokio::test]
async fn create_never_needs_the_table() {
    let server = Server::start().await;
    let mut job = to_mart("t$20261101", "WRITE_TRUNCATE", "SELECT 1 AS n");
    job["query"]["createDisposition"] = json!("CREATE_NEVER");

    let job = server.run(job).await;

    assert_eq!(message(&job), format!("Not found: Table {PROJECT}:mart.t"));
}

#[tokio::test]
async fn a_decorator_must_fit_the_partition_type() {
    let server = Server::start().await;
    server.write(DAY_1, "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    server.write("plain", "WRITE_TRUNCATE", "SELECT 1 AS n").await;

    let month = server.write("kpi$202611", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    let no_day = server.write("kpi$20261131", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    let plain = server.write("plain$20261101", "WRITE_TRUNCATE", "SELECT 1 AS n").await;

    assert_eq!([reason(&month), reason(&no_day), reason(&plain)], ["invalid"; 3]);
    assert!(message(&plain).contains("Expects partitioning specification none"));
}

#[tokio::test]
async fn a_new_table_takes_its_partition_type_from_the_decorator() {
    let server = Server::start().await;

    for (table, decorator, granularity) in
        [("h", "2026110109", "HOUR"), ("m", "202611", "MONTH"), ("y", "2026", "YEAR")]
    {
        let job =
            server.write(&format!("{table}${decorator}"), "WRITE_TRUNCATE", "SELECT 1 AS n").await;
        assert_eq!(reason(&job), "none");
        let (_, resource) = server.get(&projects(&format!("datasets/mart/tables/{table}"))).await;
        assert_eq!(resource["timePartitioning"]["type"], granularity);
    }
}

#[tokio::test]
async fn rows_of_another_day_are_refused_when_a_column_decides() {
    let server = Server::start().await;
    let table = json!({
        "tableReference": { "tableId": "daily" },
        "schema": { "fields": [{ "name": "d", "type": "DATE" }, { "name": "n", "type": "INTEGER" }] },
        "timePartitioning": { "type": "DAY", "field": "d" },
    });
    server.post(&projects("datasets/mart/tables"), table).await;

    let fits = server
        .write("daily$20261101", "WRITE_TRUNCATE", "SELECT DATE '2026-11-01' AS d, 1 AS n")
        .await;
    let other = server
        .write("daily$20261101", "WRITE_TRUNCATE", "SELECT DATE '2026-11-02' AS d, 2 AS n")
        .await;

    assert_eq!(reason(&fits), "none");
    assert!(message(&other).contains("Some rows belong to different partitions"));
    assert_eq!(
        server.rows("SELECT d, n FROM mart.daily").await,
        [[json!("2026-11-01"), json!("1")]]
    );
}

#[tokio::test]
async fn a_second_run_leaves_every_partition_identical() {
    let server = Server::start().await;
    let days = ["20261101", "20261102", "20261103"];
    let write_all = async || {
        for day in days {
            let sql = format!("SELECT x, '{day}' AS day FROM UNNEST(GENERATE_ARRAY(1, 50)) AS x");
            server.write(&format!("kpi${day}"), "WRITE_TRUNCATE", &sql).await;
        }
        server.partitions().await
    };

    let first = write_all().await;
    let second = write_all().await;
    server
        .write(
            DAY_2,
            "WRITE_TRUNCATE",
            "SELECT 51 - x AS x, '20261102' AS day FROM UNNEST(GENERATE_ARRAY(1, 50)) AS x",
        )
        .await;
    let other_order = server.partitions().await;
    server.write(DAY_2, "WRITE_TRUNCATE", "SELECT 1 AS x, '20261102' AS day").await;
    let changed = server.partitions().await;

    assert_eq!(first.as_array().unwrap().len(), 3);
    assert_eq!(first, second);
    assert_eq!(first, other_order);
    assert_ne!(first[1]["checksum"], changed[1]["checksum"]);
    assert_eq!(first[0], changed[0]);
}

#[tokio::test]
async fn many_days_of_one_table_are_written_at_the_same_time() {
    let server = Server::start().await;
    // Without columns: the first of them to end brings the schema.
    let table = json!({
        "tableReference": { "tableId": "kpi" },
        "timePartitioning": { "type": "DAY" },
    });
    assert_eq!(server.post(&projects("datasets/mart/tables"), table).await.0, 200);
    let days: Vec<String> = (1..=28).map(|day| format!("202602{day:02}")).collect();

    for day in &days {
        let job = to_mart(&format!("kpi${day}"), "WRITE_TRUNCATE", &format!("SELECT {day} AS n"));
        assert_eq!(server.insert(day, job).await.0, 200);
    }

    for day in &days {
        assert_eq!(reason(&server.done(day).await), "none");
    }
    assert_eq!(server.partitions().await.as_array().unwrap().len(), 28);
}
