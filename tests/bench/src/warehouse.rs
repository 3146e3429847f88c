//! The local warehouse: one mart of one day over five million raw rows, as an analyst waits for it. The floor is a count of the
//! same rows, the least that any answer reads.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::measurement::{Figure, Measurement, ROUNDS, Rounds};

/// Five million rows over three UTC days, so that a day of Japan takes two partitions.
const RAW: &str = "
CREATE TABLE logs.access PARTITION BY day AS
SELECT
  TIMESTAMP_ADD(TIMESTAMP '2019-08-31 00:00:00+00', INTERVAL MOD(n * 7919, 259200) SECOND) AS at,
  DATE(TIMESTAMP_ADD(TIMESTAMP '2019-08-31 00:00:00+00', INTERVAL MOD(n * 7919, 259200) SECOND)) AS day,
  CONCAT('user-', CAST(MOD(n * 31, 200000) AS STRING)) AS user_id,
  IF(MOD(n, 3) = 0, 'ios', 'android') AS os
FROM (
  SELECT a * 1000 + b AS n
  FROM UNNEST(GENERATE_ARRAY(0, 4999)) AS a, UNNEST(GENERATE_ARRAY(0, 999)) AS b
)";

const MART: &str = "
SELECT
  DATE(at, 'Asia/Tokyo') AS day,
  user_id,
  ANY_VALUE(os) AS os,
  COUNT(*) AS accesses,
  MIN(at) AS first_at,
  MAX(at) AS last_at
FROM logs.access
WHERE DATE(at, 'Asia/Tokyo') = '2019-09-01'
GROUP BY day, user_id";

const COUNT: &str = "SELECT COUNT(*) AS n FROM logs.access WHERE user_id IS NOT NULL";

/// What one day of one mart may take.
const REACH: &str = "<= 3000";

pub(crate) async fn measure() -> anyhow::Result<Vec<Measurement>> {
    let folder = tempfile::tempdir().context("no folder for the warehouse")?;
    let warehouse = Warehouse::start(folder.path())?;
    let dataset = json!({"datasetReference": {"projectId": "bench", "datasetId": "logs"}});
    warehouse.post("datasets", dataset).await?;
    warehouse.run(RAW, None).await?;
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        rounds.floor.push(millis(warehouse.run(COUNT, None).await?));
        rounds.value.push(millis(warehouse.run(MART, Some("mart$20190901")).await?));
    }
    let figure =
        Figure { name: "warehouse/mart_of_5m_rows", unit: "ms, less is better", reach: REACH };
    Ok(vec![rounds.measurement(figure)])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// A warehouse as a process of its own, from the folder of this program.
struct Warehouse {
    url: String,
    http: reqwest::Client,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Warehouse {
    fn start(folder: &std::path::Path) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("himekuri-warehouse");
        let mut child = Command::new(&program)
            .args(["--port", "0", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("could not start `{}`; build it first", program.display()))?;
        let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ").map(ToOwned::to_owned);
        let url = url.with_context(|| format!("the warehouse said `{line}`"))?;
        Ok(Self { url, http: reqwest::Client::new(), child, _stdout: stdout })
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let url = format!("{}/bigquery/v2/projects/bench/{path}", self.url);
        let answer = self.http.post(url).json(&body).send().await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        if !status.is_success() {
            bail!("the warehouse answered {status}: {body}");
        }
        Ok(body)
    }

    /// Runs a job and waits for its end.
    async fn run(&self, query: &str, mart: Option<&str>) -> anyhow::Result<Duration> {
        let mut of_query = json!({"query": query, "useLegacySql": false, "useQueryCache": false});
        if let Some(mart) = mart {
            of_query["destinationTable"] =
                json!({"projectId": "bench", "datasetId": "logs", "tableId": mart});
            of_query["writeDisposition"] = json!("WRITE_TRUNCATE");
        }
        let began = Instant::now();
        let job = self.post("jobs", json!({"configuration": {"query": of_query}})).await?;
        let id = job.pointer("/jobReference/jobId").and_then(Value::as_str);
        let id = id.context("the job has no id")?;
        loop {
            let url = format!("{}/bigquery/v2/projects/bench/queries/{id}", self.url);
            let wait = [("maxResults", "0"), ("timeoutMs", "60000")];
            let answer = self.http.get(url).query(&wait).send().await?;
            let status = answer.status();
            let body: Value = answer.json().await?;
            if !status.is_success() {
                bail!("the query failed: {body}");
            }
            if body["jobComplete"] == true {
                return Ok(began.elapsed());
            }
        }
    }
}

impl Drop for Warehouse {
    fn drop(&mut self) {
        // It may have ended.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
