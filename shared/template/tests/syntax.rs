//! What a checker learns of an expression without running it.

use himekuri_template::{
    EvaluateErrorKind as Kind, Evaluator, Limits, beyond_es5, expressions, free_names,
};

#[test]
fn names_that_are_certainly_read_are_told() {
    for (expression, expected) in [
        ("title", Some(vec!["title"])),
        ("bq.dataset", Some(vec!["bq"])),
        ("titles[i].id", Some(vec!["titles", "i"])),
        ("this.title", Some(vec![])),
        ("a + b.c(d)[e]", Some(vec!["a", "b", "d", "e"])),
        ("moment(session_time).format('YYYY')", Some(vec!["session_time"])),
        ("Object.keys(m).join()", Some(vec!["m"])),
        ("{a: b}", Some(vec!["b"])),
        ("[a, {b: c}]", Some(vec!["a", "c"])),
        ("a ? b : c", Some(vec!["a"])),
        ("a && b || c", Some(vec!["a"])),
        ("typeof a === 'undefined' ? 1 : a", Some(vec![])),
        ("typeof a === 'undefined' || a.b", Some(vec![])),
        ("a = 1", Some(vec![])),
        ("a = b, a", Some(vec!["b"])),
        ("words.map(function(w){ return w + x })", Some(vec!["words"])),
        ("(function(){ var v = q; return v })()", Some(vec![])),
        ("words.map(w => w.id)", Some(vec!["words"])),
        ("'a' + \"b\" + /c/.test(d)", Some(vec!["d"])),
        ("日本.値", Some(vec!["日本"])),
        ("a++", Some(vec![])),
        ("eval(a)", None),
        ("(function(){ with (a) { return b } })()", None),
        ("a +", None),
        ("a b", None),
        ("", None),
    ] {
        let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
        assert_eq!(free_names(expression), expected, "{expression}");
    }
}

#[test]
fn what_digdags_es5_lacks_is_told_with_its_place() {
    for (expression, expected) in [
        ("a ? b : c", None),
        ("(function(x){ return x => 1 })", Some((21, "an arrow function"))),
        ("'=>' + \"`\" + /=>/.source", None),
        ("`a${b}`", Some((0, "a template literal"))),
        ("(function(){ let a = 1 })()", Some((13, "`let` or `const`"))),
        ("(function(){ const a = 1 })()", Some((13, "`let` or `const`"))),
        ("f(...a)", Some((2, "`...`"))),
        ("a ** b", Some((0, "`**`"))),
        ("a ?? b", Some((0, "`??`"))),
        ("a?.b", Some((1, "`?.`"))),
        ("{a}", Some((1, "a shorthand property"))),
        ("{[a]: 1}", Some((1, "a computed property name"))),
        ("{get a(){ return 1 }}", None),
        ("{f(){ }}", Some((1, "a method in an object"))),
        ("(class {})", Some((1, "a class"))),
        ("(function*(){})", Some((1, "a generator"))),
        ("(async function(){})", Some((1, "an async function"))),
        ("(function(){ for (var x of a); })()", Some((13, "`for (... of ...)`"))),
        ("(function(){ for (var x in a); })()", None),
        ("(function(a = 1){})", Some((10, "a default value of a parameter"))),
        ("(function(){ var [a] = b })()", Some((17, "a destructuring pattern"))),
        ("0b1", Some((0, "a binary or octal number"))),
        ("1_000", Some((0, "a number with `_`"))),
        ("1n", Some((0, "a BigInt"))),
        ("a +", None),
    ] {
        let found = beyond_es5(expression).map(|found| (found.offset, found.feature));
        assert_eq!(found, expected, "{expression}");
    }
}

#[test]
fn every_recorded_template_can_be_looked_at_and_checked() {
    let mut evaluator = Evaluator::new(Limits::default()).expect("an evaluator starts");
    for line in include_str!("data/templates.jsonl").lines().skip(1) {
        let case: serde_json::Value = serde_json::from_str(line).expect("JSON");
        for (_, expression) in expressions(case["t"].as_str().expect("a template")) {
            let checked = evaluator.check_syntax(expression);
            // The tree may be unsure about code that runs, but must not take code that does not for certain.
            if let Err(error) = checked {
                let is_known = matches!(error.kind, Kind::Syntax { .. } | Kind::Thrown { .. });
                assert!(is_known, "{expression}: {error}");
            } else if free_names(expression).is_none() {
                assert!(!is_plain(expression), "{expression}");
            }
        }
    }
}

fn is_plain(expression: &str) -> bool {
    expression.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
        && !expression.starts_with(|c: char| c.is_ascii_digit())
        && expression != "eval"
}
