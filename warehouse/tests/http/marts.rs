//! The marts of `examples/`, against the rows that GoogleSQL's reference evaluator gave.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, iter};

use himekuri_example_logs::load::{self, Destination, MartTables};
use himekuri_example_logs::{Battles, Day, Logs, Silent, Title};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::server::{Server, rows_of};

/// What the expected rows were computed for; see their README.
const SEED: u64 = 6;
const USERS: u32 = 300;
const FIRST_DATE: &str = "2019-08-30";
const DATE: &str = "2019-09-01";

#[tokio::test]
async fn marts_of_title_a_are_those_of_the_reference() {
    marts_agree("title_a", Battles::Quests).await;
}

#[tokio::test]
async fn marts_of_title_b_are_those_of_the_reference() {
    marts_agree("title_b", Battles::Guilds).await;
}

async fn marts_agree(title: &str, battles: Battles) {
    let server = Server::open(TempDir::new().unwrap());
    load_logs(&server, title, battles).await;

    for mart in ["access", "consume", "install", "session", "battle"] {
        let expected = expected(title, mart);

        let rows = rows(&server, &project(title), &sql(title, mart)).await;

        assert_eq!(rows.len(), expected.len(), "{title} {mart}");
        for (row, expected) in iter::zip(&rows, &expected) {
            assert_eq!(row, expected, "{title} {mart}");
        }
    }
}

async fn load_logs(server: &Server, title: &str, battles: Battles) {
    let logs = Logs::new(SEED, Title { name: title.into(), battles }, USERS);
    let destination = Destination {
        address: server.url.clone(),
        project: project(title),
        location: None,
        token: None,
        marts: MartTables::Create,
    };
    let days = Day::utc_days_of_japan(FIRST_DATE.parse().unwrap(), DATE.parse().unwrap()).unwrap();
    load::load(Arc::new(logs), &destination, &days, &Silent).await.unwrap();
}

/// The rows of a query as objects, in the order of their text.
async fn rows(server: &Server, project: &str, sql: &str) -> Vec<Value> {
    let path = format!("/bigquery/v2/projects/{project}/queries");
    let body = json!({ "query": sql, "useLegacySql": false });
    let (status, answer) = server.post(&path, body).await;
    assert_eq!(status, 200, "{answer}");
    let fields = answer["schema"]["fields"].as_array().unwrap();
    let object = |row: Vec<Value>| -> Value {
        let columns = iter::zip(fields, row).map(|(field, cell)| {
            (field["name"].as_str().unwrap().to_owned(), typed(&field["type"], cell))
        });
        columns.collect::<Map<_, _>>().into()
    };
    in_order(rows_of(&answer).into_iter().map(object).collect())
}

/// Numbers come as text.
fn typed(kind: &Value, cell: Value) -> Value {
    match (kind.as_str().unwrap(), cell.as_str()) {
        ("INTEGER", Some(text)) => json!(text.parse::<i64>().unwrap()),
        ("FLOAT", Some(text)) => json!(text.parse::<f64>().unwrap()),
        (_text, _) => cell,
    }
}

fn expected(title: &str, mart: &str) -> Vec<Value> {
    let text =
        read(&examples().join("expected").join(title).join(mart).join(format!("{DATE}.ndjson")));
    in_order(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn in_order(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(Value::to_string);
    rows
}

/// The query as the workflow renders it.
fn sql(title: &str, mart: &str) -> String {
    let owner = if mart == "battle" { "unique_summary" } else { "common_summary" };
    let file = examples().join(title).join(owner).join(mart).join(format!("create_{mart}.sql"));
    read(&file).replace("${DATE}", DATE)
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn project(title: &str) -> String {
    title.replace('_', "-")
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}
