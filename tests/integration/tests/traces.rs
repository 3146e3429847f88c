//! The trace of an attempt, from the request that starts it to the job at BigQuery, as a real collector receives it: across
//! processes, and when a message is delivered a second time.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use himekuri_integration_tests::{Collector, Pool, ReceivedSpan, Signal, WarehouseProcess, until};
use himekuri_testkit::{RabbitMq, RedisServer};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(60);

/// What a client of the API says of itself.
const CALLER: &str = "00f067aa0ba902b7";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

const QUICK: &str = "timezone: UTC
+group:
  +first:
    bq>: {data: SELECT 1 AS n}
    destination_table: summary.quick$20190901
    write_disposition: WRITE_TRUNCATE
  +then:
    echo>: done
";

const BROKEN: &str = "timezone: UTC
+a:
  bq>: {data: \"SELECT ERROR('broken') AS n\"}
";

const SLOW: &str = "timezone: UTC
+a:
  bq>: slow.sql
  destination_table: summary.slow$20190901
  write_disposition: WRITE_TRUNCATE
";

/// A query that would take far longer than the test.
const SLOW_SQL: &str = "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS a, \
     UNNEST(GENERATE_ARRAY(1, 100000)) AS b, UNNEST(GENERATE_ARRAY(1, 100000)) AS c \
     WHERE MOD(a * b + c, 7) = 8";

struct World {
    pool: Pool,
    collector: Collector,
    warehouse: WarehouseProcess,
    _servers: (RabbitMq, RedisServer),
}

impl World {
    /// A pool that tells `ratio` of its traces.
    async fn start(folder: &Path, ratio: &str) -> Self {
        let servers = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
        let data = folder.join("data");
        let warehouse = WarehouseProcess::start(&data, "2019-09-01", "2019-09-01").await.unwrap();
        let collector = Collector::start(folder).await.unwrap();
        let mut pool = Pool::new(&servers.0, &servers.1, warehouse.url(), folder).unwrap();
        let endpoint = collector.endpoint();
        let arguments = ["--otlp-endpoint", endpoint, "--trace-ratio", ratio];
        pool.start_coordinator_with(&arguments).await.unwrap();
        let project = folder.join("traces");
        std::fs::create_dir(&project).unwrap();
        let files = [
            ("quick.dig", QUICK),
            ("broken.dig", BROKEN),
            ("slow.dig", SLOW),
            ("slow.sql", SLOW_SQL),
        ];
        for (name, text) in files {
            std::fs::write(project.join(name), text).unwrap();
        }
        let push = ["push", project.to_str().unwrap(), "--gcp-project", "title-a"];
        let pushed = pool.himekuri(&push).unwrap();
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
        Self { pool, collector, warehouse, _servers: servers }
    }

    fn start_worker(&mut self, name: &str) {
        let endpoint = self.collector.endpoint().to_owned();
        let more = ["--job-wait", "1", "--otlp-endpoint", &endpoint];
        self.pool.start_worker_with(name, 8, &more).unwrap();
    }

    /// Starts a session by the API, as a client with a trace of its own.
    async fn start_attempt(&self, workflow: &str, traceparent: Option<String>) -> u64 {
        let url = format!("http://127.0.0.1:{}/v1/attempts", self.pool.port());
        let body = json!({"project": "traces", "workflow": workflow, "from": "2019-09-01", "to": "2019-09-01"});
        let mut request = reqwest::Client::new().post(url).json(&body);
        if let Some(traceparent) = traceparent {
            request = request.header("traceparent", traceparent);
        }
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["started"][0]["attempt"].as_u64().unwrap_or_else(|| panic!("{answer}"))
    }

    /// Waits until `enough` is received; all spans.
    async fn spans(
        &self,
        what: &str,
        enough: impl Fn(&[ReceivedSpan]) -> bool,
    ) -> Vec<ReceivedSpan> {
        let waited = until(what, DEADLINE, || async {
            let spans = self.collector.spans();
            Ok(enough(&spans).then_some(spans))
        });
        waited.await.unwrap_or_else(|error| panic!("{error:#}\n{:#?}", self.collector.spans()))
    }
}

fn named<'a>(spans: &'a [ReceivedSpan], name: &'a str) -> impl Iterator<Item = &'a ReceivedSpan> {
    spans.iter().filter(move |span| span.name == name)
}

fn one<'a>(spans: &'a [ReceivedSpan], name: &'a str) -> &'a ReceivedSpan {
    let found: Vec<_> = named(spans, name).collect();
    assert_eq!(found.len(), 1, "{name}: {found:#?}");
    found[0]
}

/// The span of a task.
fn task<'a>(spans: &'a [ReceivedSpan], name: &str) -> &'a ReceivedSpan {
    let is_it = |span: &&ReceivedSpan| span.attribute("himekuri.task") == Some(name);
    named(spans, "task").find(is_it).unwrap_or_else(|| panic!("no span of {name}: {spans:#?}"))
}

/// Every parent was received, but that of the client.
fn assert_whole(spans: &[ReceivedSpan]) {
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    assert_eq!(ids.len(), spans.len(), "an id stands twice");
    for span in spans {
        let known = ids.contains(span.parent.as_str()) || span.parent == CALLER;
        assert!(known || span.name == "POST /v1/attempts", "the parent is missing: {span:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_leads_from_the_request_to_the_job_also_when_a_worker_dies() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::start(folder.path(), "1").await;
    world.start_worker("worker-1");

    let attempt = world.start_attempt("quick", Some(format!("00-{TRACE}-{CALLER}-01"))).await;
    let spans = world
        .spans("the trace of a success", |spans| {
            named(spans, "attempt").count() == 1 && named(spans, "process tasks").count() == 2
        })
        .await;

    assert!(spans.iter().all(|span| span.trace == TRACE && !span.failed), "{spans:#?}");
    assert_whole(&spans);
    let request = one(&spans, "POST /v1/attempts");
    let top = one(&spans, "attempt");
    assert_eq!(
        (request.parent.as_str(), request.service.as_str()),
        (CALLER, "himekuri-coordinator")
    );
    assert_eq!(
        (top.parent.as_str(), top.attribute("himekuri.attempt")),
        (request.id.as_str(), Some(attempt.to_string().as_str()))
    );
    let (root, group) = (task(&spans, "+quick"), task(&spans, "+quick+group"));
    let (first, then) = (task(&spans, "+quick+group+first"), task(&spans, "+quick+group+then"));
    assert_eq!((root.parent.as_str(), group.parent.as_str()), (top.id.as_str(), root.id.as_str()));
    assert_eq!(
        (first.parent.as_str(), then.parent.as_str()),
        (group.id.as_str(), group.id.as_str())
    );
    let sent = named(&spans, "publish tasks").find(|span| span.parent == first.id).unwrap();
    let process = named(&spans, "process tasks").find(|span| span.parent == sent.id).unwrap();
    assert_eq!(
        (process.service.as_str(), process.instance.as_str()),
        ("himekuri-worker", "worker-1")
    );
    let job = one(&spans, "BigQuery job");
    assert_eq!(
        (job.parent.as_str(), job.service.as_str()),
        (process.id.as_str(), "himekuri-worker")
    );
    // The job itself says where it belongs.
    let jobs = world.warehouse.full_jobs("title-a").await.unwrap();
    let sent = jobs
        .iter()
        .find(|found| Some(found.job_reference.job_id.as_str()) == job.attribute("himekuri.job"));
    assert_eq!(sent.unwrap().configuration["labels"]["himekuri_trace"], TRACE);
    // So do the logs of the worker.
    assert!(world.pool.full_log_of("worker-1").contains(TRACE));

    let attempt = world.start_attempt("slow", None).await.to_string();
    until("the job runs", DEADLINE, async || {
        let jobs = world.warehouse.jobs("title-a").await?;
        Ok(jobs.iter().any(|job| job.state == "RUNNING").then_some(()))
    })
    .await
    .unwrap();
    world.pool.worker("worker-1").unwrap().signal(Signal::Kill).unwrap();
    world.start_worker("worker-2");
    world
        .spans("the second delivery", |spans| {
            named(spans, "process tasks").any(|span| span.instance == "worker-2")
        })
        .await;
    world.pool.json(&["kill", &attempt]).unwrap();
    let spans =
        world.spans("the trace of a kill", |spans| named(spans, "attempt").count() == 2).await;

    let of_slow =
        |span: &&ReceivedSpan| span.attribute("himekuri.attempt") == Some(attempt.as_str());
    let trace = named(&spans, "attempt").find(of_slow).unwrap().trace.clone();
    assert_ne!(trace, TRACE);
    let second: Vec<ReceivedSpan> =
        spans.iter().filter(|span| span.trace == trace).cloned().collect();
    let second = second.as_slice();
    assert_whole(second);
    let sent = one(second, "publish tasks");
    let process = one(second, "process tasks");
    assert_eq!(
        (process.parent.as_str(), process.attribute("himekuri.redelivered")),
        (sent.id.as_str(), Some("true"))
    );
    assert_eq!(sent.parent, task(second, "+slow+a").id);
    assert!(one(second, "attempt").failed, "it was killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_goes_well_few_traces_are_told_and_of_failures_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::start(folder.path(), "0").await;
    world.start_worker("worker-1");

    world.start_attempt("quick", None).await;
    world.pool.ended(DEADLINE).await.unwrap();
    world.start_attempt("broken", None).await;
    let spans = world
        .spans("the trace of a failure", |spans| {
            named(spans, "attempt").count() == 1 && named(spans, "process tasks").count() == 1
        })
        .await;

    // Of the success, the request alone: nobody knew then how it would end.
    let failed = one(&spans, "attempt");
    assert!(failed.failed && failed.attribute("himekuri.workflow") == Some("broken"));
    let (of_failure, of_success): (Vec<_>, Vec<_>) =
        spans.iter().cloned().partition(|span| span.trace == failed.trace);
    assert_whole(&of_failure);
    assert!(one(&of_failure, "process tasks").failed && one(&of_failure, "BigQuery job").failed);
    assert!(of_success.iter().all(|span| span.name.starts_with("POST ")), "{of_success:#?}");
}
