//! `moment` and `Date` give the answers of the npm package `moment@2.21.0`, recorded by
//! `generate-moment-cases.mjs`.

use himekuri_template::{Evaluator, Limits, Params, Scope};
use jiff::tz::TimeZone;
use serde_json::Value;

/// Path of a larger file of cases to check by hand.
const MORE_CASES: &str = "HIMEKURI_MOMENT_CASES";

#[test]
fn moment_answers_as_the_npm_package_does() {
    let recorded = match std::env::var(MORE_CASES) {
        Ok(path) => std::fs::read_to_string(path).expect("the file of cases can be read"),
        Err(_) => include_str!("data/moment-cases.json").to_owned(),
    };
    let zones: Value = serde_json::from_str(&recorded).expect("the cases are JSON");
    let mut evaluator = Evaluator::new(Limits::default()).expect("an evaluator starts");

    let mut wrong = Vec::new();
    for zone in zones.as_array().expect("a list of zones") {
        let name = zone["zone"].as_str().expect("a zone's name");
        let now = zone["now"].as_str().and_then(|now| now.parse().ok()).expect("a time");
        let time_zone = TimeZone::get(name).expect("a known zone");
        let scope = Scope { now, time_zone };
        for case in zone["cases"].as_array().expect("a list of cases") {
            let expression = case[0].as_str().expect("an expression");
            let answer = evaluator.render(&scope, &format!("${{{expression}}}"), &Params::new());
            let expected = case[1].as_str();
            if answer.as_deref().ok() != expected {
                wrong.push(format!("{name}: {expression}\n  npm  {expected:?}\n  here {answer:?}"));
            }
        }
    }

    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}
