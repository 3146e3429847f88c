//! `docs/tour.md`, command by command, against the pool that `make pool` starts: what it shows is what a newcomer sees.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use himekuri_integration_tests::until;

const TOUR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tour.md");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const DEADLINE: Duration = Duration::from_secs(180);

/// `make pool`, which is told to stop at the end.
struct PoolScript(Child);

impl PoolScript {
    fn start(environment: Vec<(String, String)>, log: &Path) -> Self {
        let output = std::fs::File::create(log).unwrap();
        let script = Command::new(format!("{ROOT}/scripts/pool.sh"))
            .envs(environment)
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn();
        Self(script.unwrap())
    }
}

impl Drop for PoolScript {
    fn drop(&mut self) {
        let _told = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ended = self.0.wait();
    }
}

/// A command and what it is to print.
struct Step {
    line: usize,
    command: String,
    shown: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_shows_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["API", "STANDBY", "BIGQUERY", "REDIS", "AMQP", "DISTRIBUTION", "MAPPER"];
    let ports: Vec<(String, u16)> =
        names.iter().map(|name| (format!("POOL_{name}_PORT"), free_port())).collect();
    let log = folder.path().join("pool.log");
    let data = folder.path().join("pool");
    let mut environment: Vec<(String, String)> =
        ports.iter().map(|(name, port)| (name.clone(), port.to_string())).collect();
    environment.push(("POOL_DATA".to_owned(), data.to_str().unwrap().to_owned()));
    environment.push(("CARGO_TARGET_DIR".to_owned(), target().to_str().unwrap().to_owned()));
    let _pool = PoolScript::start(environment, &log);
    until("the pool is ready", DEADLINE, || async {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        anyhow::ensure!(!said.contains("has ended"), "{said}");
        Ok(said.contains("pool: ready").then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#}: {}", std::fs::read_to_string(&log).unwrap()));
    // The tour works on a copy of the examples.
    let copied =
        Command::new("cp").args(["-r", &format!("{ROOT}/examples")]).arg(folder.path()).status();
    assert!(copied.unwrap().success());

    let steps = steps(&std::fs::read_to_string(TOUR).unwrap());
    assert!(steps.len() > 10, "the tour has only {} commands", steps.len());
    let api = ports[0].1;
    for step in steps {
        let (shown, said) = (step.shown.join("\n"), run(&step.command, folder.path(), api).await);
        assert!(
            fits(&shown, &said),
            "docs/tour.md, line {}: `{}` shows\n{shown}\nand it is\n{said}",
            step.line,
            step.command
        );
    }
}

/// The commands behind `$`, with the lines behind each, of the blocks of the kind `console`. The first block starts the pool.
fn steps(text: &str) -> Vec<Step> {
    let (mut steps, mut blocks, mut inside): (Vec<Step>, usize, bool) = (Vec::new(), 0, false);
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with("```") {
            inside = line == "```console";
            blocks += usize::from(inside);
            continue;
        }
        if !inside || blocks == 1 {
            continue;
        }
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => {
                steps.push(Step { line: number, command: command.to_owned(), shown: Vec::new() });
            }
            (None, Some(step)) => step.shown.push(line.to_owned()),
            (None, None) => panic!("line {number} is before the first command"),
        }
    }
    steps
}

/// Both streams, as a terminal shows them.
async fn run(command: &str, folder: &Path, api: u16) -> String {
    let path = format!("{}:{}", programs().display(), std::env::var("PATH").unwrap());
    let output = tokio::process::Command::new("bash")
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .current_dir(folder)
        .env("PATH", path)
        .env("HIMEKURI_COORDINATOR", format!("http://127.0.0.1:{api}"))
        .env("NO_COLOR", "1")
        .env("USER", "kim")
        .output();
    let output = tokio::time::timeout(DEADLINE, output).await.unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Whether a text fits a pattern: `…` stands for anything within a line, a line `...` for any lines.
fn fits(pattern: &str, text: &str) -> bool {
    let pattern: Vec<&str> = pattern.lines().map(str::trim_end).collect();
    let text: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines_fit(&pattern, &text)
}

fn lines_fit(pattern: &[&str], text: &[&str]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((&"...", rest)), _) => {
            (0..=text.len()).any(|skipped| lines_fit(rest, &text[skipped..]))
        }
        (Some((first, pattern)), Some((line, text))) => {
            line_fits(first, line) && lines_fit(pattern, text)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn line_fits(pattern: &str, line: &str) -> bool {
    match pattern.split_once('…') {
        None => pattern == line,
        Some((begin, rest)) => line.strip_prefix(begin).is_some_and(|line| {
            line.char_indices()
                .map(|(place, _)| place)
                .chain([line.len()])
                .any(|place| line_fits(rest, &line[place..]))
        }),
    }
}

#[test]
fn a_pattern_fits_what_it_should_and_nothing_else() {
    assert!(fits("a … c\n...\nend", "a b c\nx\ny\nend"));
    assert!(fits("a …", "a b"));
    assert!(!fits("a … c", "a b d"));
    assert!(!fits("a", "a\nb"));
    assert!(!fits("a\nb", "a"));
}

/// Where the programs of the pool are.
fn programs() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().to_owned()
}

fn target() -> PathBuf {
    programs().parent().unwrap().to_owned()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
