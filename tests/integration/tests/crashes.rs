//! A worker dies at each of its HTTP calls, before and after BigQuery sees it: every try has one executed job, no task is
//! forgotten, and nothing runs on after a kill or a timeout.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::BTreeMap;
use std::time::Duration;

use himekuri_integration_tests::{Execution, Pool, Proxy, Side, Signal, WarehouseProcess, until};
use himekuri_testkit::{RabbitMq, RedisServer};

const DEADLINE: Duration = Duration::from_secs(60);

/// More calls than any of the lives makes.
const CALLS_MAX: usize = 40;

/// A query that would take far longer than the test.
const SLOW: &str = "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS a, \
     UNNEST(GENERATE_ARRAY(1, 100000)) AS b, UNNEST(GENERATE_ARRAY(1, 100000)) AS c \
     WHERE MOD(a * b + c, 7) = 8";

/// The life of a job.
struct Life {
    workflow: &'static str,
    dig: &'static str,
    /// Whether the attempt is killed as soon as its job runs.
    killed: bool,
    /// How the attempt ends.
    ends: &'static str,
    /// Jobs that are executed.
    jobs: usize,
}

const LIVES: [Life; 4] = [
    Life {
        workflow: "quick",
        dig: "+a:\n  bq>: {data: SELECT 1 AS n}\n  destination_table: summary.quick$20190901\n  write_disposition: WRITE_TRUNCATE\n",
        killed: false,
        ends: "success",
        jobs: 1,
    },
    Life {
        workflow: "again",
        dig: "+a:\n  bq>: {data: \"SELECT ERROR('broken') AS n\"}\n  destination_table: summary.again$20190901\n  write_disposition: WRITE_TRUNCATE\n  _retry: 1\n",
        killed: false,
        ends: "error",
        jobs: 2,
    },
    Life {
        workflow: "killed",
        dig: "+a:\n  bq>: slow.sql\n  destination_table: summary.killed$20190901\n  write_disposition: WRITE_TRUNCATE\n",
        killed: true,
        ends: "canceled",
        jobs: 1,
    },
    Life {
        workflow: "late",
        dig: "+a:\n  bq>: slow.sql\n  destination_table: summary.late$20190901\n  write_disposition: WRITE_TRUNCATE\n  timeout: 1\n",
        killed: false,
        ends: "error",
        jobs: 1,
    },
];

/// The pool under test.
struct World {
    pool: Pool,
    proxy: Proxy,
    warehouse: WarehouseProcess,
    workers: usize,
    sessions: usize,
}

impl World {
    fn worker(&self) -> String {
        format!("worker-{}", self.workers)
    }

    fn start_worker(&mut self) {
        self.workers += 1;
        self.pool.start_worker_with(&self.worker(), 8, &["--job-wait", "1"]).unwrap();
    }

    async fn executed(&self) -> BTreeMap<String, u64> {
        let executions = self.warehouse.executions().await.unwrap();
        let count = |execution: Execution| (execution.job_id, execution.executions);
        executions.into_iter().map(count).collect()
    }

    /// Lives a life with a death at one of its calls. Whether the worker came so far.
    async fn live(&mut self, life: &Life, call: usize, side: Side) -> bool {
        let what = format!("{} with a death {side:?} call {call}", life.workflow);
        let before = self.executed().await;
        self.sessions += 1;
        let session = jiff::civil::date(2020, 1, 1)
            .checked_add(jiff::Span::new().days(i64::try_from(self.sessions).unwrap()))
            .unwrap()
            .to_string();
        self.proxy.die_at(call, side);
        let start = ["start", "crashes", life.workflow, "--session", &session];
        let attempt = self.pool.json(&start).unwrap()[0]["attempt"].as_u64().unwrap();
        let mut has_died = false;
        let mut is_killed = !life.killed;
        let ended = until(&what, DEADLINE, async || {
            has_died |= self.bury().await?;
            if !is_killed && self.runs().await? {
                is_killed = true;
                self.pool.json(&["kill", &attempt.to_string()])?;
            }
            let attempts = self.pool.json(&["attempts"])?;
            let own = attempts.iter().find(|line| line["attempt"] == attempt);
            let state = own.and_then(|line| line["state"].as_str()).unwrap_or_default();
            Ok((state != "running").then(|| state.to_owned()))
        })
        .await
        .unwrap_or_else(|error| panic!("{error:#}\n{}", self.pool.log_of(&self.worker())));
        // The call may have been one that the end did not wait for.
        has_died |= self.bury().await.unwrap();
        self.proxy.spare();

        assert_eq!(ended, life.ends, "{what}");
        assert!(!self.runs().await.unwrap(), "{what}: a job runs on");
        let mut executed = self.executed().await;
        executed.retain(|job, _| !before.contains_key(job));
        assert_eq!(executed.len(), life.jobs, "{what}: {executed:?}");
        assert!(executed.values().all(|count| *count == 1), "{what}: {executed:?}");
        has_died
    }

    /// Replaces a worker that has come to its call; whether it has.
    async fn bury(&mut self) -> anyhow::Result<bool> {
        let Ok(died) = tokio::time::timeout(Duration::ZERO, self.proxy.died()).await else {
            return Ok(false);
        };
        assert!(died.is_some(), "the proxy is gone");
        self.pool.worker(&self.worker())?.signal(Signal::Kill)?;
        self.proxy.spare();
        self.start_worker();
        Ok(true)
    }

    async fn runs(&self) -> anyhow::Result<bool> {
        Ok(self.warehouse.jobs("title-a").await?.iter().any(|job| job.state != "DONE"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_may_die_before_and_after_each_call_of_a_jobs_life() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let data = folder.path().join("data");
    let warehouse = WarehouseProcess::start(&data, "2019-09-01", "2019-09-01").await.unwrap();
    let project = folder.path().join("crashes");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("slow.sql"), SLOW).unwrap();
    for life in &LIVES {
        std::fs::write(project.join(format!("{}.dig", life.workflow)), life.dig).unwrap();
    }
    let proxy = Proxy::start(warehouse.url()).await.unwrap();
    let mut pool = Pool::new(&rabbitmq, &redis, proxy.url(), folder.path()).unwrap();
    pool.start_coordinator().await.unwrap();
    let push = ["push", project.to_str().unwrap(), "--gcp-project", "title-a"];
    assert!(pool.himekuri(&push).unwrap().status.success());
    let mut world = World { pool, proxy, warehouse, workers: 0, sessions: 0 };
    world.start_worker();

    for life in &LIVES {
        for side in [Side::Before, Side::After] {
            let mut deaths = 0;
            while world.live(life, deaths, side).await {
                deaths += 1;
                assert!(deaths < CALLS_MAX, "{} never ends", life.workflow);
            }
            assert!(deaths >= 2, "{}: the worker must insert and look", life.workflow);
        }
    }
}
