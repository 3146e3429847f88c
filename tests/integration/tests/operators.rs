//! Every operator of BigQuery and Cloud Storage in one workflow, on a local warehouse with a folder for a bucket.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use himekuri_integration_tests::program;

const WORKFLOW: &str = "
_export:
  bq: {dataset: mart, labels: {team: data}, timeout: 10m}
+make:
  bq_ddl>:
  create_datasets: [mart]
  create_tables:
  - id: raw
    schema: {fields: [{name: user_id, type: STRING}, {name: amount, type: INTEGER}]}
    time_partitioning: DAY
+load:
  bq_load>: gs://logs/in/2019-09-01.csv
  destination_table: raw$20190901
  skip_leading_rows: 1
  write_disposition: WRITE_TRUNCATE
+wait:
  bq_wait>: raw$20190901
+sum:
  bq>: sum.sql
  destination_table: total$20190901
  write_disposition: WRITE_TRUNCATE
  time_partitioning: DAY
  query_parameters: {least: 2}
  maximum_bytes_billed: 1GiB
+extract:
  bq_extract>: total$20190901
  destination: gs://logs/out/total-*.csv
+there:
  gcs_wait>: logs/out/total-000000000000.csv
+say:
  echo>: 'size ${gcs_wait.last_object.metadata.size}, after ${bq.last_job_id}'
";

const SUM: &str =
    "SELECT user_id, SUM(amount) AS total FROM mart.raw WHERE amount >= @least GROUP BY user_id";

/// Ends with the test.
struct Warehouse(Child);

impl Drop for Warehouse {
    fn drop(&mut self) {
        // It may have ended.
        let _killed = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn start(folder: &Path) -> (Warehouse, String) {
    let bucket = format!("logs={}", folder.join("bucket").display());
    let mut child = Command::new(program("himekuri-warehouse").unwrap())
        .args(["--port", "0", "--gcs", &bucket, "--data"])
        .arg(folder.join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    (Warehouse(child), url)
}

#[test]
fn rows_come_from_a_bucket_and_go_back_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("title/wf.dig", WORKFLOW);
    write("title/sum.sql", SUM);
    write("bucket/in/2019-09-01.csv", "user_id,amount\na,1\nb,2\nb,5\n");
    let (_warehouse, url) = start(folder.path());

    let output = Command::new(program("himekuri").unwrap())
        .args(["run", "title", "wf", "--session", "2019-09-02", "--bigquery", &url])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let out = folder.path().join("bucket/out/total-000000000000.csv");
    assert_eq!(std::fs::read_to_string(out).unwrap(), "user_id,total\nb,7\n");
}
