//! What `check` says of broken projects, word for word, and that the pages of the codes tell the truth.
//!
//! A case is a file `tests/check/NAME.project` with the files of a small project; beside it stand what people read
//! (`NAME.text`) and what programs read (`NAME.jsonl`). `HIMEKURI_BLESS=1 cargo test` writes both anew, and the
//! messages in `docs/errors`; read the difference before it is committed.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

#[path = "checking/mutating.rs"]
mod mutating;
#[path = "checking/projects.rs"]
mod projects;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use himekuri_workflow::codes;
use projects::{Project, project_of_page};
use serde_json::Value;

fn is_blessing() -> bool {
    std::env::var_os("HIMEKURI_BLESS").is_some()
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Files of a folder with an ending, by name.
fn files(path: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(path)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    files.sort();
    files
}

/// Both outputs of `check`, and its exit code.
struct Said {
    text: String,
    json: String,
    exit_code: Option<i32>,
}

fn check(project: &Project) -> Said {
    let folder = tempfile::tempdir().unwrap();
    project.write(&folder.path().join("title"));
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_himekuri"))
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let (text, json) = (run(&["check", "title"]), run(&["check", "title", "--json"]));
    assert_eq!(text.status.code(), json.status.code());
    assert_eq!(String::from_utf8_lossy(&json.stderr), "");
    let here = folder.path().canonicalize().unwrap().display().to_string();
    let utf8 = |bytes| String::from_utf8(bytes).unwrap().replace(&here, "/here");
    Said {
        text: utf8(text.stderr) + &utf8(text.stdout),
        json: utf8(json.stdout),
        exit_code: text.status.code(),
    }
}

fn problems(said: &Said) -> Vec<Value> {
    said.json.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Compares with a file, or writes it.
fn compare(path: &Path, found: &str, differences: &mut Vec<String>) {
    if is_blessing() {
        fs::write(path, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected != found {
        let name = path.file_name().unwrap().display();
        differences.push(format!("{name}: expected\n{expected}\nfound\n{found}"));
    }
}

#[test]
fn every_broken_project_is_described_word_for_word() {
    let mut differences = Vec::new();
    let mut codes_seen = BTreeSet::new();
    let cases = files("tests/check", "project");
    assert!(cases.len() >= 70, "{} cases", cases.len());
    for case in cases {
        let said = check(&Project::parse(&fs::read_to_string(&case).unwrap()));

        let exit_code = said.exit_code.unwrap();
        let text = format!("{}exit code: {exit_code}\n", said.text);
        compare(&case.with_extension("text"), &text, &mut differences);
        compare(&case.with_extension("jsonl"), &said.json, &mut differences);
        let problems = problems(&said);
        let has_errors = problems.iter().any(|problem| problem["severity"] == "error");
        assert_eq!(exit_code, i32::from(has_errors), "{}", case.display());
        codes_seen
            .extend(problems.iter().map(|problem| problem["code"].as_str().unwrap().to_owned()));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    let missing: Vec<_> = codes::TABLE
        .iter()
        .map(|(code, ..)| *code)
        .filter(|code| !codes_seen.contains(*code))
        .collect();
    assert!(missing.is_empty(), "no case has {missing:?}");
}

#[test]
fn every_line_of_json_is_complete_and_in_order() {
    let keys = [
        "severity",
        "kind",
        "code",
        "file",
        "line",
        "column",
        "end_line",
        "end_column",
        "message",
        "help",
        "task",
    ];
    for golden in files("tests/check", "jsonl") {
        let name = golden.display();
        let mut before = None;
        for line in fs::read_to_string(&golden).unwrap().lines() {
            let problem: Value = serde_json::from_str(line).unwrap();
            let found: Vec<&String> = problem.as_object().unwrap().keys().collect();
            assert_eq!(found, keys, "{name}");
            let kind = codes::kind_of(problem["code"].as_str().unwrap());
            assert_eq!(problem["kind"], serde_json::to_value(kind).unwrap(), "{name}");
            let number = |key: &str| problem[key].as_u64().unwrap_or_default();
            let place = (
                problem["file"].as_str().unwrap_or_default().to_owned(),
                number("line"),
                number("column"),
            );
            assert!(before <= Some(place.clone()), "{name}: {line}");
            let is_marked =
                (number("line"), number("column")) < (number("end_line"), number("end_column"));
            assert!(
                is_marked || problem["end_line"].is_null() || is_empty_file(&problem),
                "{name}: {line}"
            );
            before = Some(place);
        }
    }
}

/// Nothing can be marked in a file without text.
fn is_empty_file(problem: &Value) -> bool {
    problem["code"] == codes::EMPTY_FILE
}

#[test]
fn messages_are_written_for_people() {
    for golden in files("tests/check", "jsonl") {
        for line in fs::read_to_string(&golden).unwrap().lines() {
            let problem: Value = serde_json::from_str(line).unwrap();
            let message = problem["message"].as_str().unwrap();
            assert!(!message.ends_with('.') && !message.is_empty(), "{message}");
            assert!(!message.starts_with(char::is_uppercase), "{message}");
            assert!(!message.contains("; "), "the cure is the help: {message}");
            assert!(problem["help"].is_string(), "no cure in {}: {message}", golden.display());
        }
    }
}

#[test]
fn the_example_of_every_page_yields_its_code_and_the_words_on_the_page() {
    let mut differences = Vec::new();
    for (code, ..) in codes::TABLE {
        let path = folder("../docs/errors").join(format!("{code}.md"));
        let page = fs::read_to_string(&path).unwrap();
        let (project, before, after) = project_of_page(&page);

        let said = check(&project);

        let codes: BTreeMap<_, _> =
            problems(&said).iter().map(|p| (p["code"].as_str().unwrap().to_owned(), ())).collect();
        assert!(codes.contains_key(*code), "{code}: its example yields {codes:?}");
        compare(&path, &format!("{before}{}{after}", said.text), &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[test]
fn the_index_of_the_pages_has_all_codes_with_their_meaning() {
    let index = fs::read_to_string(folder("../docs/errors/README.md")).unwrap();
    let rows: Vec<&str> = index.lines().filter(|line| line.starts_with("| [DIG")).collect();
    let expected: Vec<String> = codes::TABLE
        .iter()
        .map(|(code, kind, meaning)| {
            let kind = serde_json::to_value(kind).unwrap();
            format!("| [{code}]({code}.md) | {} | {meaning} |", kind.as_str().unwrap())
        })
        .collect();

    assert_eq!(rows, expected);
}

#[test]
fn a_clean_project_and_one_with_warnings_end_with_0_and_a_missing_folder_with_2() {
    let clean = check(&Project::parse("--- wf.dig\n+a:\n  echo>: ${session_date}\n"));
    assert_eq!((clean.exit_code, clean.json.as_str()), (Some(0), ""));
    assert_eq!(clean.text, "title: 1 workflow, 0 errors, 0 warnings, 0 remarks\n");

    let warned = check(&Project::parse("--- wf.dig\n+a:\n  echo>: ${nope}\n"));
    assert_eq!(warned.exit_code, Some(0), "{}", warned.text);

    let nowhere = Command::new(env!("CARGO_BIN_EXE_himekuri")).args(["check", "/nowhere"]).output();
    assert_eq!(nowhere.unwrap().status.code(), Some(2));
}

#[test]
fn the_examples_of_this_repository_have_no_problem() {
    for title in ["title_a", "title_b"] {
        let output = Command::new(env!("CARGO_BIN_EXE_himekuri"))
            .args(["check", title, "--json"])
            .current_dir(folder("../examples"))
            .output()
            .unwrap();

        assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{title}");
    }
}
