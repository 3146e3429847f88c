//! Files of buckets: loads from them, extracts into them.

use std::fs;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{PROJECT, Server, load_of, message, reason, schema};

/// A warehouse whose bucket `files` is the folder.
pub(crate) async fn with_bucket() -> (Server, TempDir) {
    let folder = TempDir::new().unwrap();
    let option = format!("files={}", folder.path().display());
    (Server::start_with(&["--gcs", &option]).await, folder)
}

fn put(folder: &TempDir, name: &str, content: &[u8]) {
    let file = folder.path().join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn extract(table: &str, uri: &str, more: Value) -> Value {
    let mut extract = json!({
        "sourceTable": { "projectId": PROJECT, "datasetId": "mart", "tableId": table },
        "destinationUris": [uri],
    });
    for (key, value) in more.as_object().unwrap() {
        extract[key] = value.clone();
    }
    json!({ "extract": extract })
}

#[tokio::test]
async fn all_files_of_a_pattern_are_one_load() {
    let (server, folder) = with_bucket().await;
    put(&folder, "log/2026/1.csv", b"1,a\n");
    put(&folder, "log/2026/2.csv", &packed(b"2,b\n"));
    put(&folder, "log/2026/3.txt", b"9,z\n");
    let columns = schema(&[("id", "INTEGER"), ("name", "STRING")]);
    let uris = ["gs://files/log/2026/*.csv"];

    let job = server.run(load_of("log", &uris, json!({ "schema": columns }))).await;

    assert_eq!(reason(&job), "none", "{}", message(&job));
    let load = &job["statistics"]["load"];
    assert_eq!((&load["inputFiles"], &load["outputRows"]), (&json!("2"), &json!("2")));
    let rows = server.rows("SELECT name FROM raw.log ORDER BY id").await;
    assert_eq!(rows, [[json!("a")], [json!("b")]]);
}

#[tokio::test]
async fn a_file_or_bucket_that_is_not_there_is_named() {
    let (server, _folder) = with_bucket().await;
    let columns = json!({ "schema": schema(&[("id", "INTEGER")]) });

    let file = server.run(load_of("a", &["gs://files/no.csv"], columns.clone())).await;
    let bucket = server.run(load_of("b", &["gs://other/no.csv"], columns)).await;
    let (status, answer) = server.insert("c", load_of("c", &["/etc/passwd"], json!({}))).await;

    assert_eq!([reason(&file), reason(&bucket)], ["notFound"; 2]);
    assert!(message(&file).contains("Not found: URI gs://files/no.csv"), "{}", message(&file));
    assert!(message(&bucket).contains("--gcs other=FOLDER"), "{}", message(&bucket));
    assert_eq!((status, &answer["error"]["errors"][0]["reason"]), (400, &json!("invalid")));
}

#[tokio::test]
async fn json_shows_its_columns_with_records_and_lists() {
    let (server, folder) = with_bucket().await;
    put(
        &folder,
        "a.json",
        br#"{"user": {"id": 1}, "tags": ["x"], "rate": 1}
{"user": {"id": 2, "name": "bob"}, "tags": [], "rate": 1.5, "day": "2026-11-01"}
"#,
    );
    let options = json!({ "sourceFormat": "NEWLINE_DELIMITED_JSON", "autodetect": true });

    let job = server.run(load_of("seen", &["gs://files/a.json"], options)).await;

    assert_eq!(reason(&job), "none", "{}", message(&job));
    let rows = server
        .rows(
            "SELECT user.id, user.name, ARRAY_LENGTH(tags), rate, day FROM raw.seen ORDER BY rate",
        )
        .await;
    assert_eq!(rows[0], [json!("1"), Value::Null, json!("1"), json!("1.0"), Value::Null]);
    assert_eq!(rows[1], [json!("2"), json!("bob"), json!("0"), json!("1.5"), json!("2026-11-01")]);
}

#[tokio::test]
async fn a_table_is_written_as_csv_and_read_back() {
    let (server, folder) = with_bucket().await;
    let sql = "SELECT 1 AS id, 'a,\"b' AS name, TIMESTAMP '2026-11-01 00:00:00+00' AS at \
               UNION ALL SELECT 2, NULL, NULL";
    server.write("users", "WRITE_TRUNCATE", sql).await;

    let job = server.run(extract("users", "gs://files/out/users.csv", json!({}))).await;
    let columns = schema(&[("id", "INTEGER"), ("name", "STRING"), ("at", "TIMESTAMP")]);
    let options = json!({ "schema": columns, "skipLeadingRows": 1 });
    let back = server.run(load_of("back", &["gs://files/out/users.csv"], options)).await;

    assert_eq!([reason(&job), reason(&back)], ["none"; 2], "{}", message(&job));
    assert_eq!(job["statistics"]["extract"]["destinationUriFileCounts"], json!(["1"]));
    let text = fs::read_to_string(folder.path().join("out/users.csv")).unwrap();
    assert!(text.starts_with("id,name,at\n"), "{text}");
    assert!(text.contains("1,\"a,\"\"b\",2026-11-01 00:00:00 UTC\n"), "{text}");
    let rows = server.rows("SELECT id, name, at FROM raw.back ORDER BY id").await;
    assert_eq!(rows, server.rows("SELECT id, name, at FROM mart.users ORDER BY id").await);
}

#[tokio::test]
async fn a_pattern_numbers_the_files_and_json_may_be_packed() {
    let (server, folder) = with_bucket().await;
    server.write("users", "WRITE_TRUNCATE", "SELECT 1 AS id, [1, 2] AS list, NULL AS gone").await;
    let options = json!({ "destinationFormat": "NEWLINE_DELIMITED_JSON", "compression": "GZIP" });

    let job = server.run(extract("users", "gs://files/u-*.json.gz", options)).await;
    let nested = server.run(extract("users", "gs://files/u.csv", json!({}))).await;

    assert_eq!(reason(&job), "none", "{}", message(&job));
    let file = fs::File::open(folder.path().join("u-000000000000.json.gz")).unwrap();
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    assert_eq!(text, "{\"id\":\"1\",\"list\":[\"1\",\"2\"]}\n");
    assert!(message(&nested).contains("nested schema. Field: list"), "{}", message(&nested));
}

#[tokio::test]
async fn one_partition_can_be_written_without_header() {
    let (server, folder) = with_bucket().await;
    server.write("kpi$20261101", "WRITE_TRUNCATE", "SELECT 1 AS n, 2 AS m").await;
    server.write("kpi$20261102", "WRITE_TRUNCATE", "SELECT 3 AS n, 4 AS m").await;
    let options = json!({ "printHeader": false, "fieldDelimiter": "\t" });

    let job = server.run(extract("kpi$20261102", "gs://files/day.tsv", options)).await;

    assert_eq!(reason(&job), "none", "{}", message(&job));
    assert_eq!(fs::read_to_string(folder.path().join("day.tsv")).unwrap(), "3\t4\n");
}

#[tokio::test]
async fn parquet_brings_its_columns_with_it() {
    let (server, folder) = with_bucket().await;
    let file = folder.path().join("a.parquet");
    duckdb::Connection::open_in_memory()
        .unwrap()
        .execute_batch(&format!(
            "COPY (SELECT 1::BIGINT AS id, 'ann' AS name, [1.5::DOUBLE] AS rates, DATE '2026-11-01' AS day) \
             TO '{}' (FORMAT parquet)",
            file.display()
        ))
        .unwrap();
    let options = json!({ "sourceFormat": "PARQUET" });

    let job = server.run(load_of("p", &["gs://files/*.parquet"], options.clone())).await;
    let again = server.run(load_of("p", &["gs://files/a.parquet"], options)).await;

    assert_eq!([reason(&job), reason(&again)], ["none"; 2], "{}", message(&job));
    let rows = server.rows("SELECT id, name, rates[OFFSET(0)], day FROM raw.p").await;
    let row = [json!("1"), json!("ann"), json!("1.5"), json!("2026-11-01")];
    assert_eq!(rows, [row.clone(), row]);
}
