//! Uploads of rows.

use serde_json::{Value, json};

use crate::server::{PROJECT, Server, message, projects, reason};

fn load(id: &str, table: &str, fields: Value) -> Value {
    json!({
        "jobReference": { "projectId": PROJECT, "jobId": id },
        "configuration": { "load": {
            "sourceFormat": "NEWLINE_DELIMITED_JSON",
            "schema": { "fields": fields },
            "destinationTable": { "projectId": PROJECT, "datasetId": "raw", "tableId": table },
            "writeDisposition": "WRITE_TRUNCATE",
        }},
    })
}

fn access_fields() -> Value {
    json!([
        { "name": "user_id", "type": "INTEGER", "mode": "REQUIRED" },
        { "name": "at", "type": "TIMESTAMP" },
        { "name": "cost", "type": "NUMERIC" },
        { "name": "tags", "type": "STRING", "mode": "REPEATED" },
    ])
}

#[tokio::test]
async fn uploaded_rows_are_counted_by_days_of_tokyo() {
    let server = Server::start().await;
    let rows = [
        r#"{"user_id": 1, "at": "2026-11-01T14:59:59Z", "cost": "1.25", "tags": ["a", "b"]}"#,
        r#"{"user_id": 1, "at": "2026-11-01 15:00:00 UTC", "tags": []}"#,
        r#"{"user_id": "2", "at": "2026-11-02T08:00:00+09:00"}"#,
        r#"{"user_id": 3, "at": 1793620800}"#,
    ];

    let (status, _) =
        server.upload(load("up", "access$20261101", access_fields()), &rows.join("\n")).await;
    let job = server.done("up").await;

    assert_eq!((status, reason(&job)), (200, "none"));
    assert_eq!(job["statistics"]["load"]["outputRows"], "4");
    let days = server
        .rows("SELECT DATE(at, 'Asia/Tokyo') AS d, COUNT(*) AS n, COUNT(DISTINCT user_id) AS u FROM raw.access GROUP BY d ORDER BY d")
        .await;
    assert_eq!(
        days,
        [
            [json!("2026-11-01"), json!("1"), json!("1")],
            [json!("2026-11-02"), json!("3"), json!("3")],
        ]
    );
    let first =
        server.rows("SELECT cost, ARRAY_LENGTH(tags) FROM raw.access WHERE cost IS NOT NULL").await;
    assert_eq!(first, [[json!("1.25"), json!("2")]]);
}

#[tokio::test]
async fn rows_that_do_not_fit_are_named_and_none_is_written() {
    let server = Server::start().await;

    for (id, row, words) in [
        ("unknown", r#"{"user_id": 1, "colour": "red"}"#, "row 2: No such field: colour."),
        ("missing", r#"{"at": "2026-11-01"}"#, "row 2: Missing required field: user_id."),
        ("broken", r#"{"user_id": 1"#, "JSON parsing error in row 2"),
        ("type", r#"{"user_id": "x"}"#, "Error while reading data"),
    ] {
        let rows = format!("{{\"user_id\": 1}}\n{row}");
        server.upload(load(id, "access$20261101", access_fields()), &rows).await;
        let job = server.done(id).await;
        assert_eq!(reason(&job), "invalid", "{id}");
        assert!(message(&job).contains(words), "{id}: {}", message(&job));
    }
    assert_eq!(server.get(&projects("datasets/raw/tables/access")).await.0, 404);
}

#[tokio::test]
async fn an_upload_without_schema_takes_that_of_the_table() {
    let server = Server::start().await;
    server.upload(load("first", "access$20261101", access_fields()), r#"{"user_id": 1}"#).await;
    server.done("first").await;

    server.upload(load("second", "access$20261102", Value::Null), r#"{"user_id": 2}"#).await;

    assert_eq!(reason(&server.done("second").await), "none");
    assert_eq!(server.rows("SELECT SUM(user_id) FROM raw.access").await, [[json!("3")]]);
}
