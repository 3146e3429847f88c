//! `moment` and `Date` give the answers of the npm packages `moment@2.21.0` and `moment-timezone@0.6.6`, recorded by
//! `generate-moment-cases.mjs`.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use himekuri_template::{EvaluateErrorKind, Evaluator, Limits, Params, Scope};
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
                wrong.extend(
                    cases.iter().filter_map(|case| difference(&mut evaluator, &scope, case)),
                );
            }
        }
    }

    assert!(count >= 20_000 || std::env::var(MORE_CASES).is_ok(), "only {count} cases");
    let shown = wrong.get(..SHOWN_MAX).unwrap_or(&wrong).join("\n");
    assert!(wrong.is_empty(), "{} of {count} cases differ:\n{shown}", wrong.len());
}

#[test]
fn what_moment_keeps_globally_ends_with_its_text() {
    let mut evaluator = Evaluator::new(Limits::default()).expect("an evaluator starts");
    for (changing, asking, untouched) in [
        ("moment.locale('ja')", "moment().format('dddd')", "Sunday"),
        (
            "moment.relativeTimeThreshold('m', 100)",
            "moment.duration(50, 'm').humanize()",
            "an hour",
        ),
        ("moment.fn.format = 1", "typeof moment.fn.format", "function"),
        ("moment.duration.fn.add = 1", "typeof moment.duration.fn.add", "function"),
        (
            "(function(){ Object.getPrototypeOf(moment.localeData()).isPM = 1 })()",
            "typeof moment.localeData().isPM",
            "function",
        ),
    ] {
        let together = format!("${{(({changing}), '')}}${{{asking}}}");
        let changed = evaluator.render(&tokyo(), &together, &Params::new());
        let later = evaluator.render(&tokyo(), &format!("${{{asking}}}"), &Params::new());

        assert!(changed.is_ok(), "{changing}: {changed:?}");
        assert_eq!(later.as_deref(), Ok(untouched), "{asking} after {changing}");
    }
    let text = "${moment.locale('ja')} ${moment().format('dddd')}";
    assert_eq!(evaluator.render(&tokyo(), text, &Params::new()).as_deref(), Ok("ja 日曜日"));
}

#[test]
fn what_of_moment_is_not_here_says_so() {
    let mut evaluator = Evaluator::new(Limits::default()).expect("an evaluator starts");
    for (expression, message) in [
        (
            "moment.updateLocale('ja', {})",
            "moment.updateLocale() is not available here; the languages are `en` and `ja`",
        ),
        (
            "moment.locale('fr', {months: []})",
            "moment.locale() cannot define a language here; there are `en` and `ja`",
        ),
        (
            "moment.relativeTimeRounding(Math.floor)",
            "moment.relativeTimeRounding() is not available here; round a duration's `asDays()` yourself",
        ),
        (
            "moment().parsingFlags()",
            "these methods of moment are not available here: creationData, inspect, invalidAt, isDSTShifted, parsingFlags",
        ),
        (
            "moment.defaultFormat = 'YYYY'",
            "moment.defaultFormat cannot be changed here; give format() a format",
        ),
        (
            "moment.now = function(){ return 0 }",
            "moment.now cannot be changed here; the time belongs to the session",
        ),
        ("moment.tz.setDefault('UTC')", "moment.tz.setDefault() is not available here"),
        (
            "moment.max('2019-09-01', '2019-09-02')",
            "moment.max and moment.min take moments, such as `moment(x)`",
        ),
        ("moment.duration(1).get('quarter')", "a duration has no `quarter` to get"),
    ] {
        let answer = evaluator.render(&tokyo(), &format!("${{{expression}}}"), &Params::new());

        let kind = answer.expect_err(expression).kind;
        assert_eq!(kind, EvaluateErrorKind::Type { message: message.to_owned() }, "{expression}");
    }
}

#[test]
fn what_differs_from_moment_on_purpose() {
    let mut evaluator = Evaluator::new(Limits::default()).expect("an evaluator starts");
    for (expression, answer) in [
        // moment.js prints `-0NaN`.
        ("moment('2019-09-01').month(NaN).format('YYYY-MM-DD')", "2019-09-01"),
        // moment.js shows its inside.
        ("typeof moment()._d + typeof moment.duration(1)._data", "undefinedundefined"),
        ("typeof moment.updateOffset + typeof moment.momentProperties", "undefinedundefined"),
        // The data of moment-timezone end in 2037; the rules of the zone do not.
        ("moment.tz('2050-07-01 12:00', 'America/New_York').format('Z z')", "-04:00 EDT"),
        ("moment.tz.guess()", "Asia/Tokyo"),
        ("moment.locale('fr')", "en"),
    ] {
        let here = evaluator.render(&tokyo(), &format!("${{{expression}}}"), &Params::new());

        assert_eq!(here.as_deref(), Ok(answer), "{expression}");
    }
}

#[test]
fn an_unknown_time_zone_is_an_error_with_the_nearest_known_one() {
    let mut evaluator = Evaluator::new(Limits::default()).expect("an evaluator starts");
    let long = format!("moment.tz('{}')", "x".repeat(60_000));
    for (expression, message) in [
        ("moment().tz('Asia/Tokio')", "unknown time zone `Asia/Tokio`; did you mean `Asia/Tokyo`?"),
        (
            "moment.tz('2019-09-01', 'JST')",
            "unknown time zone `JST`; write a name such as `Asia/Tokyo`",
        ),
        (
            &long,
            "unknown time zone `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`; write a name such as `Asia/Tokyo`",
        ),
    ] {
        let answer = evaluator.render(&tokyo(), &format!("${{{expression}}}"), &Params::new());

        let kind = answer.expect_err("the zone is unknown").kind;
        let message = format!("RangeError: {message}");
        assert_eq!(kind, EvaluateErrorKind::Thrown { message });
    }
}

#[test]
fn texts_and_formats_that_would_take_long_are_refused() {
    let mut evaluator = Evaluator::new(Limits::default()).expect("an evaluator starts");
    for (expression, message) in [
        ("moment('1'.repeat(1001), 'YYYY')", "moment reads a text of at most 1000 bytes"),
        ("moment('1', 'Y'.repeat(2001))", "moment reads a format of at most 2000 bytes"),
        ("moment('1', Array(1002).fill('Y'))", "moment reads a format of at most 2000 bytes"),
        ("moment().format('L'.repeat(20000))", "moment prints formats of at most 16384 bytes"),
    ] {
        let answer = evaluator.render(&tokyo(), &format!("${{{expression}}}"), &Params::new());

        let kind = answer.expect_err("the text is too long").kind;
        assert_eq!(kind, EvaluateErrorKind::Thrown { message: format!("RangeError: {message}") });
    }
    let long = "${moment('2019-09-01' + ' '.repeat(2000)).isValid()}";
    assert_eq!(evaluator.render(&tokyo(), long, &Params::new()).as_deref(), Ok("false"));
}

fn tokyo() -> Scope {
    Scope {
        now: "2019-09-01T07:00:00+09:00".parse().expect("a time"),
        time_zone: TimeZone::get("Asia/Tokyo").expect("a known zone"),
    }
}

fn agree(evaluator: &mut Evaluator, scope: &Scope, cases: &[Case]) -> bool {
    let texts: Vec<String> = cases.iter().map(|case| format!("${{{}}}", case.expression)).collect();
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
