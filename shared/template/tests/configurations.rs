//! Configurations are evaluated once, in order, and see what digdag lets them see.

use himekuri_template::{EvaluateError, Evaluator, Limits, Params, Scope};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// `data/configurations.jsonl` has configurations of our own with the answers of digdag's order of evaluation around its
/// template function: `p` parameters, `l` the task's own keys, `r` the whole result or `e` the pointer of the string that
/// fails. The first line has the session's variables, which stand behind the parameters of each.
#[test]
fn configurations_become_what_digdag_makes_of_them() {
    let mut lines = include_str!("data/configurations.jsonl").lines();
    let given: Value = serde_json::from_str(lines.next().expect("a line")).expect("JSON");
    let mut cases = 0;
    for line in lines {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let mut params = object(case["p"].clone());
        for (key, value) in given["given"].as_object().expect("an object") {
            params.entry(key).or_insert_with(|| value.clone());
        }
        let local = case.get("l").cloned().unwrap_or_else(|| json!({}));

        let result = try_evaluate(Value::Object(params), local);

        match (case.get("r"), result) {
            // As text: the order of keys counts too.
            (Some(expected), Ok(all)) => {
                assert_eq!(Value::Object(all).to_string(), expected.to_string(), "{line}");
            }
            (None, Err(error)) => assert_eq!(error.pointer, case["e"].as_str().unwrap(), "{line}"),
            (_, result) => panic!("{line}: {result:?}"),
        }
        cases += 1;
    }
    assert!(cases >= 140, "{cases} cases");
}

#[test]
fn a_key_sees_the_evaluated_keys_before_it() {
    let all = evaluate(
        json!({"session_date": "2019-09-01", "a": "${session_date}", "b": "${a}-x"}),
        json!({}),
    );

    assert_eq!(all["b"], "2019-09-01-x");
}

#[test]
fn a_key_sees_the_raw_keys_behind_it() {
    let all = evaluate(
        json!({"b": "${a}-x", "a": "${session_date}", "session_date": "2019-09-01"}),
        json!({}),
    );

    assert_eq!(all["b"], "${session_date}-x");
}

#[test]
fn nested_objects_see_raw_outer_values() {
    let all = evaluate(
        json!({"session_date": "2019-09-01", "a": "${session_date}", "bq": {"dataset": "ds_${a}"}}),
        json!({}),
    );

    assert_eq!(all["bq"]["dataset"], "ds_${session_date}");
}

#[test]
fn strings_in_arrays_see_the_enclosing_objects_keys_but_objects_in_arrays_do_not() {
    let all = evaluate(
        json!({"d": "1", "a": "${d}", "list": ["${a}", ["${a}"], {"x": "${a}"}]}),
        json!({}),
    );

    assert_eq!(all["list"], json!(["1", ["1"], {"x": "${d}"}]));
}

#[test]
fn keys_of_a_nested_object_see_each_other() {
    let all = evaluate(json!({"n": 1, "o": {"a": "${n + 1}", "b": "${a}!"}}), json!({}));

    assert_eq!(all["o"], json!({"a": "2", "b": "2!"}));
}

#[test]
fn local_keys_see_earlier_local_keys_and_cover_parameters_in_their_place() {
    let all = evaluate(
        json!({"table": "raw", "z": "${table}"}),
        json!({"date": "20190901", "full": "t$${date}", "table": "own"}),
    );

    assert_eq!(
        Value::Object(all),
        json!({"table": "own", "z": "own", "date": "20190901", "full": "t$20190901"})
    );
}

#[test]
fn local_keys_are_unknown_to_objects_nested_in_local_keys() {
    let error = try_evaluate(json!({}), json!({"date": "1", "o": {"x": "${date}"}}))
        .expect_err("`date` is local");

    assert_eq!(error.pointer, "/o/x");
}

#[test]
fn keys_keep_their_order_and_objects_are_merged() {
    let all = evaluate(
        json!({"z": 1, "bq": {"a": 1, "b": 2}, "a": 3}),
        json!({"bq": {"b": 5, "c": 6}, "y": 7}),
    );

    let keys: Vec<&String> = all.keys().collect();
    assert_eq!(keys, ["z", "bq", "a", "y"]);
    assert_eq!(all["bq"], json!({"a": 1, "b": 5, "c": 6}));
}

#[test]
fn bodies_of_loops_are_left_alone_at_any_depth() {
    let body = json!({"+a": {"echo>": "${i}"}});
    let all = evaluate(
        json!({}),
        json!({"loop>": 3, "_do": body, "deep": {"_else_do": "${nope}"}, "_check": {"x": "${nope}"}, "_error": "${nope}"}),
    );

    assert_eq!(
        Value::Object(all),
        json!({"loop>": 3, "_do": body, "deep": {"_else_do": "${nope}"}})
    );
}

#[test]
fn a_broken_export_fails_a_task_that_does_not_use_it() {
    let error = try_evaluate(json!({"x": {"y/z": ["${nope.x}"]}}), json!({"echo>": "hello"}))
        .expect_err("broken");

    assert_eq!(error.pointer, "/x/y~1z/0");
    assert!(error.to_string().contains("in `/x/y~1z/0`"), "{error}");
}

#[test]
fn results_are_not_evaluated_again_but_stored_values_are() {
    let all = evaluate(json!({"n": 1, "stored": "$${n} ${'$'}{n}"}), json!({}));

    assert_eq!(all["stored"], "$1 ${n}");
}

#[test]
fn values_that_are_no_strings_stay_what_they_are() {
    let values = json!({"a": 1.50, "b": null, "c": true, "d": [1, {"e": false}], "${k}": "key"});

    assert_eq!(Value::Object(evaluate(values.clone(), json!({}))), values);
}

#[test]
fn an_overriding_parameter_hides_a_global_of_the_same_name() {
    let all = evaluate(
        json!({"Math": "mine", "toString": "text", "__proto__": {"p": 1}}),
        json!({
            "a": "${Math + '!'}", "b": "${toString + '!'}", "c": "${typeof p}", "d": "${__proto__.p}"
        }),
    );

    assert_eq!([&all["a"], &all["b"], &all["c"], &all["d"]], ["mine!", "text!", "undefined", "1"]);
}

fn evaluate(params: Value, local: Value) -> Params {
    try_evaluate(params, local).expect("the configuration can be evaluated")
}

fn try_evaluate(params: Value, local: Value) -> Result<Params, EvaluateError> {
    let scope = scope();
    evaluator().evaluate(&scope, &object(params), &object(local))
}

fn scope() -> Scope {
    let time_zone = TimeZone::get("Asia/Tokyo").expect("a known zone");
    Scope { now: Timestamp::UNIX_EPOCH, time_zone }
}

fn evaluator() -> Evaluator {
    Evaluator::new(Limits::default()).expect("an evaluator starts")
}

fn object(value: Value) -> Params {
    value.as_object().expect("an object").clone()
}
