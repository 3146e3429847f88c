//! The loader against the answers of snakeyaml 1.23 under digdag's rules: `data/yaml-cases.jsonl`,
//! whose documents come from `generate-yaml-cases.mjs`. Where it differs on purpose, the document
//! stands in `data/yaml-differs.json` with the reason.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::collections::{BTreeMap, BTreeSet};

use himekuri_workflow::{ProjectFiles, load_config};
use serde::Deserialize;
use serde_json::Value;

/// Path to text.
type Files = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Case {
    files: Files,
    value: Option<Value>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Difference {
    reason: String,
    documents: Vec<Files>,
}

#[test]
fn documents_load_as_digdag_loads_them_but_for_the_listed_ones() {
    let mut differing = BTreeSet::new();
    let mut report = Vec::new();
    for case in cases() {
        let files = ProjectFiles::from_iter(case.files.clone());
        let ours = load_config(&files, "wf.dig").map(Value::Object);
        let fits = match (&ours, &case.value) {
            (Ok(ours), Some(theirs)) => same(ours, theirs),
            (Err(_), None) => true,
            (Ok(_), None) | (Err(_), Some(_)) => false,
        };
        if !fits {
            let ours = ours.map_or_else(|problem| problem.to_string(), |value| value.to_string());
            let theirs = case.value.map(|value| value.to_string()).or(case.error).unwrap();
            report.push(format!("{:?}\n  ours   {ours}\n  theirs {theirs}", case.files));
            differing.insert(case.files);
        }
    }
    let listed: BTreeSet<Files> = differences().into_iter().flat_map(|d| d.documents).collect();
    let unlisted = report.iter().zip(&differing).count();

    assert!(unlisted < 200, "{}", report.join("\n"));
    assert_eq!(differing.difference(&listed).collect::<Vec<_>>(), Vec::<&Files>::new());
    assert_eq!(listed.difference(&differing).collect::<Vec<_>>(), Vec::<&Files>::new());
}

#[test]
fn the_comparison_holds_thousands_of_documents_read_and_refused() {
    let cases = cases();
    let refused = cases.iter().filter(|case| case.error.is_some()).count();

    assert!(cases.len() > 2500 && refused > 800, "{refused} of {} refused", cases.len());
}

#[test]
fn every_listed_difference_has_its_reason() {
    for difference in differences() {
        assert!(difference.reason.len() > 20 && !difference.documents.is_empty());
    }
}

#[test]
fn every_refused_document_is_refused_at_a_place_within_its_file() {
    for case in cases() {
        let files = ProjectFiles::from_iter(case.files.clone());
        let Err(problems) = load_config(&files, "wf.dig") else { continue };
        for problem in problems.0 {
            let position = problem.position.unwrap_or_else(|| panic!("{:?}", case.files));
            let text = case.files[&*position.file].replace("\r\n", "\n");
            let lines: Vec<&str> = text.split(['\n', '\r']).collect();
            let line = usize::try_from(position.line).unwrap() - 1;
            let column = usize::try_from(position.column).unwrap() - 1;
            let length = lines.get(line).map_or(0, |line| line.chars().count());
            assert!(line < lines.len() && column <= length, "{position}: {:?}", case.files);
        }
    }
}

fn cases() -> Vec<Case> {
    let lines = include_str!("data/yaml-cases.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn differences() -> Vec<Difference> {
    serde_json::from_str(include_str!("data/yaml-differs.json")).unwrap()
}

/// Equal, in the order of the keys; numbers as close as a trip through text leaves them.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
            (left - right).abs() <= left.abs() * 1e-15
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            let pairs = left.iter().zip(right);
            left.len() == right.len()
                && pairs.into_iter().all(|(l, r)| l.0 == r.0 && same(l.1, r.1))
        }
        (left, right) => left == right,
    }
}
