//! Datasets, tables and their rows.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, projects, reason, rows_of, to_mart};

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

#[tokio::test]
async fn partitions_of_all_projects_are_listed_in_order() {
    let server = Server::start().await;
    for (project, dataset) in [("other", "mart"), ("other", "log"), ("a-first", "mart")] {
        let path = format!("/bigquery/v2/projects/{project}");
        let body = json!({ "datasetReference": { "datasetId": dataset } });
        assert_eq!(server.post(&format!("{path}/datasets"), body).await.0, 200);
        for table in ["kpi$20261102", "kpi$20261101"] {
            let mut job = to_mart(table, "WRITE_TRUNCATE", "SELECT 1 AS n");
            job["query"]["destinationTable"]["projectId"] = json!(project);
            job["query"]["destinationTable"]["datasetId"] = json!(dataset);
            assert_eq!(reason(&server.run(job).await), "none");
        }
    }
    server.write("level", "WRITE_TRUNCATE", "SELECT 1 AS n").await;

    let names = async |path: &str| -> Vec<String> {
        let (status, list) = server.get(path).await;
        assert_eq!(status, 200, "{list}");
        let name = |entry: &Value| {
            let word = |key: &str| entry[key].as_str().unwrap_or("null").to_owned();
            ["project", "dataset", "table", "partition"].map(word).join(" ")
        };
        list.as_array().unwrap().iter().map(name).collect()
    };

    assert_eq!(
        names("/himekuri/v1/partitions").await,
        [
            "a-first mart kpi 20261101",
            "a-first mart kpi 20261102",
            "other log kpi 20261101",
            "other log kpi 20261102",
            "other mart kpi 20261101",
            "other mart kpi 20261102",
            "title-a mart level null",
        ]
    );
    assert_eq!(
        names("/himekuri/v1/partitions?dataset=log").await,
        ["other log kpi 20261101", "other log kpi 20261102"]
    );
}
