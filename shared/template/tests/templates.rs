//! Templates mean what they mean in digdag: `data/templates.jsonl` holds our own templates with the answers of digdag's
//! template function, run by GraalJS 19.3.1 with the options digdag gives it and moment 2.21.0.
//!
//! The first line has the parameters that all cases see. Each other line is a case: `t` the template, `p` parameters of
//! its own, `z` its time zone, and digdag's answer: `r` a text, or `e` the kind of error. Where we differ on purpose,
//! `ours` is our text, or `ours_e` our kind of error, and `why` the reason.

use std::fmt::Write as _;

use himekuri_template::{EvaluateErrorKind as Kind, Evaluator, Limits, Params, Scope};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

#[test]
fn templates_print_what_digdag_prints() {
    let mut evaluator = Evaluator::new(Limits::default()).expect("an evaluator starts");
    let mut lines = include_str!("data/templates.jsonl").lines();
    let given = object(lines.next().expect("the given parameters"));
    let given = given["given"].as_object().expect("an object");
    let (mut cases, mut differences) = (0, String::new());
    for line in lines {
        let case = object(line);
        let template = case["t"].as_str().expect("a template");
        let mut params = given.clone();
        params.extend(case.get("p").and_then(Value::as_object).cloned().unwrap_or_default());
        let zone = case.get("z").and_then(Value::as_str).unwrap_or("Asia/Tokyo");
        params["timezone"] = zone.into();

        let answer = match evaluator.render(&scope(zone), template, &params) {
            Ok(text) => ("r", text),
            Err(error) => ("e", kind(&error.kind).to_owned()),
        };

        let expected = ["ours", "ours_e", "r", "e"]
            .into_iter()
            .find_map(|key| Some((key.trim_start_matches("ours_"), case.get(key)?.as_str()?)))
            .map(|(key, text)| (if key == "ours" { "r" } else { key }, text))
            .expect("an answer");
        cases += 1;
        if (answer.0, answer.1.as_str()) != expected {
            let _ = writeln!(differences, "{template:?}: {answer:?}, digdag {expected:?}");
        }
    }
    assert!(cases >= 1_000, "{cases} cases");
    assert!(differences.is_empty(), "\n{differences}");
}

/// The kinds that digdag's errors have too; everything else was thrown.
fn kind(kind: &Kind) -> &'static str {
    if matches!(kind, Kind::Syntax { .. }) {
        return "syntax";
    }
    if matches!(kind, Kind::Reference { .. }) {
        return "reference";
    }
    if matches!(kind, Kind::Type { .. }) {
        return "type";
    }
    // Of a text that was parsed while running: `JSON.parse(x)`.
    let parsed = matches!(kind, Kind::Thrown { message } if message.starts_with("SyntaxError"));
    if parsed { "syntax" } else { "thrown" }
}

fn scope(zone: &str) -> Scope {
    let time_zone = match zone.strip_prefix('+') {
        Some("05:30") => {
            TimeZone::fixed(jiff::tz::Offset::from_seconds(19_800).expect("an offset"))
        }
        _ => TimeZone::get(zone).expect("a known zone"),
    };
    Scope { now: Timestamp::UNIX_EPOCH, time_zone }
}

fn object(line: &str) -> Params {
    serde_json::from_str(line).expect("an object")
}
