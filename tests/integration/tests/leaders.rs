//! Two coordinators: both answer, one leads; whatever becomes of it, the other leads in time.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use himekuri_integration_tests::{Process, Signal, program, until};
use himekuri_testkit::{RabbitMq, RedisServer, unique_name};
use serde_json::Value;

/// A lease of a killed leader runs out after 6 s, a standby looks every 500 ms (design D9: within 10 s).
const TAKEOVER: Duration = Duration::from_secs(10);
/// A leader that is told to stop gives its lease back (issue: within 1 s), and the standby looks every 500 ms.
const HAND_OVER: Duration = Duration::from_millis(1_500);

struct Pair {
    names: [&'static str; 2],
    addresses: [String; 2],
    processes: [Process; 2],
}

impl Pair {
    fn start(rabbitmq: &RabbitMq, redis: &RedisServer, folder: &Path) -> Self {
        let (prefix, names) = (unique_name("pair"), ["first", "second"]);
        let addresses = names.map(|_| {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            port.to_string()
        });
        let mut started = names.iter().zip(&addresses).map(|(name, address)| {
            let (amqp, redis) = (rabbitmq.url(), redis.url());
            let arguments = [
                ("--redis", redis.as_str()),
                ("--amqp", amqp.as_str()),
                ("--prefix", prefix.as_str()),
                ("--listen", address.as_str()),
                ("--name", name),
            ];
            let flags = arguments.iter().flat_map(|(flag, value)| [*flag, *value]);
            let flags: Vec<String> = flags.map(str::to_owned).collect();
            Process::start("himekuri-coordinator", &flags, &folder.join(format!("{name}.log")))
                .unwrap()
        });
        let processes = [started.next().unwrap(), started.next().unwrap()];
        drop(started);
        Self { names, addresses, processes }
    }

    /// Which of them leads, by what it says itself.
    async fn leader(&self, folder: &Path, of: &[usize]) -> usize {
        until("one of them leads", TAKEOVER * 2, || async {
            let leading = |one: &&usize| {
                let log = folder.join(format!("{}.log", self.names[**one]));
                let text = std::fs::read_to_string(log).unwrap_or_default();
                text.contains("leading with epoch")
            };
            Ok(of.iter().find(leading).copied())
        })
        .await
        .unwrap()
    }

    async fn is_ready(&self, one: usize) -> Result<Option<()>, anyhow::Error> {
        let answer = reqwest::get(format!("http://{}/readyz", self.addresses[one])).await;
        Ok(answer.ok().filter(|answer| answer.status().is_success()).map(drop))
    }

    fn himekuri(&self, one: usize, arguments: &[&str]) -> Vec<Value> {
        let output = Command::new(program("himekuri").unwrap())
            .args(arguments)
            .args(["--coordinator", &format!("http://{}", self.addresses[one])])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_answer_and_the_other_leads_after_a_stop_a_kill_and_a_freeze() {
    let folder = tempfile::tempdir().unwrap();
    let (rabbitmq, redis) = (RabbitMq::start().unwrap(), RedisServer::start().unwrap());
    let project = folder.path().join("title");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("wf.dig"), "+a:\n  echo>: a\n").unwrap();
    let project = project.to_str().unwrap();

    for (signal, limit) in
        [(Signal::Terminate, HAND_OVER), (Signal::Kill, TAKEOVER), (Signal::Stop, TAKEOVER)]
    {
        let logs = folder.path().join(format!("{signal:?}"));
        std::fs::create_dir(&logs).unwrap();
        let mut pair = Pair::start(&rabbitmq, &redis, &logs);
        let leader = pair.leader(&logs, &[0, 1]).await;
        let other = 1 - leader;
        for one in [leader, other] {
            until("both are ready", TAKEOVER, || pair.is_ready(one)).await.unwrap();
        }
        // What one was told, the other knows.
        pair.himekuri(other, &["push", project, "--gcp-project", "title", "--json"]);
        let start = ["start", "title", "wf", "--session", "2025-12-01", "--json"];
        pair.himekuri(leader, &start);
        assert_eq!(pair.himekuri(other, &["attempts", "--json"]).len(), 1);

        pair.processes[leader].signal(signal).unwrap();
        let began = Instant::now();
        pair.leader(&logs, &[other]).await;
        until("the other answers for itself", TAKEOVER, || pair.is_ready(other)).await.unwrap();
        let took = began.elapsed();
        assert!(took <= limit, "{signal:?}: {took:?}");
        pair.himekuri(other, &["attempts", "--json"]);
        pair.himekuri(other, &["start", "title", "wf", "--session", "2025-12-02", "--json"]);

        // One that was frozen wakes up, finds itself deposed, and ends; the other has noticed nothing.
        if signal == Signal::Stop {
            pair.processes[leader].signal(Signal::Continue).unwrap();
            assert_eq!(pair.processes[leader].wait().unwrap(), Some(1));
            assert_eq!(pair.himekuri(other, &["attempts", "--json"]).len(), 2);
        }
        if signal == Signal::Terminate {
            assert_eq!(pair.processes[leader].wait().unwrap(), Some(0));
        }
    }
}
