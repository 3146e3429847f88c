//! CSV: how a file may be written, and which of its rows are bad.

use serde_json::{Value, json};

use crate::server::{PROJECT, Server, message, projects, reason, schema};

/// Uploads a text to `raw.<table>`, and returns the job at its end.
async fn load(server: &Server, table: &str, text: &str, options: Value) -> Value {
    let mut load = json!({
        "sourceFormat": "CSV",
        "destinationTable": { "projectId": PROJECT, "datasetId": "raw", "tableId": table },
    });
    for (key, value) in options.as_object().unwrap() {
        load[key] = value.clone();
    }
    let job = json!({
        "jobReference": { "projectId": PROJECT, "jobId": table },
        "configuration": { "load": load },
    });
    let (status, answer) = server.upload(job, text).await;
    assert_eq!(status, 200, "{answer}");
    server.done(table).await
}

fn users() -> Value {
    schema(&[("id", "INTEGER"), ("name", "STRING")])
}

#[tokio::test]
async fn a_file_may_have_its_own_delimiter_quote_header_and_null() {
    let server = Server::start().await;
    let text = "id;name\n1;'a;b'\n2;NULL\n3;\n";

    let job = load(
        &server,
        "own",
        text,
        json!({
            "schema": users(), "fieldDelimiter": ";", "quote": "'", "skipLeadingRows": "1",
            "nullMarker": "NULL",
        }),
    )
    .await;

    assert_eq!(reason(&job), "none", "{}", message(&job));
    let rows = server.rows("SELECT name FROM raw.own ORDER BY id").await;
    assert_eq!(rows, [[json!("a;b")], [Value::Null], [json!("")]]);
    let load = &job["statistics"]["load"];
    assert_eq!((&load["outputRows"], &load["badRecords"]), (&json!("3"), &json!("0")));
    assert_eq!(load["inputFileBytes"], text.len().to_string());
}

#[tokio::test]
async fn an_empty_value_is_null_and_a_quoted_one_is_a_text() {
    let server = Server::start().await;

    load(&server, "empty", "1,\n2,\"\"\n", json!({ "schema": users() })).await;

    let rows = server.rows("SELECT name FROM raw.empty ORDER BY id").await;
    assert_eq!(rows, [[Value::Null], [json!("")]]);
}

#[tokio::test]
async fn line_breaks_in_quotes_need_permission() {
    let server = Server::start().await;
    let text = "1,\"a\nb\"\n";

    let refused = load(&server, "refused", text, json!({ "schema": users() })).await;
    let options = json!({ "schema": users(), "allowQuotedNewlines": true });
    let allowed = load(&server, "allowed", text, options).await;

    assert!(message(&refused).contains("allowQuotedNewlines"), "{}", message(&refused));
    assert_eq!(reason(&allowed), "none");
    assert_eq!(server.rows("SELECT name FROM raw.allowed").await, [[json!("a\nb")]]);
}

#[tokio::test]
async fn rows_may_be_too_short_or_too_long_only_with_permission() {
    let server = Server::start().await;

    let short = load(&server, "short", "1\n", json!({ "schema": users() })).await;
    let long = load(&server, "long", "1,a,b\n", json!({ "schema": users() })).await;
    let jagged = json!({ "schema": users(), "allowJaggedRows": true });
    let jagged = load(&server, "jagged", "1\n", jagged).await;
    let ignored = json!({ "schema": users(), "ignoreUnknownValues": true });
    let ignored = load(&server, "ignored", "1,a,b\n", ignored).await;

    assert!(message(&short).contains("contains only 1 columns"), "{}", message(&short));
    assert!(message(&long).contains("Too many values"), "{}", message(&long));
    assert_eq!([reason(&jagged), reason(&ignored)], ["none"; 2]);
    let rows = server.rows("SELECT id, name FROM raw.jagged").await;
    assert_eq!(rows, [[json!("1"), Value::Null]]);
}

#[tokio::test]
async fn so_many_bad_rows_are_left_out_and_no_more() {
    let server = Server::start().await;
    let text = "1,a\nx,b\ny,c\n4,d\n";

    let none = load(&server, "none", text, json!({ "schema": users() })).await;
    let one = load(&server, "one", text, json!({ "schema": users(), "maxBadRecords": 1 })).await;
    let two = load(&server, "two", text, json!({ "schema": users(), "maxBadRecords": "2" })).await;

    assert_eq!([reason(&none), reason(&one), reason(&two)], ["invalid", "invalid", "none"]);
    assert!(message(&none).contains("CSV parsing error in row 2"), "{}", message(&none));
    assert!(message(&none).contains("Field: id"), "{}", message(&none));
    let load = &two["statistics"]["load"];
    assert_eq!((&load["outputRows"], &load["badRecords"]), (&json!("2"), &json!("2")));
    assert_eq!(server.get(&projects("datasets/raw/tables/none")).await.0, 404);
}

#[tokio::test]
async fn columns_are_detected_with_header_types_and_delimiter() {
    let server = Server::start().await;
    let text = "day|at|n|rate|ok|name\n2026-11-01|2026-11-01 10:00:00|1|0.5|true|ann\n\
                2026-11-02|2026-11-02 10:00:00|2|1|false|bob\n";

    let job = load(&server, "seen", text, json!({ "autodetect": true })).await;
    let bare = load(&server, "bare", "1,a\n2,b\n", json!({ "autodetect": true })).await;

    assert_eq!([reason(&job), reason(&bare)], ["none"; 2], "{}", message(&job));
    let kinds = async |table: &str| -> Vec<String> {
        let (_, table) = server.get(&projects(&format!("datasets/raw/tables/{table}"))).await;
        let fields = table["schema"]["fields"].as_array().unwrap().clone();
        let word = |field: &Value, key: &str| field[key].as_str().unwrap().to_owned();
        fields.iter().map(|f| format!("{} {}", word(f, "name"), word(f, "type"))).collect()
    };
    assert_eq!(
        kinds("seen").await,
        ["day DATE", "at TIMESTAMP", "n INTEGER", "rate FLOAT", "ok BOOLEAN", "name STRING"]
    );
    assert_eq!(kinds("bare").await, ["int64_field_0 INTEGER", "string_field_1 STRING"]);
    assert_eq!(server.rows("SELECT SUM(n) FROM raw.seen").await, [[json!("3")]]);
}

#[tokio::test]
async fn a_schema_without_columns_is_asked_for() {
    let server = Server::start().await;

    let job = load(&server, "unknown", "1,a\n", json!({})).await;

    assert_eq!(reason(&job), "invalid");
    assert!(message(&job).contains("No schema specified on job or table"));
}
