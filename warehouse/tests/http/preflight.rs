//! Errors that a job meets before its rows: partitions, places, dispositions, columns.

use serde_json::{Value, json};

use crate::server::{PROJECT, Server, load_of, message, projects, reason, schema, to_mart};

#[tokio::test]
async fn a_decorator_of_another_partition_type_is_refused_with_both_types() {
    let server = Server::start().await;
    server.write("kpi$20261101", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    server.write("plain", "WRITE_TRUNCATE", "SELECT 1 AS n").await;

    let month = server.write("kpi$202611", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    let plain = server.write("plain$20261101", "WRITE_TRUNCATE", "SELECT 1 AS n").await;

    let words = "Incompatible table partitioning specification. Expects partitioning specification";
    for (job, is, wanted) in [
        (&month, "interval(type:day)", "interval(type:month)"),
        (&plain, "none", "interval(type:day)"),
    ] {
        assert_eq!(reason(job), "invalid");
        let expected = format!("{words} {is}, but input partitioning specification is {wanted}");
        assert!(message(job).starts_with(&expected), "{}", message(job));
    }
}

#[tokio::test]
async fn a_job_cannot_change_how_its_table_is_partitioned() {
    let server = Server::start().await;
    let table = json!({
        "tableReference": { "tableId": "daily" },
        "schema": schema(&[("d", "DATE"), ("e", "DATE")]),
        "timePartitioning": { "type": "DAY", "field": "d" },
    });
    assert_eq!(server.post(&projects("datasets/mart/tables"), table).await.0, 200);
    let sql = "SELECT DATE '2026-11-01' AS d, DATE '2026-11-01' AS e";
    let with = |partitioning: Value| {
        let mut job = to_mart("daily$20261101", "WRITE_TRUNCATE", sql);
        job["query"]["timePartitioning"] = partitioning;
        job
    };

    let same = server.run(with(json!({ "type": "DAY", "field": "d" }))).await;
    let column = server.run(with(json!({ "type": "DAY", "field": "e" }))).await;
    let none = server.run(with(json!({ "type": "DAY" }))).await;

    assert_eq!([reason(&same), reason(&column), reason(&none)], ["none", "invalid", "invalid"]);
    let words = "Expects partitioning specification interval(type:day,field:d), but input \
                 partitioning specification is interval(type:day,field:e)";
    assert!(message(&column).contains(words), "{}", message(&column));
}

#[tokio::test]
async fn a_partition_column_of_a_new_table_must_be_among_its_columns_and_hold_dates() {
    let server = Server::start().await;

    for (column, words) in [("missing", "cannot be found"), ("n", "TIMESTAMP, DATE or DATETIME")] {
        let mut job = to_mart("t", "WRITE_TRUNCATE", "SELECT 1 AS n");
        job["query"]["timePartitioning"] = json!({ "type": "DAY", "field": column });
        let job = server.run(job).await;
        assert_eq!(reason(&job), "invalid");
        assert!(message(&job).contains(words), "{}", message(&job));
    }
}

#[tokio::test]
async fn a_dataset_of_another_location_is_not_found() {
    let server = Server::start().await;
    server.create_dataset("tokyo", "asia-northeast1").await;
    let mut far = to_mart("kpi", "WRITE_TRUNCATE", "SELECT 1 AS n");
    far["query"]["destinationTable"]["datasetId"] = json!("tokyo");
    let mut dry = far.clone();
    dry["dryRun"] = json!(true);
    let insert = async |id: &str, configuration: Value| {
        let reference = json!({ "projectId": PROJECT, "jobId": id, "location": "EU" });
        let body = json!({ "jobReference": reference, "configuration": configuration });
        server.post(&projects("jobs"), body).await
    };

    insert("far", far).await;
    insert("home", to_mart("kpi", "WRITE_TRUNCATE", "SELECT 1 AS n")).await;
    let (dry, _) = insert("dry", dry).await;

    for (id, dataset) in [("far", "tokyo"), ("home", "mart")] {
        let job = server.done(id).await;
        assert_eq!(reason(&job), "notFound");
        let words = format!("Not found: Dataset {PROJECT}:{dataset} was not found in location EU");
        assert_eq!(message(&job), words);
    }
    assert_eq!(dry, 404);
}

#[tokio::test]
async fn truncate_of_the_data_keeps_the_schema() {
    let server = Server::start().await;
    server.write("t", "WRITE_TRUNCATE", "SELECT 1 AS n, 'x' AS s").await;

    let kept = server.write("t", "WRITE_TRUNCATE_DATA", "SELECT 2 AS n").await;
    let refused = server.write("t", "WRITE_TRUNCATE_DATA", "SELECT 'a' AS n").await;

    assert_eq!([reason(&kept), reason(&refused)], ["none", "invalid"], "{}", message(&kept));
    assert_eq!(server.rows("SELECT n, s FROM mart.t").await, [[json!("2"), Value::Null]]);
}

#[tokio::test]
async fn required_columns_are_relaxed_with_permission() {
    let server = Server::start().await;
    let mut columns = schema(&[("id", "INTEGER"), ("name", "STRING")]);
    columns["fields"][0]["mode"] = json!("REQUIRED");
    let table = json!({ "tableReference": { "tableId": "t" }, "schema": columns });
    assert_eq!(server.post(&projects("datasets/mart/tables"), table).await.0, 200);

    let refused = server.write("t", "WRITE_APPEND", "SELECT 'a' AS name").await;
    let mut job = to_mart("t", "WRITE_APPEND", "SELECT 'b' AS name");
    job["query"]["schemaUpdateOptions"] = json!(["ALLOW_FIELD_RELAXATION"]);
    let allowed = server.run(job).await;

    assert_eq!([reason(&refused), reason(&allowed)], ["invalid", "none"], "{}", message(&allowed));
    let (_, table) = server.get(&projects("datasets/mart/tables/t")).await;
    assert_eq!(table["schema"]["fields"][0]["mode"], "NULLABLE");
    assert_eq!(server.rows("SELECT id, name FROM mart.t").await, [[Value::Null, json!("b")]]);
}

#[tokio::test]
async fn a_load_cannot_relax_or_require_columns_without_permission() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.csv"), "1,2\n").unwrap();
    let option = format!("files={}", folder.path().display());
    let server = Server::start_with(&["--gcs", &option]).await;
    let columns = |modes: [&str; 2]| {
        let mut columns = schema(&[("id", "INTEGER"), ("n", "INTEGER")]);
        for (index, mode) in modes.into_iter().enumerate() {
            columns["fields"][index]["mode"] = json!(mode);
        }
        columns
    };
    let mut one = columns(["REQUIRED", "NULLABLE"]);
    one["fields"].as_array_mut().unwrap().truncate(1);
    let table = json!({ "tableReference": { "tableId": "t" }, "schema": one });
    assert_eq!(server.post(&projects("datasets/raw/tables"), table).await.0, 200);
    let load = async |modes: [&str; 2], allowed: Value| {
        let more = json!({ "schema": columns(modes), "schemaUpdateOptions": allowed });
        server.run(load_of("t", &["gs://files/a.csv"], more)).await
    };
    let (add, relax) = ("ALLOW_FIELD_ADDITION", "ALLOW_FIELD_RELAXATION");

    let relaxed = load(["NULLABLE", "NULLABLE"], json!([add])).await;
    let added = load(["REQUIRED", "NULLABLE"], json!([])).await;
    let required = load(["REQUIRED", "REQUIRED"], json!([add])).await;
    let allowed = load(["NULLABLE", "NULLABLE"], json!([add, relax])).await;

    assert!(message(&relaxed).contains("Field id has changed mode from REQUIRED to NULLABLE"));
    assert!(message(&added).contains("Cannot add fields (field: n)"), "{}", message(&added));
    assert!(message(&required).contains("Cannot add required fields to an existing schema"));
    assert_eq!(reason(&allowed), "none", "{}", message(&allowed));
    assert_eq!(server.rows("SELECT id, n FROM raw.t").await, [[json!("1"), json!("2")]]);
}

#[tokio::test]
async fn a_new_table_is_clustered_and_described_as_its_job_says() {
    let server = Server::start().await;
    let mut job = to_mart("t", "WRITE_TRUNCATE", "SELECT DATE '2026-11-01' AS d, 'ios' AS device");
    job["query"]["clustering"] = json!({ "fields": ["device"] });
    job["query"]["timePartitioning"] = json!({ "type": "MONTH", "field": "d" });
    job["reservation"] = json!("projects/p/locations/US/reservations/r");

    let job = server.run(job).await;

    assert_eq!(reason(&job), "none", "{}", message(&job));
    assert_eq!(job["statistics"]["reservation_id"], "projects/p/locations/US/reservations/r");
    let (_, table) = server.get(&projects("datasets/mart/tables/t")).await;
    assert_eq!(table["clustering"]["fields"], json!(["device"]));
    assert_eq!(table["timePartitioning"]["type"], "MONTH");
}

#[tokio::test]
async fn a_load_meets_the_same_errors() {
    let server = Server::start().await;
    let mut load =
        load_of("t", &["gs://files/a.csv"], json!({ "createDisposition": "CREATE_NEVER" }));
    load["load"]["destinationTable"]["datasetId"] = json!("nowhere");

    let job = server.run(load).await;

    assert_eq!(message(&job), format!("Not found: Dataset {PROJECT}:nowhere"));
}

#[tokio::test]
async fn a_query_that_costs_too_much_is_not_billed() {
    let server = Server::start().await;
    server.write("t", "WRITE_TRUNCATE", "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 100)) AS x").await;
    let mut job = to_mart("u", "WRITE_TRUNCATE", "SELECT x FROM mart.t");
    job["query"]["maximumBytesBilled"] = json!("10");

    let job = server.run(job).await;

    assert_eq!(reason(&job), "bytesBilledLimitExceeded");
    assert_eq!(job["statistics"]["query"].get("totalBytesBilled"), None);
    assert_eq!(server.get(&projects("datasets/mart/tables/u")).await.0, 404);
}
