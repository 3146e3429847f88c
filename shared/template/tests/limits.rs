//! Expressions are stopped at their limits, and leave nothing behind.

#[path = "limits/hostile.rs"]
mod hostile;

use std::time::Duration;

use himekuri_template::{EvaluateErrorKind as Kind, Evaluator, Limits, Params, Scope};
use jiff::{Timestamp, tz::TimeZone};

/// `examples/hostile.rs` prints what each costs.
#[test]
fn hostile_expressions_are_refused_and_the_evaluator_goes_on() {
    let mut evaluator = evaluator();
    let params: Params = serde_json::from_str(r#"{"text": "abc"}"#).expect("JSON");
    let before = resident_kib();
    for expression in hostile::expressions() {
        let result = evaluator.render(&scope(), &format!("${{{expression}}}"), &params);
        let error = result.expect_err(&expression);
        let shown = error.to_string();
        assert!(shown.contains(&expression[..expression.len().min(100)]), "{shown}");
        assert!(shown.len() < 600, "{shown}");
        assert_works(&mut evaluator);
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 64 * 1024, "the process grew by {grown} KiB");
}

#[test]
fn endless_work_is_stopped_and_the_evaluator_goes_on() {
    let mut evaluator = evaluator();
    for expression in [
        "(function(){ while(true){} })()",
        "(function(){ for(;;){ try { while(true){} } catch(e) {} finally { } } })()",
        "/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaX')",
        "(function(){ var o = { toJSON: function(){ while(true){} } }; return o })()",
        "(function(){ throw { toString: function(){ while(true){} } } })()",
    ] {
        let kind = failure(&mut evaluator, expression);
        assert!(matches!(kind, Kind::TimeLimit { .. }), "{expression}: {kind:?}");
        assert_works(&mut evaluator);
    }
}

#[test]
fn the_start_of_the_engine_does_not_count_for_an_expression() {
    let limits = Limits { cpu: Duration::ZERO, ..Limits::default() };

    let mut evaluator = Evaluator::new(limits).expect("an engine");

    let kind = failure(&mut evaluator, "(function(){ while(true){} })()");
    assert!(matches!(kind, Kind::TimeLimit { .. }), "{kind:?}");
}

#[test]
fn memory_and_lengths_are_bounded_and_the_evaluator_goes_on() {
    let mut evaluator = evaluator();
    for expression in [
        "(function(){ var s = 'x'; while(true) s += s })()",
        "(function(){ var a = []; while(true) a.push('x'.repeat(100000)) })()",
        "'x'.repeat(1e9)",
        "Array(1e9)",
        "Array(1e9).join('x')",
        "[].concat(Array(4e9))",
        "Array.prototype.indexOf.call({length: 9e15}, 1)",
        "Array.from({length: 9e15})",
        "String.raw({raw: {length: 9e15}})",
        "(function(){ var a = []; a[4e9 - 300000000] = 1; return a.sort() })()",
    ] {
        let kind = failure(&mut evaluator, expression);
        // On a slow machine the clock may be faster.
        let is_refused = matches!(kind, Kind::MemoryLimit { .. } | Kind::TimeLimit { .. });
        assert!(is_refused, "{expression}: {kind:?}");
        assert_works(&mut evaluator);
    }
}

#[test]
fn deep_recursion_is_stopped_and_the_evaluator_goes_on() {
    let mut evaluator = patient(Limits::default());
    let nested = format!("{}1{}", "(".repeat(30_000), ")".repeat(30_000));
    for expression in [
        "(function f(){ return f() + 1 })()",
        "(function(){ var o = { toString: function(){ return '' + o } }; return '' + o })()",
        "(function(){ var o = {}; for (var i = 0; i < 50000; i++) o = { o: o }; return o })()",
        &nested,
    ] {
        let kind = failure(&mut evaluator, expression);
        assert!(matches!(kind, Kind::Recursion), "{:.60}: {kind:?}", expression);
        assert_works(&mut evaluator);
    }
}

#[test]
fn a_text_that_grows_too_long_is_refused() {
    let limits = Limits { output_bytes: 100, ..Limits::default() };
    let mut evaluator = Evaluator::new(limits).expect("an evaluator starts");

    let kind = failure(&mut evaluator, "'x'.repeat(101)");

    assert_eq!(kind, Kind::OutputLimit { limit: 100 });
}

#[test]
fn errors_of_limits_name_the_expression_its_place_and_a_cure() {
    let limits = Limits { output_bytes: 100, expression_bytes: 1_000, ..Limits::default() };
    let mut evaluator = Evaluator::new(limits).expect("an evaluator starts");
    let long = format!("'{}'", "x".repeat(1_000));
    for (expression, expected) in [
        ("'x'.repeat(101)", "the text grew above 100 bytes; split it"),
        (
            "(function(){ while(true){} })()",
            "it used more than 50 ms of CPU time; move the computation",
        ),
        ("'x'.repeat(1e9)", "it needed more than 16384 KiB of memory; move the computation"),
        ("(function f(){ f() })()", "functions called each other too deeply; use a loop"),
        ("2n ** 9n", "BigInt is not available; digdag has none"),
        ("java.lang.System.exit(1)", "expressions do not reach Java"),
        (&long, "it is longer than 1000 bytes; move what it holds into a file or a parameter"),
    ] {
        let text = format!("a ${{1}} ${{{expression}}}");

        let error = evaluator.render(&scope(), &text, &Params::new()).expect_err(expression);

        assert_eq!((error.offset, error.expression.as_str()), (7, expression));
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("could not evaluate `${{{expression:.100}")), "{shown}");
        assert!(shown.contains(expected), "{shown}");
    }
}

#[test]
fn kept_expressions_do_not_use_up_the_memory_of_later_ones() {
    let mut evaluator = patient(Limits { memory_bytes: 4 * 1024 * 1024, ..Limits::default() });
    for index in 0..400 {
        let long = format!("{}{index}", "1 + ".repeat(2_000));

        assert_eq!(render(&mut evaluator, &format!("${{{long}}}")), (2_000 + index).to_string());
    }
}

#[test]
fn names_made_global_last_for_their_text_only() {
    let mut evaluator = evaluator();

    assert_eq!(render(&mut evaluator, "${leaked = 7}${leaked}"), "77");

    assert_eq!(render(&mut evaluator, "${typeof leaked}"), "undefined");
}

#[test]
fn no_change_of_a_built_in_survives() {
    let mut evaluator = evaluator();
    for attack in [
        "Array.prototype.join = function(){ return 'evil' }",
        "Object.prototype.evil = 'evil'",
        "moment.fn.format = function(){ return 'evil' }",
        "moment.evil = 'evil'",
        "Math.evil = 'evil'",
        "JSON = { stringify: function(){ return 'evil' } }",
        "globalThis.evil = 'evil'",
        "Object.defineProperty(globalThis, 'evil', {value: 'evil'})",
        "Object.defineProperty(globalThis, Symbol.iterator, {value: 'evil'})",
        "(0, eval)('var evil = 1; function evil2() {}')",
        "Function('evil = 1; this.evil2 = 2')()",
        "arguments.callee.evil = 'evil'",
        "Object.getPrototypeOf(function*(){}).evil = 'evil'",
        "Object.getPrototypeOf([][Symbol.iterator]()).next = function(){ return {done: true} }",
        "Object.setPrototypeOf(globalThis, {evil: 1})",
        "Object.preventExtensions(globalThis)",
    ] {
        // Whether the attempt throws or is ignored makes no difference.
        let _ = evaluator.render(&scope(), &format!("${{{attack}}}"), &Params::new());
        let seen = "${[1, 2].join('-')} ${typeof evil} ${typeof evil2} ${moment.evil} ${Math.evil} \
                    ${moment(0).format('Y')} ${JSON.stringify([1])} ${arguments.callee.evil} \
                    ${(function(){ var n = 0; for (var x of [1, 2]) n += x; return n })()} \
                    ${(fresh = 3, fresh)}";
        assert_eq!(
            render(&mut evaluator, seen),
            "1-2 undefined undefined   1970 [1]  3 3",
            "after {attack}"
        );
    }
}

#[test]
fn a_parameter_changed_by_one_text_is_whole_for_the_next() {
    let mut evaluator = evaluator();
    let params: Params = serde_json::from_str(r#"{"files": ["a", "b"]}"#).expect("JSON");
    let text = "${files.reverse()[0]}${files[0]}";

    let first = evaluator.render(&scope(), text, &params);
    let second = evaluator.render(&scope(), text, &params);

    assert_eq!((first.as_deref(), second.as_deref()), (Ok("bb"), Ok("bb")));
}

#[test]
fn ordinary_code_is_not_hindered_by_frozen_prototypes() {
    let mut evaluator = evaluator();
    for (expression, expected) in [
        (
            "(function(){ var o = {}; o.toString = function(){ return 'own' }; return '' + o })()",
            "own",
        ),
        (
            "(function(){ var e = new Error('a'); e.name = 'N'; e.message = 'm'; return '' + e })()",
            "N: m",
        ),
        (
            "(function(){ function F(){} F.prototype.toString = function(){ return 'f' }; return '' + new F() })()",
            "f",
        ),
        (
            "(function(){ var o = {constructor: 1}; o.constructor = 2; return o.constructor })()",
            "2",
        ),
        ("Object.keys({valueOf: 1, b: 2}).join()", "valueOf,b"),
        ("[3, 1, 2].sort().map(function(x){ return x * 2 }).concat([9]).join()", "2,4,6,9"),
        ("[1, [2, [3]]].flat(Infinity).length", "3"),
        ("Math.max.apply(null, [1, 5, 3])", "5"),
    ] {
        assert_eq!(render(&mut evaluator, &format!("${{{expression}}}")), expected, "{expression}");
    }
}

#[test]
fn code_that_waits_or_asks_the_clock_does_not_exist() {
    let mut evaluator = evaluator();
    for name in [
        "SharedArrayBuffer",
        "Atomics",
        "performance",
        "WeakRef",
        "queueMicrotask",
        "setTimeout",
        "require",
    ] {
        assert_eq!(render(&mut evaluator, &format!("${{typeof {name}}}")), "undefined", "{name}");
    }
}

fn failure(evaluator: &mut Evaluator, expression: &str) -> Kind {
    let result = evaluator.render(&scope(), &format!("${{{expression}}}"), &Params::new());
    result.expect_err("the expression is stopped").kind
}

/// The greatest resident size of this process so far.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

fn assert_works(evaluator: &mut Evaluator) {
    assert_eq!(render(evaluator, "${1 + 1} ${moment(0).format('YYYY')}"), "2 1970");
}

fn render(evaluator: &mut Evaluator, text: &str) -> String {
    evaluator.render(&scope(), text, &Params::new()).expect("the text can be rendered")
}

fn evaluator() -> Evaluator {
    Evaluator::new(Limits::default()).expect("an evaluator starts")
}

/// For limits other than that of time, which a slow machine may reach first.
fn patient(limits: Limits) -> Evaluator {
    let limits = Limits { cpu: Duration::from_secs(30), ..limits };
    Evaluator::new(limits).expect("an evaluator starts")
}

fn scope() -> Scope {
    Scope { now: Timestamp::UNIX_EPOCH, time_zone: TimeZone::UTC }
}
