//! What Google's Python client does beyond what the other tests do: it was watched with `google-cloud-bigquery` 3.47.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{PROJECT, Server, projects, rows_of};

#[tokio::test]
async fn a_page_of_no_rows_leaves_them_out_and_whole_timestamps_are_asked_for_in_any_case() {
    let server = Server::start().await;
    let sql = "SELECT TIMESTAMP '2026-11-01 00:00:01+00' AS at";
    let job = server.run(json!({ "query": { "query": sql, "useLegacySql": false } })).await;
    let id = job["jobReference"]["jobId"].as_str().unwrap();

    let (_, none) = server.get(&projects(&format!("queries/{id}?maxResults=0"))).await;
    let whole = format!("queries/{id}?formatOptions.useInt64Timestamp=True");
    let (_, all) = server.get(&projects(&whole)).await;

    assert_eq!((none.get("rows"), &none["totalRows"]), (None, &json!("1")));
    assert_eq!(rows_of(&all), [[json!("1793491201000000")]]);
}

#[tokio::test]
async fn an_upload_in_parts_is_one_load_job() {
    let server = Server::start().await;
    let job = json!({ "configuration": { "load": {
        "sourceFormat": "NEWLINE_DELIMITED_JSON",
        "schema": { "fields": [{ "name": "n", "type": "INTEGER" }] },
        "destinationTable": { "projectId": PROJECT, "datasetId": "raw", "tableId": "parts" },
    }}});
    let (rows, half) = ("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n", 10);
    let http = reqwest::Client::new();
    let path = format!("/upload/bigquery/v2/projects/{PROJECT}/jobs?uploadType=resumable");
    let begun = http.post(format!("{}{path}", server.url)).json(&job).send().await.unwrap();
    let location = begun.headers()["location"].to_str().unwrap().to_owned();
    let put = async |from: usize, to: usize, total: &str| {
        let range = format!("bytes {from}-{}/{total}", to - 1);
        let request = http.put(&location).header("Content-Range", range);
        request.body(rows[from..to].to_owned()).send().await.unwrap()
    };

    let first = put(0, half, "*").await;
    // The answer was lost: the part comes again.
    let again = put(0, half, "*").await;
    let gap = put(half + 1, rows.len(), &rows.len().to_string()).await;
    let last = put(half, rows.len(), &rows.len().to_string()).await;

    assert_eq!((first.status().as_u16(), again.status().as_u16()), (308, 308));
    assert_eq!(again.headers()["range"], "bytes=0-9");
    assert_eq!((gap.status().as_u16(), last.status().as_u16()), (400, 200));
    let made: Value = last.json().await.unwrap();
    server.done(made["jobReference"]["jobId"].as_str().unwrap()).await;
    assert_eq!(server.rows("SELECT SUM(n) FROM raw.parts").await, [[json!("6")]]);
}

#[tokio::test]
async fn a_dataset_and_a_table_can_be_described_anew_and_a_table_gets_columns() {
    let server = Server::start().await;
    server.write("kpi", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    let patch = async |path: &str, body: Value| {
        let (status, answer) = server.ask(Method::PATCH, &projects(path), Some(body)).await;
        (status, answer)
    };

    let (_, dataset) =
        patch("datasets/mart", json!({ "description": "d", "labels": { "a": "b" } })).await;
    let (_, undone) = patch("datasets/mart", json!({ "labels": null })).await;
    let table = "datasets/mart/tables/kpi";
    let (old, new) =
        (json!({ "name": "n", "type": "INTEGER" }), json!({ "name": "m", "type": "STRING" }));
    let (_, grown) = patch(table, json!({ "schema": { "fields": [old, new] } })).await;
    let (lost, _) = patch(table, json!({ "schema": { "fields": [new] } })).await;

    assert_eq!((&dataset["description"], &dataset["labels"]["a"]), (&json!("d"), &json!("b")));
    assert_eq!((&undone["description"], undone.get("labels")), (&json!("d"), None));
    assert_eq!((&grown["schema"]["fields"][1]["name"], lost), (&json!("m"), 400));
    assert_eq!(server.rows("SELECT n, m FROM mart.kpi").await, [[json!("1"), Value::Null]]);
}

#[tokio::test]
async fn parameters_are_known_by_their_place_too() {
    let server = Server::start().await;
    let parameter = |kind: &str, value: &str| json!({ "parameterType": { "type": kind }, "parameterValue": { "value": value } });

    let (_, answer) = server
        .post(
            &projects("queries"),
            json!({
                "query": "SELECT ? * 10, CONCAT('?', ?)",
                "useLegacySql": false,
                "queryParameters": [parameter("INT64", "2"), parameter("STRING", "z")],
            }),
        )
        .await;
    let (_, missing) = server
        .post(&projects("queries"), json!({ "query": "SELECT ?", "useLegacySql": false }))
        .await;

    assert_eq!(rows_of(&answer), [[json!("20"), json!("?z")]]);
    let message = missing["error"]["message"].as_str().unwrap();
    assert!(message.contains("Query parameter number 1 is not defined"), "{message}");
}

#[tokio::test]
async fn create_table_as_select_makes_a_partitioned_table() {
    let server = Server::start().await;
    let create = |replace: &str| {
        format!(
            "CREATE {replace} TABLE mart.made PARTITION BY d OPTIONS(description='x') AS \
             SELECT DATE '2026-11-01' AS d, 1 AS n"
        )
    };

    let (made, _) = server.query(&create("")).await;
    let (again, refused) = server.query(&create("")).await;
    let (replaced, _) = server.query(&create("OR REPLACE")).await;
    let (_, table) = server.get(&projects("datasets/mart/tables/made")).await;

    assert_eq!((made, again, replaced), (200, 409, 200), "{refused}");
    assert_eq!(
        (&table["timePartitioning"]["field"], &table["numRows"]),
        (&json!("d"), &json!("1"))
    );
}

#[tokio::test]
async fn a_query_that_is_asked_again_with_its_request_id_is_one_job() {
    let server = Server::start().await;
    let body = json!({ "query": "SELECT 5", "useLegacySql": false, "requestId": "0a1b" });

    let (_, first) = server.post(&projects("queries"), body.clone()).await;
    let (_, second) = server.post(&projects("queries"), body).await;

    assert_eq!(first["jobReference"], second["jobReference"]);
    assert_eq!(rows_of(&second), [[json!("5")]]);
    let (_, executions) = server.get("/himekuri/v1/executions").await;
    assert_eq!(executions["jobs"].as_array().unwrap().len(), 1);
}
