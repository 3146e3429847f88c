//! Random templates and expressions end in a text or an error, never in a panic, and leave the evaluator usable.
//!
//! `PROPTEST_CASES=200000 cargo test -p himekuri-template --release --test random` runs longer.

use himekuri_template::{
    Evaluator, Limits, Params, Scope, beyond_es5, expressions, find_unclosed, free_names,
};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_rendered_or_refused(text in any::<String>()) {
        try_text(&text);
    }

    #[test]
    fn pieces_of_templates_are_rendered_or_refused(pieces in pieces(&TEXT_PIECES)) {
        try_text(&pieces);
    }

    #[test]
    fn pieces_of_javascript_are_evaluated_or_refused(pieces in pieces(&CODE_PIECES)) {
        try_text(&format!("${{{pieces}}}"));
        let _ = beyond_es5(&pieces);
        let names = free_names(&pieces).unwrap_or_default();
        prop_assert!(names.iter().all(|name| pieces.contains(name.as_str())));
    }

    #[test]
    fn configurations_are_evaluated_or_refused(
        values in prop::collection::vec((key(), pieces(&TEXT_PIECES)), 0..8),
        split in 0_usize..8,
    ) {
        let (mut params, mut local) = (Params::new(), Params::new());
        for (index, (key, text)) in values.into_iter().enumerate() {
            let target = if index < split { &mut params } else { &mut local };
            match index % 3 {
                0 => target.insert(key, text.into()),
                1 => target.insert(key, serde_json::json!([text, {"n": text}])),
                _ => target.insert(key, serde_json::json!({"n": text, "_do": text})),
            };
        }
        with_evaluator(|evaluator| {
            if let Ok(all) = evaluator.evaluate(&scope(), &params, &local) {
                for key in params.keys() {
                    assert!(all.contains_key(key), "{key}");
                }
            }
        });
    }
}

const TEXT_PIECES: [&str; 24] = [
    "$",
    "$$",
    "${",
    "}",
    "{",
    "${n}",
    "${s}",
    "${o.a}",
    "${arr[i]}",
    "${secret:x}",
    "\\",
    "'",
    "\"",
    "\n",
    "日本",
    "😀",
    "${n + 1}",
    "${nope}",
    "${'$'}",
    "${moment(d).format('YYYY')}",
    "a b",
    "${}",
    "${ ",
    "/* ${n} */",
];

const CODE_PIECES: [&str; 96] = [
    "n",
    "s",
    "o",
    "arr",
    "i",
    "d",
    "1",
    "0.5",
    "'x'",
    "\"y\"",
    "`z`",
    "`${",
    "true",
    "null",
    "undefined",
    "this",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ".",
    ",",
    ";",
    ":",
    "?",
    "?.",
    "??",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "=",
    "+=",
    "==",
    "===",
    "!=",
    "<",
    ">",
    "<=",
    "&&",
    "||",
    "!",
    "~",
    "&",
    "|",
    "^",
    "<<",
    ">>>",
    "=>",
    "...",
    "function",
    "(function(){",
    "})()",
    "return ",
    "var ",
    "let ",
    "const ",
    "if(",
    "else ",
    "for(",
    "while(",
    "do{",
    "switch(",
    "case ",
    "break;",
    "continue;",
    "try{",
    "}catch(e){",
    "}finally{",
    "throw ",
    "new ",
    "typeof ",
    "delete ",
    "void ",
    "in ",
    "of ",
    "instanceof ",
    "class ",
    "a:",
    ".length()",
    ".map(",
    ".replace(",
    "/a+/g",
    "/(a",
    "moment(",
    ".format(",
    "JSON.stringify(",
    "eval(",
    "Function(",
    "\\u0061",
    "// x\n",
    "/* */",
];

fn pieces(from: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(from), 0..24).prop_map(|pieces| pieces.concat())
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "n",
        "s",
        "a",
        "b",
        "_do",
        "_check",
        "x>",
        "__proto__",
        "toString",
        "é",
    ])
    .prop_map(str::to_owned)
}

fn try_text(text: &str) {
    let params: Params = serde_json::from_str(
        r#"{"n": 5, "s": "text", "o": {"a": 1}, "arr": [1, 2], "i": 0, "d": "2019-09-01"}"#,
    )
    .expect("JSON");
    let _ = find_unclosed(text);
    for (offset, expression) in expressions(text) {
        assert!(text[offset..].starts_with(&format!("${{{expression}}}")));
    }
    with_evaluator(|evaluator| match evaluator.render(&scope(), text, &params) {
        Ok(_) => {}
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(error.offset <= text.len() && text.is_char_boundary(error.offset));
        }
    });
}

/// One evaluator for all cases of a thread: what one leaves behind would show in the next.
fn with_evaluator(use_it: impl FnOnce(&mut Evaluator)) {
    thread_local! {
        static EVALUATOR: std::cell::RefCell<Evaluator> =
            Evaluator::new(Limits::default()).expect("an evaluator starts").into();
    }
    EVALUATOR.with_borrow_mut(|evaluator| {
        use_it(evaluator);
        let works = evaluator.render(&scope(), "${1 + 1}${typeof x}", &Params::new());
        assert_eq!(works.as_deref(), Ok("2undefined"));
    });
}

fn scope() -> Scope {
    Scope { now: Timestamp::UNIX_EPOCH, time_zone: TimeZone::UTC }
}
