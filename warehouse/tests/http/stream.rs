//! `tabledata.insertAll`.

use serde_json::{Value, json};

use crate::server::{Server, projects, schema};

async fn server() -> Server {
    let server = Server::start().await;
    let table = json!({
        "tableReference": { "tableId": "log" },
        "schema": schema(&[("id", "INTEGER"), ("at", "TIMESTAMP")]),
        "timePartitioning": { "type": "DAY" },
    });
    assert_eq!(server.post(&projects("datasets/raw/tables"), table).await.0, 200);
    server
}

async fn insert(server: &Server, table: &str, body: Value) -> (u16, Value) {
    server.post(&projects(&format!("datasets/raw/tables/{table}/insertAll")), body).await
}

#[tokio::test]
async fn rows_are_there_when_the_answer_comes() {
    let server = server().await;
    let rows = json!([
        { "json": { "id": 1, "at": "2026-11-01 00:00:00 UTC" } },
        { "json": { "id": "2", "at": 1793491200.5 } },
    ]);

    let (status, answer) = insert(&server, "log$20261101", json!({ "rows": rows })).await;

    assert_eq!((status, answer.get("insertErrors")), (200, None), "{answer}");
    let seen = server
        .rows(
            "SELECT COUNT(*), COUNT(DISTINCT at) FROM raw.log WHERE _PARTITIONDATE = '2026-11-01'",
        )
        .await;
    assert_eq!(seen, [[json!("2"), json!("2")]]);
}

#[tokio::test]
async fn one_wrong_row_stops_the_others_unless_it_is_skipped() {
    let server = server().await;
    let rows = json!([{ "json": { "id": 1 } }, { "json": { "id": "x" } }, { "json": { "no": 1 } }]);

    let (_, stopped) = insert(&server, "log", json!({ "rows": rows })).await;
    let none = server.rows("SELECT COUNT(*) FROM raw.log").await;
    let (_, skipped) =
        insert(&server, "log", json!({ "rows": rows, "skipInvalidRows": true })).await;

    let reasons = |answer: &Value| -> Vec<String> {
        let errors = answer["insertErrors"].as_array().unwrap();
        let word = |one: &Value| one["errors"][0]["reason"].as_str().unwrap().to_owned();
        errors.iter().map(word).collect()
    };
    assert_eq!(reasons(&stopped), ["stopped", "invalid", "invalid"]);
    assert_eq!(none, [[json!("0")]]);
    assert_eq!(reasons(&skipped), ["invalid", "invalid"]);
    assert_eq!(skipped["insertErrors"][1]["errors"][0]["location"], "no");
    assert_eq!(server.rows("SELECT id FROM raw.log").await, [[json!("1")]]);
}

#[tokio::test]
async fn a_row_with_a_known_insert_id_is_written_once() {
    let server = server().await;
    let row = |id: &str| json!({ "insertId": id, "json": { "id": 1 } });

    for _ in 0..2 {
        let (status, _) =
            insert(&server, "log", json!({ "rows": [row("a"), row("a"), row("b")] })).await;
        assert_eq!(status, 200);
    }

    assert_eq!(server.rows("SELECT COUNT(*) FROM raw.log").await, [[json!("2")]]);
}

#[tokio::test]
async fn a_missing_table_or_no_rows_are_refused() {
    let server = server().await;

    let (missing, answer) = insert(&server, "nowhere", json!({ "rows": [{ "json": {} }] })).await;
    let (empty, _) = insert(&server, "log", json!({ "rows": [] })).await;

    assert_eq!((missing, &answer["error"]["errors"][0]["reason"]), (404, &json!("notFound")));
    assert_eq!(empty, 400);
}
