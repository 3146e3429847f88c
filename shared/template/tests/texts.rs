//! Texts print what digdag prints; where a text fails in digdag it fails here, with a message.

use himekuri_template::{
    EvaluateError, EvaluateErrorKind, Evaluator, Limits, Params, Scope, expressions, find_unclosed,
};
use jiff::tz::TimeZone;

#[test]
fn literal_text_follows_digdags_rules() {
    let rows = [
        ("access$${SUFFIX_DATE}", "access$20190901"),
        ("access$$${SUFFIX_DATE}", "access$20190901"),
        ("access$$$${SUFFIX_DATE}", "access$$20190901"),
        ("access$20190901", "access$20190901"),
        ("a$$b", "a$b"),
        ("$", "$"),
        ("${'$'}{n}", "${n}"),
        ("\\${n}", "\\5"),
        ("${secret:foo} ${abc:def}", "${secret:foo} ${abc:def}"),
        ("$${secret:foo}", "${secret:foo}"),
        ("${}", ""),
        ("a${}b", "ab"),
        ("${n} ${", "5 ${"),
        ("${n} ${n", "5 ${n"),
        ("${n} ${a { ${n}", "5 ${a { ${n}"),
        ("日本${n}語", "日本5語"),
        ("${n}${n}", "55"),
        ("no dollar at all }{", "no dollar at all }{"),
    ];
    for (text, expected) in rows {
        assert_eq!(render(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn results_are_printed_as_json_but_strings_and_nothing() {
    let rows = [
        ("${o}", r#"{"a":1,"b":"x"}"#),
        ("${arr}", r#"[1,"2"]"#),
        ("${b}", "true"),
        ("${1/3}", "0.3333333333333333"),
        ("${nul}", ""),
        ("${o.zz}", ""),
        ("${undefined}", ""),
        ("${typeof nope}", "undefined"),
        ("${ {a:1}.a }", "1"),
        ("${(function(){ return n + 1 })()}", "6"),
        ("${function(){}}", "undefined"),
        ("${new Date(0)}", "\"1970-01-01T00:00:00.000Z\""),
        ("${moment(session_time)}", "\"2019-08-31T15:00:00.000Z\""),
        ("${moment(session_time).format('YYYY-MM-DD')}", "2019-09-01"),
        ("${numbered}", r#"{"1":"one","2":"two","b":"first"}"#),
        ("${JSON.parse('[1,2]').join('-')}", "1-2"),
        ("${this.n}", "5"),
        ("${Object.keys(this).length > 5}", "true"),
        ("${Object.prototype.toString.call(arr) === '[object Array]'}", "true"),
        ("${n // the number\n}", "5"),
    ];
    for (text, expected) in rows {
        assert_eq!(render(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn plain_names_print_the_same_with_and_without_javascript() {
    let names = [
        "n",
        "SUFFIX_DATE",
        "o",
        "o.a",
        "o.b",
        "arr",
        "arr[0]",
        "arr[1]",
        "b",
        "nul",
        "f",
        "big",
        "small",
        "numbered",
        "o[key]",
        "o['a']",
        "arr[zero]",
        "quoted",
        "deep.list[0].x",
        "numbered[1]",
        "huge",
        "minus",
    ];
    for name in names {
        let natively = render(&format!("${{{name}}}"));
        let by_javascript = render(&format!("${{({name})}}"));
        assert_eq!(natively, by_javascript, "{name}");
        assert!(natively.is_ok(), "{name}: {natively:?}");
    }
}

#[test]
fn an_unknown_name_is_reported_with_the_nearest_known_one() {
    let error = render("SELECT ${sufix_date}").expect_err("the name is not defined");

    assert_eq!(error.offset, 7);
    assert_eq!(error.expression, "sufix_date");
    assert_eq!(
        error.to_string(),
        "could not evaluate `${sufix_date}`: `sufix_date` is not defined; did you mean `SUFFIX_DATE`?"
    );
}

#[test]
fn wrong_expressions_are_told_apart() {
    use EvaluateErrorKind as Kind;
    assert!(matches!(kind("${o.zz.y}"), Kind::Type { .. }));
    assert!(matches!(kind("${\"}\"}"), Kind::Syntax { .. }));
    assert!(matches!(kind("${ }"), Kind::Syntax { .. }));
    assert!(matches!(kind("${qqqqqqqq}"), Kind::Reference { suggestion: None, .. }));
    assert!(matches!(
        kind("${JSON.parse('[')}"),
        Kind::Thrown { message } if message.starts_with("SyntaxError")
    ));
    assert!(matches!(
        kind("${(function(){ throw new Error('no day') })()}"),
        Kind::Thrown { message } if message == "Error: no day"
    ));
    assert!(matches!(
        kind("${(function(){ throw 'no day' })()}"),
        Kind::Thrown { message } if message == "no day"
    ));
    assert!(
        matches!(kind("${Math.random()}"), Kind::Thrown { message } if message.contains("again"))
    );
}

#[test]
fn a_syntax_error_anywhere_keeps_the_whole_text_from_running() {
    let error = render("${n} ${n +}").expect_err("the second expression is incomplete");

    assert_eq!((error.offset, error.expression.as_str()), (5, "n +"));
}

#[test]
fn syntax_can_be_checked_without_parameters() {
    let mut evaluator = evaluator();

    assert!(evaluator.check_syntax("moment(a).format('YYYY')").is_ok());
    assert!(evaluator.check_syntax("a b").is_err());
}

#[test]
fn a_missing_brace_is_found_before_a_run() {
    assert_eq!(find_unclosed("a ${b} c"), None);
    assert_eq!(find_unclosed("${secret:x} $ {"), None);
    assert_eq!(find_unclosed("a ${b"), Some(2));
    assert_eq!(find_unclosed("${a} ${"), Some(5));
    assert_eq!(find_unclosed("${a {}"), Some(0));
}

#[test]
fn expressions_are_listed_with_their_places() {
    let found: Vec<_> = expressions("${a}${}$${b + '{}'} ${secret:k}").collect();

    assert_eq!(found, [(0, "a"), (8, "b + '{}'")]);
}

#[test]
fn dates_live_in_the_workflows_zone_and_at_the_sessions_time() {
    let rows = [
        ("${moment().format()}", "2019-09-01T07:00:00+09:00"),
        ("${Date.now()}", "1567288800000"),
        ("${new Date().getHours()}", "7"),
        ("${new Date(2019, 8, 1).toISOString()}", "2019-08-31T15:00:00.000Z"),
        ("${Date()}", "Sun Sep 01 2019 07:00:00 GMT+0900 (JST)"),
        ("${'' + new Date(2019, 8, 1)}", "1567263600000"),
        ("${new Date('2019-09-01').getHours()}", "9"),
        ("${new Date('2019-09-01T00:00:00').getHours()}", "0"),
        ("${new Date('x').getTime()}", "null"),
    ];
    for (text, expected) in rows {
        assert_eq!(render(text).as_deref(), Ok(expected), "{text}");
    }
}

fn kind(text: &str) -> EvaluateErrorKind {
    render(text).expect_err("the text is wrong").kind
}

fn render(text: &str) -> Result<String, EvaluateError> {
    evaluator().render(&scope(), text, &params())
}

fn evaluator() -> Evaluator {
    Evaluator::new(Limits::default()).expect("an evaluator starts")
}

fn scope() -> Scope {
    Scope {
        now: "2019-09-01T07:00:00+09:00".parse().expect("a time"),
        time_zone: TimeZone::get("Asia/Tokyo").expect("a known zone"),
    }
}

fn params() -> Params {
    serde_json::from_str(
        r#"{"n": 5, "SUFFIX_DATE": "20190901", "o": {"a": 1, "b": "x"}, "arr": [1, "2"], "b": true,
            "nul": null, "f": 1.0, "big": 12345678901234567890, "small": 1e-7, "key": "a", "zero": 0,
            "quoted": {"a\"b": "\u0001\n\\ 日"}, "deep": {"list": [{"x": [null]}]}, "huge": 1.5e300,
            "minus": -0.000125, "numbered": {"b": "first", "2": "two", "1": "one"},
            "session_time": "2019-09-01T00:00:00+09:00"}"#,
    )
    .expect("the parameters are JSON")
}
