//! A late job never overwrites what a newer run has written: it is killed, a second attempt of its session and a second workflow
//! write the same partition, in every order, and BigQuery lets the killed job run to its end.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::time::Duration;

use himekuri_integration_tests::{Job, Pool, Proxy, WarehouseProcess, until};
use himekuri_testkit::{RabbitMq, RedisServer};

const DEADLINE: Duration = Duration::from_secs(120);

/// Takes seconds, and then writes who it was.
const SLOW: &str = "SELECT ${value} AS value, COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 15000)) AS a, \
     UNNEST(GENERATE_ARRAY(1, 15000)) AS b WHERE MOD(a * b, 7) = 8";

/// The value says which run has written it.
const WORKFLOW: &str = "+a:
  bq>: slow.sql
  destination_table: summary.TABLE$20190901
  write_disposition: WRITE_TRUNCATE
";

/// What happens while the first job runs.
#[derive(Clone, Copy, Debug)]
enum Event {
    Kill,
    SecondAttempt,
    SecondWorkflow,
}

struct World {
    pool: Pool,
    warehouse: WarehouseProcess,
}

impl World {
    async fn running(&self) -> anyhow::Result<Option<()>> {
        let jobs = self.warehouse.jobs("title-a").await?;
        Ok(jobs.iter().any(|job| job.state == "RUNNING").then_some(()))
    }

    fn happen(&self, event: Event, attempt: u64, table: &str) {
        let (id, other) = (attempt.to_string(), format!("{table}_other"));
        let start = ["start", "late", table, "--session", "2019-09-02"];
        let arguments = match event {
            Event::Kill => vec!["kill", &id],
            Event::SecondAttempt => [&start[..], &["--retry", "second", "-p", "value=2"]].concat(),
            Event::SecondWorkflow => {
                [&start[..2], &[&other], &start[3..], &["-p", "value=3"]].concat()
            }
        };
        self.pool.json(&arguments).unwrap();
    }
}

/// When a job ran.
fn span(job: &Job) -> (u64, u64) {
    let time = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok()).unwrap();
    (time(&job.statistics.start_time), time(&job.statistics.end_time))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_job_never_overwrites_a_newer_run() {
    let orders = [
        ("first", [Event::Kill, Event::SecondAttempt, Event::SecondWorkflow]),
        ("second", [Event::SecondAttempt, Event::Kill, Event::SecondWorkflow]),
        ("third", [Event::SecondWorkflow, Event::SecondAttempt, Event::Kill]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let data = folder.path().join("data");
    let warehouse = WarehouseProcess::start(&data, "2019-09-01", "2019-09-01").await.unwrap();
    let project = folder.path().join("late");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("slow.sql"), SLOW).unwrap();
    for (table, _) in &orders {
        let dig = WORKFLOW.replace("TABLE", table);
        std::fs::write(project.join(format!("{table}.dig")), &dig).unwrap();
        std::fs::write(project.join(format!("{table}_other.dig")), &dig).unwrap();
    }
    let proxy = Proxy::start(warehouse.url()).await.unwrap();
    proxy.ignore_cancels();
    let mut pool = Pool::new(&rabbitmq, &redis, proxy.url(), folder.path()).unwrap();
    pool.start_coordinator().await.unwrap();
    pool.start_worker("worker-1", 8).unwrap();
    let push = ["push", project.to_str().unwrap(), "--gcp-project", "title-a"];
    assert!(pool.himekuri(&push).unwrap().status.success());
    let world = World { pool, warehouse };

    for (table, events) in orders {
        let known: Vec<Job> = world.warehouse.jobs("title-a").await.unwrap();
        let start = ["start", "late", table, "--session", "2019-09-02", "-p", "value=1"];
        let attempt = world.pool.json(&start).unwrap()[0]["attempt"].as_u64().unwrap();
        until("the first job runs", DEADLINE, async || world.running().await).await.unwrap();

        for event in events {
            world.happen(event, attempt, table);
        }
        world.pool.ended(DEADLINE).await.unwrap();

        let jobs = world.warehouse.jobs("title-a").await.unwrap();
        let own = jobs.iter().filter(|job| known.iter().all(|other| other.id != job.id));
        let mut spans: Vec<(u64, u64)> = own.map(span).collect();
        spans.sort_unstable();
        assert_eq!(spans.len(), 3, "{events:?}: {spans:?}");
        let is_apart = spans.is_sorted_by(|(_, end), (start, _)| end <= start);
        assert!(is_apart, "{events:?}: two jobs met on the partition: {spans:?}");
        let partition = format!("{table}$20190901");
        let value = world.warehouse.first_value("title-a", &partition).await.unwrap();
        assert!(matches!(value.as_str(), "2" | "3"), "{events:?}: the first run was the last");
    }
}
