//! `moment` and `Date` give the answers of the npm packages `moment@2.21.0` and `moment-timezone@0.6.6`, recorded by
//! `generate-moment-cases.mjs`.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use himekuri_template::{Evaluator, Limits, Params, Scope};
use jiff::tz::TimeZone;
use serde_json::Value;

/// Path of a larger file of cases (JSON lines, not compressed) to check by hand.
const MORE_CASES: &str = "HIMEKURI_MOMENT_CASES";
/// Differences printed. A wrong rule makes hundreds of the same kind.
const SHOWN_MAX: usize = 60;

/// Expressions evaluated as one text, which costs less than a text for each.
const AT_ONCE: usize = 50;
/// Stands between them; no answer holds it.
const SEPARATOR: &str = "\u{1e}";

struct Case {
    expression: String,
    /// `None` for an error of the npm package.
    answer: Option<String>,
}

#[test]
fn moment_answers_as_the_npm_package_does() {
    let mut evaluator = Evaluator::new(Limits::default()).expect("an evaluator starts");
    let mut count = 0;
    let mut wrong = Vec::new();

    for (scope, cases) in recorded_cases() {
        count += cases.len();
        for cases in cases.chunks(AT_ONCE) {
            // What is wrong, what throws and what sets a language for its text is looked at alone.
            if !agree(&mut evaluator, &scope, cases) {
                wrong.extend(cases.iter().filter_map(|case| difference(&mut evaluator, &scope, case)));
            }
        }
    }

    assert!(count >= 20_000 || std::env::var(MORE_CASES).is_ok(), "only {count} cases");
    let shown = wrong.get(..SHOWN_MAX).unwrap_or(&wrong).join("\n");
    assert!(wrong.is_empty(), "{} of {count} cases differ:\n{shown}", wrong.len());
}

fn agree(evaluator: &mut Evaluator, scope: &Scope, cases: &[Case]) -> bool {
    let texts: Vec<String> =
        cases.iter().map(|case| format!("${{{}}}", case.expression)).collect();
    let answers = evaluator.render(scope, &texts.join(SEPARATOR), &Params::new());
    let expected: Option<Vec<&str>> = cases.iter().map(|case| case.answer.as_deref()).collect();
    match (answers, expected) {
        (Ok(answers), Some(expected)) => answers.split(SEPARATOR).eq(expected),
        (_, _) => false,
    }
}

fn difference(evaluator: &mut Evaluator, scope: &Scope, case: &Case) -> Option<String> {
    let Case { expression, answer } = case;
    let here = evaluator.render(scope, &format!("${{{expression}}}"), &Params::new());
    (here.as_ref().ok() != answer.as_ref()).then(|| {
        let zone = scope.time_zone.iana_name().unwrap_or_default();
        format!("{zone}, {}: {expression}\n  npm  {answer:?}\n  here {here:?}", scope.now)
    })
}

/// Cases by zone and time.
fn recorded_cases() -> Vec<(Scope, Vec<Case>)> {
    let mut all: Vec<(Scope, Vec<Case>)> = Vec::new();
    for line in recorded_lines().lines() {
        let line: Value = serde_json::from_str(line).expect("a line is JSON");
        if let Some(zone) = line["zone"].as_str() {
            let now = line["now"].as_str().and_then(|now| now.parse().ok()).expect("a time");
            let time_zone = TimeZone::get(zone).expect("a known zone");
            all.push((Scope { now, time_zone }, Vec::new()));
            continue;
        }
        let expression = line[0].as_str().expect("an expression").to_owned();
        let case = Case { expression, answer: line[1].as_str().map(str::to_owned) };
        all.last_mut().expect("a zone stands before its cases").1.push(case);
    }
    all
}

fn recorded_lines() -> String {
    if let Ok(path) = std::env::var(MORE_CASES) {
        return std::fs::read_to_string(path).expect("the file of cases can be read");
    }
    let compressed: &[u8] = include_bytes!("data/moment-cases.jsonl.gz");
    let mut text = String::new();
    MultiGzDecoder::new(compressed).read_to_string(&mut text).expect("the cases are gzip");
    text
}
