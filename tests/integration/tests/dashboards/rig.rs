//! The pool: two coordinators, two workers, their servers, and the Prometheus that looks at them. A coordinator of another pool is
//! scraped too, once it is there.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;

use anyhow::ensure;
use himekuri_integration_tests::{
    Clock, Process, Questioner, Signal, WarehouseProcess, program, repository, until,
};
use himekuri_testkit::{Prometheus, RabbitMq, RedisServer, unique_name};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::questions::Questions;
use crate::{DEADLINE, workflows};

pub(crate) const COORDINATORS: [&str; 2] = ["coordinator-1", "coordinator-2"];
pub(crate) const WORKERS: [&str; 2] = ["worker-1", "worker-2"];
/// Leads a pool of its own.
pub(crate) const STRANGER: &str = "stranger";

/// Deliveries of one worker: few, so that both are soon full.
const PREFETCH: &str = "4";

/// Everything. Processes end before their servers.
pub(crate) struct Rig {
    processes: BTreeMap<&'static str, Process>,
    pub(crate) prometheus: Questioner,
    pub(crate) rabbitmq: Arc<RabbitMq>,
    pub(crate) redis: RedisServer,
    pub(crate) prefix: String,
    warehouse: WarehouseProcess,
    addresses: BTreeMap<&'static str, String>,
    /// Whom commands are sent to.
    front: &'static str,
    configuration: String,
    server: Prometheus,
    folder: TempDir,
}

impl Rig {
    /// All is up, one coordinator leads, and the projects are pushed.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let servers = tokio::task::spawn_blocking(|| {
            (RabbitMq::start().unwrap(), RedisServer::start().unwrap())
        });
        let data = folder.path().join("data");
        let warehouse = WarehouseProcess::start(&data, "2019-09-01", "2019-09-01").await.unwrap();
        warehouse.put_faults(&workflows::faults()).await.unwrap();
        let (rabbitmq, redis) = servers.await.unwrap();
        let names = COORDINATORS.into_iter().chain(WORKERS).chain([STRANGER]);
        let addresses: BTreeMap<&str, String> = names.map(|name| (name, free_address())).collect();
        let configuration = configuration(&addresses);
        let server = prometheus(configuration.clone(), None).await;
        let mut rig = Self {
            processes: BTreeMap::new(),
            prometheus: Questioner::new(server.url()),
            rabbitmq: Arc::new(rabbitmq),
            redis,
            prefix: unique_name("dashboards"),
            warehouse,
            addresses,
            front: COORDINATORS[0],
            configuration,
            server,
            folder,
        };
        COORDINATORS.into_iter().chain(WORKERS).for_each(|name| rig.begin(name));
        rig.shows("himekuri_worker_known == 2").await;
        rig.push(&repository().join("examples/title_a"), "title-a").await;
        for (project, gcp_project) in workflows::write(rig.folder.path()) {
            rig.push(&project, gcp_project).await;
        }
        rig
    }

    /// Another Prometheus looks at the pool, which remembers this of the time before.
    pub(crate) async fn remember(&mut self, past: String) {
        self.server = prometheus(self.configuration.clone(), Some(past)).await;
        self.prometheus = Questioner::new(self.server.url());
        // What happens before the first scrape is no increase.
        self.shows("himekuri_worker_known == 2").await;
    }

    /// Starts a program, for the first time or once more.
    pub(crate) fn begin(&mut self, name: &'static str) {
        self.begin_in(name, Vec::new());
    }

    /// The same, and for the program it is later by so many seconds.
    pub(crate) fn begin_ahead(&mut self, name: &'static str, seconds: i64) {
        let clock = Clock::new(self.folder.path().join(format!("{name}.clock"))).unwrap();
        clock.set(seconds).unwrap();
        self.begin_in(name, clock.environment());
    }

    fn begin_in(&mut self, name: &'static str, environment: Vec<(String, String)>) {
        let (amqp, redis) = (self.rabbitmq.url(), self.redis.url());
        let prefix = match name {
            STRANGER => format!("{}-{STRANGER}", self.prefix),
            _ => self.prefix.clone(),
        };
        let common = ["--amqp", &amqp, "--prefix", &prefix, "--name", name];
        let address = &self.addresses[name];
        // Nobody listens where Slack should.
        let (webhook, nobody) = (webhook(), format!("http://{}/slack", free_address()));
        let (program, own) = match WORKERS.contains(&name) {
            true => ("himekuri-worker", worker(self.warehouse.url(), address)),
            false => ("himekuri-coordinator", coordinator(&redis, address, [&webhook, &nobody])),
        };
        let arguments: Vec<String> = common.into_iter().chain(own).map(str::to_owned).collect();
        let log = self.folder.path().join(format!("{name}.log"));
        let process = Process::start_in(program, &arguments, environment, &log).unwrap();
        self.processes.insert(name, process);
    }

    pub(crate) fn signal(&self, name: &str, signal: Signal) {
        self.processes[name].signal(signal).unwrap();
    }

    /// Sends a signal that ends a program, and waits until it has ended.
    pub(crate) fn end(&mut self, name: &str, signal: Signal) {
        self.signal(name, signal);
        self.processes.remove(name).unwrap().wait().unwrap();
    }

    /// When a program says that it started.
    pub(crate) async fn started_at(&self, name: &str) -> f64 {
        self.shows(&self.start_of(name)).await[0].value
    }

    /// Waits until Prometheus has seen the process after that one.
    pub(crate) async fn started_anew(&self, name: &str, before: f64) {
        self.shows(&format!("{} != {before}", self.start_of(name))).await;
    }

    fn start_of(&self, name: &str) -> String {
        format!("himekuri_process_start_time_seconds{{instance='{}'}}", self.addresses[name])
    }

    /// The coordinator that leads.
    pub(crate) async fn leader(&self) -> &'static str {
        let leading = self.shows("himekuri_leader == 1").await;
        let instance = leading[0].labels["instance"].as_str().unwrap().to_owned();
        COORDINATORS.into_iter().find(|name| self.addresses[name] == instance).unwrap()
    }

    /// Sends commands to another coordinator from now on.
    pub(crate) fn ask_at(&mut self, name: &'static str) {
        self.front = name;
    }

    /// Waits until an expression has series, and returns them.
    pub(crate) async fn shows(&self, expression: &str) -> Vec<himekuri_integration_tests::Series> {
        let what = format!("`{expression}` has series");
        let found = until(&what, DEADLINE, || async {
            Ok(Some(self.prometheus.ask(expression).await?).filter(|series| !series.is_empty()))
        });
        found.await.unwrap_or_else(|error| panic!("{error:#}\n{}", self.logs()))
    }

    /// Waits until an alert's whole expression has data.
    pub(crate) async fn fires(&self, questions: &Questions, alert: &str) {
        if let Err(error) = questions.fires(alert).await {
            let status = self.himekuri(&["status"]).await.stdout;
            panic!("{error:#}\n{}\n{}", String::from_utf8_lossy(&status), self.logs());
        }
    }

    pub(crate) async fn himekuri(&self, arguments: &[&str]) -> Output {
        let answer = Command::new(program("himekuri").unwrap())
            .args(arguments)
            .args(["--coordinator", &format!("http://{}", self.addresses[self.front])])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let answer = tokio::time::timeout(DEADLINE, answer).await;
        answer.unwrap_or_else(|_| panic!("{arguments:?} does not end")).unwrap()
    }

    /// Runs `himekuri` and reads its JSON lines.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.himekuri(&[arguments, &["--json"]].concat()).await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}\n{}", self.logs());
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Starts a session; its attempt.
    pub(crate) async fn session(&self, project: &str, workflow: &str, date: &str) -> String {
        let started = self.json(&["start", project, workflow, "--session", date]).await;
        started[0]["attempt"].as_u64().unwrap().to_string()
    }

    async fn push(&self, project: &std::path::Path, gcp_project: &str) {
        let path = project.to_str().unwrap();
        let pushed = self.himekuri(&["push", path, "--gcp-project", gcp_project]).await;
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    }

    pub(crate) async fn every_target_is_up(&self) {
        let up = until("every target is up", DEADLINE, || async {
            let targets = self.prometheus.targets().await?;
            ensure!(targets.len() == self.addresses.len(), "{targets:?}");
            Ok(targets.iter().all(|target| target.health == "up").then_some(()))
        });
        up.await.unwrap();
        let rules = self.prometheus.rules().await.unwrap();
        assert!(rules.iter().all(|rule| rule.health != "err"), "{rules:?}");
    }

    /// What each program answers to Prometheus.
    pub(crate) async fn texts(&self) -> Vec<(&'static str, String)> {
        let mut texts = Vec::new();
        for (name, address) in &self.addresses {
            let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
            texts.push((*name, answer.text().await.unwrap()));
        }
        texts
    }

    /// Draws all dashboards, if somebody wants to see them.
    pub(crate) async fn render(&self, when: &str) {
        if std::env::var_os("HIMEKURI_RENDER").is_none() {
            return;
        }
        let target = program("himekuri").unwrap();
        let out = target.ancestors().nth(2).unwrap().join("pictures").join(when);
        let drawn = Command::new(repository().join("scripts/dashboards-python.sh"))
            .arg(repository().join("deploy/grafana/render.py"))
            .args([self.prometheus.url(), "--since", "3m", "--rate-interval", "5s", "--out"])
            .arg(&out)
            .output()
            .await
            .unwrap();
        println!("{}", String::from_utf8_lossy(&drawn.stdout));
        assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    }

    /// The ends of all logs.
    fn logs(&self) -> String {
        let read = |name: &&'static str| {
            let path = self.folder.path().join(format!("{name}.log"));
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let tail = lines.len().saturating_sub(15);
            format!("log of {name}:\n{}", lines[tail..].join("\n"))
        };
        self.addresses.keys().map(read).collect::<Vec<_>>().join("\n")
    }
}

fn coordinator<'a>(redis: &'a str, address: &'a str, told: [&'a str; 2]) -> Vec<&'a str> {
    vec![
        "--redis",
        redis,
        "--listen",
        address,
        "--watch-every",
        "1",
        "--table-interval",
        "0",
        "--late-after",
        "0",
        "--title-window",
        "narrow=1",
        "--title-bytes-per-day",
        "spender=20KiB",
        // The tables are small.
        "--price-per-tib",
        "1000000000",
        "--notify-webhook",
        told[0],
        "--notify-slack",
        told[1],
    ]
}

fn worker<'a>(warehouse: &'a str, address: &'a str) -> Vec<&'a str> {
    vec![
        "--bigquery",
        warehouse,
        "--prefetch",
        PREFETCH,
        "--job-wait",
        "5",
        "--health-listen",
        address,
    ]
}

/// Takes notices, for as long as the test runs.
fn webhook() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _notice = stream.read(&mut [0; 4_096]);
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
            let _sent = stream.write_all(head.as_bytes());
        }
    });
    format!("http://{address}/notices")
}

async fn prometheus(configuration: String, past: Option<String>) -> Prometheus {
    let start = move || Prometheus::start_with_past(&configuration, past.as_deref());
    tokio::task::spawn_blocking(start).await.unwrap().unwrap()
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// The repository's rules, evaluated each second.
fn configuration(addresses: &BTreeMap<&str, String>) -> String {
    let alerts: PathBuf = repository().join("deploy/prometheus/alerts.yml").canonicalize().unwrap();
    let job = |job: &str, names: &[&str]| {
        let targets: Vec<&str> = names.iter().map(|name| addresses[name].as_str()).collect();
        format!("- job_name: {job}\n  static_configs: [{{targets: {targets:?}}}]\n")
    };
    format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\nrule_files: ['{}']\nscrape_configs:\n{}{}",
        alerts.display(),
        job("himekuri-coordinator", &[&COORDINATORS[..], &[STRANGER]].concat()),
        job("himekuri-worker", &WORKERS),
    )
}
