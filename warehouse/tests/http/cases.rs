//! Statements with their answers, from `tests/cases`: one warehouse runs them all, and every case
//! that fails is named.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::{Server, projects, rows_of};

const FILES: &[&str] = &["queries.yaml", "statements.yaml", "refused.yaml"];

/// Another file of the same form, run instead.
const OTHER_FILE: &str = "HIMEKURI_SQL_CASES";

/// One statement.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Run before.
    setup: Option<String>,
    sql: String,
    /// `queryParameters`.
    parameters: Option<Value>,
    /// Asked afterwards; its rows are compared instead.
    check: Option<String>,
    columns: Option<Vec<String>>,
    types: Option<Vec<String>>,
    /// Cells in text; NULL as null, arrays and records as lists.
    rows: Option<Vec<Vec<Value>>>,
    /// `statementType`.
    statement: Option<String>,
    changed: Option<Changed>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    reason: String,
    /// A part of the message.
    says: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Changed {
    inserted: i64,
    updated: i64,
    deleted: i64,
}

#[tokio::test]
async fn every_case_gives_its_answer() {
    let server = Server::start().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let (status, answer) = server.query(&read(&folder.join("data.sql"))).await;
    assert_eq!(status, 200, "{answer}");
    let files = match std::env::var_os(OTHER_FILE) {
        Some(path) => vec![PathBuf::from(path)],
        None => FILES.iter().map(|file| folder.join(file)).collect(),
    };

    let mut failures = Vec::new();
    for file in files {
        let cases: Vec<Case> = serde_saphyr::from_str(&read(&file)).unwrap();
        for case in cases {
            if let Err(why) = run(&server, &case).await {
                failures.push(format!("{}: {}\n    {why}", file.display(), case.name));
            }
        }
    }

    assert!(failures.is_empty(), "{} cases failed\n{}", failures.len(), failures.join("\n"));
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

async fn run(server: &Server, case: &Case) -> Result<(), String> {
    if let Some(setup) = &case.setup {
        ask(server, setup, None).await.map_err(|error| format!("setup: {error}"))?;
    }
    let answer = ask(server, &case.sql, case.parameters.as_ref()).await;
    if let Some(expected) = &case.error {
        return refused(answer, expected);
    }
    let answer = answer.map_err(|error| error.to_string())?;
    effect(server, case, &answer).await?;
    let answer = match &case.check {
        Some(check) => ask(server, check, None).await.map_err(|error| format!("check: {error}"))?,
        None => answer,
    };
    let fields = answer["schema"]["fields"].as_array().cloned().unwrap_or_default();
    let of_fields = |key: &str| -> Vec<String> {
        fields.iter().map(|field| field[key].as_str().unwrap_or_default().to_owned()).collect()
    };
    if let Some(columns) = &case.columns {
        same("columns", &of_fields("name"), columns)?;
    }
    if let Some(types) = &case.types {
        same("types", &of_fields("type"), types)?;
    }
    if let Some(rows) = &case.rows {
        let found: Vec<Vec<Value>> =
            rows_of(&answer).iter().map(|row| row.iter().map(plain).collect()).collect();
        let rows: Vec<Vec<Value>> =
            rows.iter().map(|row| row.iter().map(as_text).collect()).collect();
        same("rows", &found, &rows)?;
    }
    Ok(())
}

async fn ask(server: &Server, sql: &str, parameters: Option<&Value>) -> Result<Value, Value> {
    let mut body = json!({ "query": sql, "useLegacySql": false });
    if let Some(parameters) = parameters {
        body["queryParameters"] = parameters.clone();
    }
    match server.post(&projects("queries"), body).await {
        (200, answer) => Ok(answer),
        (_, answer) => Err(answer["error"]["errors"][0].clone()),
    }
}

fn refused(answer: Result<Value, Value>, expected: &Refusal) -> Result<(), String> {
    let error = match answer {
        Ok(answer) => return Err(format!("was not refused: {}", answer["rows"])),
        Err(error) => error,
    };
    let message = error["message"].as_str().unwrap_or_default();
    match error["reason"] == *expected.reason && message.contains(&expected.says) {
        true => Ok(()),
        false => Err(format!("expected {} `{}`, found {error}", expected.reason, expected.says)),
    }
}

/// What the job's statistics say.
async fn effect(server: &Server, case: &Case, answer: &Value) -> Result<(), String> {
    let id = answer["jobReference"]["jobId"].as_str().unwrap_or_default();
    let job = server.job(id).await;
    let statistics = &job["statistics"]["query"];
    if let Some(statement) = &case.statement {
        same("statement", &statistics["statementType"], &json!(statement))?;
    }
    if let Some(Changed { inserted, updated, deleted }) = &case.changed {
        let stats = json!({
            "insertedRowCount": inserted.to_string(),
            "updatedRowCount": updated.to_string(),
            "deletedRowCount": deleted.to_string(),
        });
        same("dmlStats", &statistics["dmlStats"], &stats)?;
        let total = json!((inserted + updated + deleted).to_string());
        same("numDmlAffectedRows of the job", &statistics["numDmlAffectedRows"], &total)?;
        same("numDmlAffectedRows of the answer", &answer["numDmlAffectedRows"], &total)?;
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what}\n      expected {expected:?}\n      found    {found:?}")),
    }
}

/// A cell without Google's wrapping of arrays and records.
fn plain(cell: &Value) -> Value {
    match cell {
        Value::Array(cells) => cells.iter().map(|cell| plain(&cell["v"])).collect(),
        Value::Object(record) => {
            let cells = record["f"].as_array().into_iter().flatten();
            cells.map(|cell| plain(&cell["v"])).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => cell.clone(),
    }
}

/// What a case says, as the REST interface writes it.
fn as_text(cell: &Value) -> Value {
    match cell {
        Value::Array(cells) => cells.iter().map(as_text).collect(),
        Value::Number(number) => json!(number.to_string()),
        Value::Bool(value) => json!(value.to_string()),
        Value::Null | Value::String(_) | Value::Object(_) => cell.clone(),
    }
}
