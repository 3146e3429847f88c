//! Datasets, tables and their rows.

use reqwest::Method;
use serde_json::json;

use crate::server::{Server, projects, rows_of};

#[tokio::test]
async fn a_table_can_be_made_read_and_deleted() {
    let server = Server::start().await;
    let body = json!({
        "tableReference": { "tableId": "level" },
        "schema": { "fields": [{ "name": "id", "type": "INT64" }, { "name": "name", "type": "STRING" }] },
        "labels": { "team": "data" },
    });

    let (made, _) = server.post(&projects("datasets/mart/tables"), body.clone()).await;
    let (again, _) = server.post(&projects("datasets/mart/tables"), body).await;
    server
        .write("level", "WRITE_APPEND", "SELECT 1 AS id, 'ann' AS name UNION ALL SELECT 2, NULL")
        .await;
    let (_, table) = server.get(&projects("datasets/mart/tables/level")).await;
    let (_, page) = server.get(&projects("datasets/mart/tables/level/data?maxResults=1")).await;
    let (_, list) = server.get(&projects("datasets/mart/tables")).await;

    assert_eq!((made, again), (200, 409));
    assert_eq!((&table["numRows"], &table["labels"]["team"]), (&json!("2"), &json!("data")));
    assert_eq!(rows_of(&page), [[json!("1"), json!("ann")]]);
    assert_eq!(page["pageToken"], "1");
    assert_eq!(list["totalItems"], 1);
    let path = projects("datasets/mart/tables/level");
    assert_eq!(server.ask(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(server.get(&path).await.0, 404);
}

#[tokio::test]
async fn names_that_differ_by_case_are_different_tables() {
    let server = Server::start().await;

    server.write("kpi", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    server.write("KPI", "WRITE_TRUNCATE", "SELECT 2 AS n").await;

    assert_eq!(server.rows("SELECT n FROM mart.kpi").await, [[json!("1")]]);
    assert_eq!(server.rows("SELECT n FROM mart.KPI").await, [[json!("2")]]);
}

#[tokio::test]
async fn a_dataset_with_tables_is_deleted_only_when_asked_for() {
    let server = Server::start().await;
    server.write("kpi", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    let path = projects("datasets/mart");

    let (refused, answer) = server.ask(Method::DELETE, &path, None).await;
    let (deleted, _) =
        server.ask(Method::DELETE, &format!("{path}?deleteContents=true"), None).await;

    assert_eq!((refused, &answer["error"]["errors"][0]["reason"]), (400, &json!("resourceInUse")));
    assert_eq!(deleted, 204);
    let (_, list) = server.get(&projects("datasets")).await;
    assert_eq!(list["datasets"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_partition_column_must_exist_and_hold_dates() {
    let server = Server::start().await;

    for field in ["missing", "name"] {
        let body = json!({
            "tableReference": { "tableId": "t" },
            "schema": { "fields": [{ "name": "name", "type": "STRING" }] },
            "timePartitioning": { "type": "DAY", "field": field },
        });
        let (status, answer) = server.post(&projects("datasets/mart/tables"), body).await;
        assert_eq!((status, &answer["error"]["errors"][0]["reason"]), (400, &json!("invalid")));
    }
}
