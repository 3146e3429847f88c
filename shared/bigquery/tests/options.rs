//! Every option of every operator, from the `.dig` file to the HTTP request that BigQuery receives.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::{Json, Router};
use himekuri_bigquery::{BigQuery, BigQueryConfig, Endpoint};
use himekuri_engine::{
    Attempt, AttemptStarted, Config, Context, Evaluate, EvaluateError, LOG_VERSION, SessionClock,
    TimeLimits,
};
use himekuri_protocol::{AttemptId, Work};
use himekuri_workflow::{ProjectFiles, compile_workflow};
use jiff::Timestamp;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(5);

/// A request as it came.
#[derive(Clone, Debug, PartialEq)]
struct Request {
    line: String,
    body: Value,
}

type Requests = Arc<Mutex<Vec<Request>>>;

async fn record(
    State(requests): State<Requests>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> impl IntoResponse {
    let line = format!("{method} {uri}");
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    if !line.ends_with("/projects") {
        requests.lock().unwrap().push(Request { line: line.clone(), body });
    }
    match line.contains("nowhere") {
        true => (
            StatusCode::NOT_FOUND,
            Json(
                json!({"error": {"code": 404, "message": "no", "status": "NOT_FOUND", "errors": [{"reason": "notFound"}]}}),
            ),
        ),
        false => (
            StatusCode::OK,
            Json(json!({"status": {"state": "DONE"}, "numRows": "3", "name": "day/done"})),
        ),
    }
}

/// What the task `+a` of a file does, with the text of `schema.json` and `a.sql` beside it.
fn work(dig: &str) -> Result<Work, String> {
    let files = ProjectFiles::from_iter([
        ("wf.dig", dig),
        ("a.sql", "SELECT 1"),
        ("schema.json", r#"{"fields": [{"name": "day", "type": "DATE"}]}"#),
        ("schema.yml", "fields:\n- {name: day, type: DATE}\n"),
    ]);
    let root =
        Arc::new(compile_workflow(&files, "wf").map_err(|problem| problem.to_string())?.root);
    let at = Timestamp::UNIX_EPOCH;
    let mut attempt = Attempt::begin(AttemptStarted {
        version: LOG_VERSION,
        at,
        attempt: AttemptId(1),
        number: 1,
        project: "title_a".to_owned(),
        revision: "r1".to_owned(),
        workflow: "wf".to_owned(),
        session_time: at,
        now: at,
        timezone: "UTC".to_owned(),
        gcp_project: Some("game-a".to_owned()),
        variables: Config::new(),
        params: Config::new(),
        overrides: Config::new(),
        sla: Vec::new(),
        time_limits: TimeLimits::default(),
        resumed: None,
        root,
    });
    let mut context = Context { files: &files, evaluator: &mut AsWritten };
    attempt.advance(at, &mut context).map_err(|problem| problem.to_string())?;
    let task = attempt.dispatchable().next().unwrap();
    attempt.prepare(task, &mut context).map(|prepared| prepared.work).map_err(|error| error.message)
}

/// The requests that the task makes.
async fn requests(dig: &str) -> Vec<Request> {
    let requests = Requests::default();
    let router = Router::new().fallback(record).with_state(Arc::clone(&requests));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::Local(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let bigquery = BigQuery::connect(&BigQueryConfig::new(endpoint)).await.unwrap();
    let work = work(dig).unwrap();
    match &work {
        Work::BqDdl(work) => {
            for operation in &work.operations {
                bigquery.perform(work.project.as_deref(), operation, PATIENCE).await.unwrap();
            }
        }
        Work::BqWait(wait) => assert!(bigquery.has_table(wait, PATIENCE).await.unwrap()),
        Work::GcsWait(wait) => assert!(bigquery.object(wait, PATIENCE).await.unwrap().is_some()),
        job @ (Work::Bq(_) | Work::BqLoad(_) | Work::BqExtract(_)) => {
            bigquery.submit(job.job().unwrap(), PATIENCE).await.unwrap();
        }
        other @ (Work::Echo { .. } | Work::HttpCall(_)) => {
            panic!("{other:?} asks BigQuery nothing")
        }
    }
    requests.lock().unwrap().clone()
}

/// Holds each option against the field of the job that it must become.
async fn assert_fields(task: &str, kind: &str, cases: &[(&str, &str, Value)]) {
    for (option, pointer, expected) in cases {
        let made = requests(&format!("+a:\n{task}\n  {option}\n")).await;

        let [request] = made.as_slice() else { panic!("{option}: {made:?}") };
        assert_eq!(request.line, "POST /bigquery/v2/projects/game-a/jobs", "{option}");
        let pointer = match pointer.strip_prefix('~') {
            Some(of_job) => of_job.to_owned(),
            None => format!("/configuration/{kind}/{pointer}"),
        };
        assert_eq!(request.body.pointer(&pointer), Some(expected), "{option}: {:#}", request.body);
    }
}

fn table(table: &str) -> Value {
    json!({"projectId": "game-a", "datasetId": "ds", "tableId": table})
}

/// Options that all jobs have.
fn common() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("location: asia-northeast1", "~/jobReference/location", json!("asia-northeast1")),
        ("labels: {team: data, tier: 1}", "~/configuration/labels/team", json!("data")),
        ("labels: {team: data, tier: 1}", "~/configuration/labels/tier", json!("1")),
        ("timeout: 10m", "~/configuration/labels/himekuri_workflow", json!("wf")),
        ("timeout: 10m", "~/configuration/labels/himekuri_task", json!("_wf_a")),
        ("timeout: 10m", "~/configuration/labels/himekuri_attempt", json!("1")),
        ("timeout: 10m", "~/configuration/labels/himekuri_project", json!("title_a")),
        ("timeout: 10m", "~/configuration/labels/himekuri_session", json!("1970-01-01t00_00_00z")),
        ("timeout: 10m", "~/configuration/jobTimeoutMs", json!("660000")),
        (
            "reservation: projects/p/locations/US/reservations/r",
            "~/configuration/reservation",
            json!("projects/p/locations/US/reservations/r"),
        ),
    ]
}

#[tokio::test]
async fn every_option_of_a_query_is_a_field_of_the_job() {
    let mut cases = common();
    cases.extend([
        ("dataset: ds", "query", json!("SELECT 1")),
        ("dataset: ds", "useLegacySql", json!(false)),
        ("dataset: ds", "defaultDataset", json!({"projectId": "game-a", "datasetId": "ds"})),
        ("dataset: 'p:ds'", "defaultDataset", json!({"projectId": "p", "datasetId": "ds"})),
        ("destination_table: ds.t$20190901", "destinationTable", table("t$20190901")),
        ("destination_table: ds.t$2019", "destinationTable", table("t$2019")),
        ("destination_table: ds.t$201909", "destinationTable", table("t$201909")),
        ("destination_table: ds.t$2019090113", "destinationTable", table("t$2019090113")),
        ("destination_table: ds.日別-t", "destinationTable", table("日別-t")),
        ("destination_table: 'p:ds.t'", "destinationTable/projectId", json!("p")),
        ("destination_table: p.ds.t", "destinationTable/projectId", json!("p")),
        ("create_disposition: CREATE_NEVER", "createDisposition", json!("CREATE_NEVER")),
        ("write_disposition: WRITE_TRUNCATE", "writeDisposition", json!("WRITE_TRUNCATE")),
        ("write_disposition: WRITE_TRUNCATE_DATA", "writeDisposition", json!("WRITE_TRUNCATE_DATA")),
        ("priority: BATCH", "priority", json!("BATCH")),
        ("use_legacy_sql: true", "useLegacySql", json!(true)),
        ("use_query_cache: false", "useQueryCache", json!(false)),
        ("allow_large_results: true", "allowLargeResults", json!(true)),
        ("flatten_results: 'false'", "flattenResults", json!(false)),
        ("maximum_billing_tier: 2", "maximumBillingTier", json!(2)),
        ("maximum_bytes_billed: 10737418240", "maximumBytesBilled", json!("10737418240")),
        ("maximum_bytes_billed: 10GiB", "maximumBytesBilled", json!("10737418240")),
        ("maximum_bytes_billed: 500 GB", "maximumBytesBilled", json!("500000000000")),
        (
            "table_definitions: {raw: {source_format: CSV, source_uris: ['gs://b/o'], csv_options: {skip_leading_rows: 1}}}",
            "tableDefinitions/raw",
            json!({"sourceFormat": "CSV", "sourceUris": ["gs://b/o"], "csvOptions": {"skipLeadingRows": 1}}),
        ),
        (
            "user_defined_function_resources: [{inline_code: 'f()'}, {resourceUri: 'gs://b/f.js'}]",
            "userDefinedFunctionResources",
            json!([{"inlineCode": "f()"}, {"resourceUri": "gs://b/f.js"}]),
        ),
        (
            "time_partitioning: {type: DAY, field: day, expiration: 90d, require_partition_filter: true}",
            "timePartitioning",
            json!({"type": "DAY", "field": "day", "requirePartitionFilter": true, "expirationMs": "7776000000"}),
        ),
        ("time_partitioning: hour", "timePartitioning", json!({"type": "HOUR"})),
        (
            "range_partitioning: {field: n, range: {start: 0, end: 10, interval: 1}}",
            "rangePartitioning/range/interval",
            json!(1),
        ),
        ("clustering: [user_id, os]", "clustering", json!({"fields": ["user_id", "os"]})),
        ("clustering: {fields: [user_id]}", "clustering", json!({"fields": ["user_id"]})),
        (
            "schema_update_options: [ALLOW_FIELD_ADDITION]",
            "schemaUpdateOptions",
            json!(["ALLOW_FIELD_ADDITION"]),
        ),
        ("query_parameters: {n: 1}", "parameterMode", json!("NAMED")),
        ("query_parameters: [1]", "parameterMode", json!("POSITIONAL")),
    ]);

    assert_fields("  bq>: a.sql", "query", &cases).await;
    assert_fields(
        "  bq>:\n  query: a.sql",
        "query",
        &[("dataset: ds", "query", json!("SELECT 1"))],
    )
    .await;
    assert_fields(
        "  bq>: {data: SELECT 2}",
        "query",
        &[("dataset: ds", "query", json!("SELECT 2"))],
    )
    .await;
}

#[tokio::test]
async fn query_parameters_have_the_type_that_is_written_or_that_yaml_gives() {
    let parameter = |name: &str, of_type: Value, value: Value| json!({"name": name, "parameterType": of_type, "parameterValue": value});
    let of_type = |name: &str| json!({"type": name});
    let strings = json!({"type": "ARRAY", "arrayType": {"type": "STRING"}});
    let rows = [
        ("text", parameter("p", of_type("STRING"), json!({"value": "text"}))),
        ("3", parameter("p", of_type("INT64"), json!({"value": "3"}))),
        (
            "{type: FLOAT64, value: 0.5}",
            parameter("p", of_type("FLOAT64"), json!({"value": "0.5"})),
        ),
        ("true", parameter("p", of_type("BOOL"), json!({"value": "true"}))),
        (
            "{type: date, value: '2019-09-01'}",
            parameter("p", of_type("DATE"), json!({"value": "2019-09-01"})),
        ),
        ("{type: STRING, value: null}", parameter("p", of_type("STRING"), json!({"value": null}))),
        (
            "[a, b]",
            parameter(
                "p",
                strings.clone(),
                json!({"arrayValues": [{"value": "a"}, {"value": "b"}]}),
            ),
        ),
        ("{type: 'ARRAY<STRING>', value: []}", parameter("p", strings, json!({"arrayValues": []}))),
        (
            "{day: {type: DATE, value: '2019-09-01'}, n: 1}",
            parameter(
                "p",
                json!({"type": "STRUCT", "structTypes": [{"name": "day", "type": {"type": "DATE"}}, {"name": "n", "type": {"type": "INT64"}}]}),
                json!({"structValues": {"day": {"value": "2019-09-01"}, "n": {"value": "1"}}}),
            ),
        ),
    ];
    for (written, expected) in rows {
        let option = format!("query_parameters: {{p: {written}}}");

        assert_fields("  bq>: a.sql", "query", &[(option.as_str(), "queryParameters/0", expected)])
            .await;
    }
}

#[tokio::test]
async fn every_option_of_a_load_is_a_field_of_the_job() {
    let fields = json!({"fields": [{"name": "day", "type": "DATE"}]});
    let mut cases = common();
    cases.extend([
        ("dataset: ds", "sourceUris", json!(["gs://b/o.csv"])),
        ("dataset: other", "destinationTable", table("t$20190901")),
        ("schema: {fields: [{name: day, type: DATE}]}", "schema", fields.clone()),
        ("schema: schema.json", "schema", fields.clone()),
        ("schema: schema.yml", "schema", fields),
        ("create_disposition: CREATE_NEVER", "createDisposition", json!("CREATE_NEVER")),
        ("write_disposition: WRITE_TRUNCATE", "writeDisposition", json!("WRITE_TRUNCATE")),
        ("source_format: PARQUET", "sourceFormat", json!("PARQUET")),
        ("field_delimiter: '|'", "fieldDelimiter", json!("|")),
        ("skip_leading_rows: 1", "skipLeadingRows", json!(1)),
        ("encoding: UTF-8", "encoding", json!("UTF-8")),
        ("quote: ''", "quote", json!("")),
        ("max_bad_records: '5'", "maxBadRecords", json!(5)),
        ("allow_quoted_newlines: true", "allowQuotedNewlines", json!(true)),
        ("allow_jagged_rows: true", "allowJaggedRows", json!(true)),
        ("ignore_unknown_values: true", "ignoreUnknownValues", json!(true)),
        ("projection_fields: [a, b]", "projectionFields", json!(["a", "b"])),
        ("autodetect: true", "autodetect", json!(true)),
        (
            "schema_update_options: [ALLOW_FIELD_RELAXATION]",
            "schemaUpdateOptions",
            json!(["ALLOW_FIELD_RELAXATION"]),
        ),
        ("null_marker: '-'", "nullMarker", json!("-")),
        ("time_partitioning: DAY", "timePartitioning", json!({"type": "DAY"})),
        ("range_partitioning: {field: n}", "rangePartitioning", json!({"field": "n"})),
        ("clustering: [user_id]", "clustering", json!({"fields": ["user_id"]})),
        (
            "hive_partitioning_options: {mode: AUTO}",
            "hivePartitioningOptions",
            json!({"mode": "AUTO"}),
        ),
    ]);

    let task = "  bq_load>: gs://b/o.csv\n  destination_table: ds.t$20190901";
    assert_fields(task, "load", &cases).await;
    let many = "  bq_load>: ['gs://b/1', 'gs://b/2']\n  destination_table: ds.t";
    let uris = json!(["gs://b/1", "gs://b/2"]);
    assert_fields(many, "load", &[("dataset: ds", "sourceUris", uris.clone())]).await;
    let text = "  bq_load>: '[\"gs://b/1\", \"gs://b/2\"]'\n  destination_table: ds.t";
    assert_fields(text, "load", &[("dataset: ds", "sourceUris", uris)]).await;
}

#[tokio::test]
async fn every_option_of_an_extract_is_a_field_of_the_job() {
    let mut cases = common();
    cases.extend([
        ("dataset: ds", "sourceTable", table("t$20190901")),
        ("dataset: ds", "destinationUris", json!(["gs://b/t-*.csv"])),
        ("print_header: false", "printHeader", json!(false)),
        ("field_delimiter: \"\\t\"", "fieldDelimiter", json!("\t")),
        ("destination_format: AVRO", "destinationFormat", json!("AVRO")),
        ("compression: GZIP", "compression", json!("GZIP")),
        ("use_avro_logical_types: true", "useAvroLogicalTypes", json!(true)),
    ]);

    let task = "  bq_extract>: ds.t$20190901\n  destination: gs://b/t-*.csv";
    assert_fields(task, "extract", &cases).await;
}

#[tokio::test]
async fn the_operations_of_a_ddl_are_calls_in_digdags_order() {
    let dig = "\
+a:
  bq_ddl>:
  dataset: ds
  location: asia-northeast1
  create_tables:
  - t1
  - id: t2
    friendly_name: T2
    description: second
    labels: {team_a: b_c}
    expiration_time: 2030-01-01T00:00:00Z
    schema: {fields: [{name: day, type: DATE}]}
    time_partitioning: {type: DAY, field: day}
    clustering: [day]
  - {id: v, project: p, dataset: other, view: SELECT 1}
  empty_tables: [t3]
  delete_tables: ['ds.t4$20190901', nowhere]
  create_datasets: [{id: d1, friendly_name: D1, default_table_expiration: 7d, labels: {k_1: v}, access: [{role: READER, user_by_email: a@b.c}]}]
  empty_datasets: [{id: d2, location: US}]
  delete_datasets: ['p:d3']
";

    let made = requests(dig).await;

    let base = "/bigquery/v2/projects";
    let dataset = |id: &str, more: Value| {
        let mut body = json!({"datasetReference": {"projectId": "game-a", "datasetId": id}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let none = Value::Null;
    let expected = [
        (format!("DELETE {base}/p/datasets/d3?deleteContents=true"), none.clone()),
        (format!("DELETE {base}/game-a/datasets/d2?deleteContents=true"), none.clone()),
        (format!("POST {base}/game-a/datasets"), dataset("d2", json!({"location": "US"}))),
        (
            format!("POST {base}/game-a/datasets"),
            dataset(
                "d1",
                json!({
                    "friendlyName": "D1",
                    "defaultTableExpirationMs": "604800000",
                    "labels": {"k_1": "v"},
                    "access": [{"role": "READER", "userByEmail": "a@b.c"}],
                    "location": "asia-northeast1",
                }),
            ),
        ),
        (format!("DELETE {base}/game-a/datasets/ds/tables/t4$20190901"), none.clone()),
        (format!("DELETE {base}/game-a/datasets/ds/tables/nowhere"), none.clone()),
        (format!("DELETE {base}/game-a/datasets/ds/tables/t3"), none),
        (format!("POST {base}/game-a/datasets/ds/tables"), json!({"tableReference": table("t3")})),
        (format!("POST {base}/game-a/datasets/ds/tables"), json!({"tableReference": table("t1")})),
        (
            format!("POST {base}/game-a/datasets/ds/tables"),
            json!({
                "tableReference": table("t2"),
                "friendlyName": "T2",
                "description": "second",
                "labels": {"team_a": "b_c"},
                "expirationTime": "1893456000000",
                "schema": {"fields": [{"name": "day", "type": "DATE"}]},
                "timePartitioning": {"type": "DAY", "field": "day"},
                "clustering": {"fields": ["day"]},
            }),
        ),
        (
            format!("POST {base}/p/datasets/other/tables"),
            json!({
                "tableReference": {"projectId": "p", "datasetId": "other", "tableId": "v"},
                "view": {"query": "SELECT 1", "useLegacySql": false},
            }),
        ),
    ];
    let expected = expected.map(|(line, body)| Request { line: line.replace("$", "%24"), body });
    let made: Vec<Request> = made
        .into_iter()
        .map(|request| Request { line: request.line.replace("$", "%24"), ..request })
        .collect();
    assert_eq!(made, expected);
}

#[tokio::test]
async fn a_wait_looks_for_its_table_or_object() {
    let cases = [
        ("bq_wait>: ds.t", "GET /bigquery/v2/projects/game-a/datasets/ds/tables/t"),
        ("bq_wait>: t\n  dataset: ds", "GET /bigquery/v2/projects/game-a/datasets/ds/tables/t"),
        ("bq_wait>: p.ds.t$20190901", "GET /bigquery/v2/projects/p/datasets/ds/tables/t$20190901"),
        ("gcs_wait>: gs://b/day/done", "GET /storage/v1/b/b/o/day%2Fdone"),
        ("gcs_wait>: b/done", "GET /storage/v1/b/b/o/done"),
        ("gcs_wait>:\n  bucket: b\n  object: day/done", "GET /storage/v1/b/b/o/day%2Fdone"),
    ];
    for (task, line) in cases {
        let made = requests(&format!("+a:\n  {task}\n")).await;

        let lines: Vec<String> = made.iter().map(|made| made.line.replace("%24", "$")).collect();
        assert_eq!(lines, [line], "{task}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place_and_its_cure() {
    let cases = [
        (
            "bq>: a.sql\n  labels: [a]",
            "wf.dig:3:11: `labels` must be a mapping, such as `{team: data}`",
        ),
        (
            "bq>: a.sql\n  labels: {Team: data}",
            "wf.dig:3:11: label `Team: data`: keys and values have at most 63 lower case letters",
        ),
        (
            "bq>: a.sql\n  labels: {himekuri_task: x}",
            "wf.dig:3:11: label `himekuri_task`: names that begin with `himekuri_` are Himekuri's own",
        ),
        (
            "bq>: a.sql\n  maximum_bytes_billed: plenty",
            "wf.dig:3:25: `maximum_bytes_billed` must be a number of bytes from 1, such as `10737418240`, `10GiB` or `500GB`, not `plenty`",
        ),
        (
            "bq>: a.sql\n  query_parameters: {secret: null}",
            "wf.dig:3:21: query parameter `secret` is null, which has no type",
        ),
        ("bq>: a.sql\n  query_parameters: 3", "wf.dig:3:21: `query_parameters` must be a mapping"),
        (
            "bq>: a.sql\n  clustering: 3",
            "wf.dig:3:15: `clustering` must be a list of columns, not `3`",
        ),
        ("bq_load>: gs://b/o", "wf.dig:2:13: `bq_load>` needs the option `destination_table`"),
        (
            "bq_load>: file.csv\n  destination_table: ds.t",
            "wf.dig:2:13: `bq_load>` needs an address such as `gs://bucket/file*.csv`",
        ),
        (
            "bq_load>: gs://b/o\n  destination_table: ds.t\n  schema: {columns: []}",
            "wf.dig:4:11: `schema` must have `fields:`",
        ),
        ("bq_extract>: ds.t", "wf.dig:2:16: `bq_extract>` needs the option `destination`"),
        (
            "bq_extract>: ds.t\n  destination: out.csv",
            "wf.dig:3:16: `destination` needs an address",
        ),
        ("bq_ddl>:\n  create_tables: t", "wf.dig:3:18: `create_tables` must be a list"),
        (
            "bq_ddl>:\n  empty_tables: ['ds.t$20190901']",
            "wf.dig:3:17: `empty_tables` takes whole tables, and `game-a.ds.t$20190901` is a partition",
        ),
        (
            "bq_ddl>:\n  create_datasets: [{location: US}]",
            "wf.dig:3:20: a dataset of `create_datasets` has no `id`",
        ),
        ("gcs_wait>: bucket", "wf.dig:2:14: `gcs_wait>` needs a bucket and an object"),
        (
            "gcs_wait>: b/o\n  bucket: b",
            "wf.dig:2:14: `gcs_wait>` takes either `bucket/object` or the options",
        ),
    ];
    for (task, expected) in cases {
        let error = work(&format!("+a:\n  {task}\n")).unwrap_err();

        assert!(error.starts_with(expected), "{task}: {error}");
    }
}

/// A `.dig` file that was written for digdag may export any name for its own use.
#[tokio::test]
async fn an_exported_variable_is_no_option_that_digdag_does_not_have() {
    let dig = "_export:\n  labels: text\n  clustering: 7\n  bq: {maximum_bytes_billed: 1GiB}\n+a:\n  bq>: a.sql\n";

    let made = requests(dig).await;

    let query = &made[0].body["configuration"]["query"];
    assert_eq!(query.get("clustering"), None);
    assert_eq!(query["maximumBytesBilled"], json!("1073741824"), "a family's default counts");
}

/// Texts stay as they are.
struct AsWritten;

impl Evaluate for AsWritten {
    fn evaluate(
        &mut self,
        _: SessionClock<'_>,
        params: &Config,
        local: &Config,
    ) -> Result<Config, EvaluateError> {
        let mut config = params.clone();
        config.extend(local.clone());
        Ok(config)
    }

    fn render(
        &mut self,
        _: SessionClock<'_>,
        text: &str,
        _: &Config,
    ) -> Result<String, EvaluateError> {
        Ok(text.to_owned())
    }
}
