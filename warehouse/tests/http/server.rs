//! A warehouse process for one test, and short ways to ask it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const PROJECT: &str = "title-a";

/// A running binary with a data folder of its own.
pub(crate) struct Server {
    pub(crate) child: Child,
    /// The process ends when this is dropped, also when a test fails.
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) url: String,
    pub(crate) data: Option<TempDir>,
    options: Vec<String>,
    http: reqwest::Client,
    jobs: AtomicUsize,
}

impl Server {
    /// A new warehouse with the datasets `raw` and `mart`.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with more options.
    pub(crate) async fn start_with(options: &[&str]) -> Self {
        let server = Self::open_with(TempDir::new().unwrap(), options);
        for dataset in ["raw", "mart"] {
            server.create_dataset(dataset, "US").await;
        }
        server
    }

    pub(crate) fn open(data: TempDir) -> Self {
        Self::open_with(data, &[])
    }

    pub(crate) fn open_with(data: TempDir, options: &[&str]) -> Self {
        let mut child = command(data.path(), 0).args(options).spawn().unwrap();
        let stdin = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        let http = reqwest::Client::new();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self { child, stdin, url, data: Some(data), options, http, jobs: AtomicUsize::new(0) }
    }

    /// Kills the process as a crash would, and opens its folder again.
    pub(crate) fn crash_and_restart(mut self) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.open_again()
    }

    /// Ends the process in order, and opens its folder again.
    pub(crate) fn restart(mut self) -> Self {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
        self.open_again()
    }

    fn open_again(mut self) -> Self {
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        Self::open_with(self.data.take().unwrap(), &options)
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(Method::GET, path, None).await
    }

    /// A request whose answer may be missing.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Sets what goes wrong.
    pub(crate) async fn faults(&self, yaml: &str) {
        let request = self.request(Method::PUT, "/himekuri/v1/faults").body(yaml.to_owned());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn upload(&self, job: Value, rows: &str) -> (u16, Value) {
        let body = format!(
            "--frontier\r\nContent-Type: application/json\r\n\r\n{job}\r\n\
             --frontier\r\nContent-Type: application/octet-stream\r\n\r\n{rows}\r\n--frontier--\r\n"
        );
        let path = format!("/upload/bigquery/v2/projects/{PROJECT}/jobs?uploadType=multipart");
        let response = self
            .http
            .post(format!("{}{path}", self.url))
            .header("content-type", "multipart/related; boundary=frontier")
            .body(body)
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    pub(crate) async fn create_dataset(&self, dataset: &str, location: &str) {
        let body = json!({ "datasetReference": { "datasetId": dataset }, "location": location });
        let (status, answer) = self.post(&projects("datasets"), body).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Inserts a job under a new id and waits for its end.
    pub(crate) async fn run(&self, configuration: Value) -> Value {
        let id = format!("job-{}", self.jobs.fetch_add(1, Ordering::Relaxed));
        let (status, answer) = self.insert(&id, configuration).await;
        assert_eq!(status, 200, "{answer}");
        self.done(&id).await
    }

    pub(crate) async fn insert(&self, id: &str, configuration: Value) -> (u16, Value) {
        let reference = json!({ "projectId": PROJECT, "jobId": id });
        self.post(
            &projects("jobs"),
            json!({ "jobReference": reference, "configuration": configuration }),
        )
        .await
    }

    pub(crate) async fn job(&self, id: &str) -> Value {
        self.get(&projects(&format!("jobs/{id}"))).await.1
    }

    /// The job at its end.
    pub(crate) async fn done(&self, id: &str) -> Value {
        self.until(id, "DONE").await
    }

    /// The job once it is in this state. The long poll of the results is the clock.
    pub(crate) async fn until(&self, id: &str, state: &str) -> Value {
        loop {
            let job = self.job(id).await;
            if job["status"]["state"] == state {
                return job;
            }
            assert_ne!(job["status"]["state"], "DONE", "{job}");
            self.get(&projects(&format!("queries/{id}?timeoutMs=20&maxResults=0"))).await;
        }
    }

    /// Writes the rows of a query to `mart.<table>`.
    pub(crate) async fn write(&self, table: &str, disposition: &str, sql: &str) -> Value {
        self.run(to_mart(table, disposition, sql)).await
    }

    /// The rows of a query, each as a list of texts.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let (status, answer) = self.query(sql).await;
        assert_eq!(status, 200, "{sql}: {answer}");
        rows_of(&answer)
    }

    pub(crate) async fn query(&self, sql: &str) -> (u16, Value) {
        self.post(&projects("queries"), json!({ "query": sql, "useLegacySql": false })).await
    }

    /// Partition, rows and checksum of all tables of `mart`.
    pub(crate) async fn partitions(&self) -> Value {
        self.get(&format!("/himekuri/v1/partitions?project={PROJECT}&dataset=mart")).await.1
    }
}

/// The binary, not started.
pub(crate) fn command(data: &Path, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_himekuri-warehouse"));
    command.args(["--exit-with-parent", "--port", &port.to_string(), "--data"]).arg(data);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

pub(crate) fn projects(path: &str) -> String {
    format!("/bigquery/v2/projects/{PROJECT}/{path}")
}

pub(crate) fn to_mart(table: &str, disposition: &str, sql: &str) -> Value {
    json!({ "query": {
        "query": sql,
        "useLegacySql": false,
        "destinationTable": { "projectId": PROJECT, "datasetId": "mart", "tableId": table },
        "writeDisposition": disposition,
    }})
}

pub(crate) fn rows_of(answer: &Value) -> Vec<Vec<Value>> {
    let rows = answer["rows"].as_array().cloned().unwrap_or_default();
    let cells =
        |row: &Value| row["f"].as_array().unwrap().iter().map(|cell| cell["v"].clone()).collect();
    rows.iter().map(cells).collect()
}

/// The reason of a failed job.
pub(crate) fn reason(job: &Value) -> &str {
    job["status"]["errorResult"]["reason"].as_str().unwrap_or("none")
}

/// The message of a failed job.
pub(crate) fn message(job: &Value) -> &str {
    job["status"]["errorResult"]["message"].as_str().unwrap_or("none")
}

/// A query that runs for hours unless it is stopped.
pub(crate) const ENDLESS: &str = "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS a, \
     UNNEST(GENERATE_ARRAY(1, 100000)) AS b, UNNEST(GENERATE_ARRAY(1, 100000)) AS c \
     WHERE MOD(a * b + c, 7) = 8";

/// A load of files in buckets into `raw.<table>`.
pub(crate) fn load_of(table: &str, uris: &[&str], more: Value) -> Value {
    let mut load = json!({
        "sourceUris": uris,
        "destinationTable": { "projectId": PROJECT, "datasetId": "raw", "tableId": table },
    });
    for (key, value) in more.as_object().unwrap() {
        load[key] = value.clone();
    }
    json!({ "load": load })
}

/// `INTEGER`, `STRING`, … columns of these names.
pub(crate) fn schema(fields: &[(&str, &str)]) -> Value {
    let fields = fields.iter().map(|(name, kind)| json!({ "name": name, "type": kind }));
    json!({ "fields": fields.collect::<Vec<_>>() })
}
