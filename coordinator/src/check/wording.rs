//! The words for expressions that are broken, or do something else than they seem to.

use himekuri_workflow::{Diagnostic, codes};

use super::{tokens, traps};

/// `a-b` and `a | b`: names and filters of other languages, arithmetic here.
pub(super) fn is_joined(expression: &str, sign: char) -> bool {
    let is_word = |part: &str| {
        let part = part.trim_matches(|c| c == ' ' && sign == '|');
        part.starts_with(char::is_alphabetic)
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    expression.contains(sign) && expression.split(sign).all(is_word)
}

/// `${{ name }}`, as other template languages have it: in JavaScript a mapping, which digdag's refuses.
pub(super) fn is_doubled(expression: &str) -> bool {
    let inner = expression.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| {
        let is_word = |part: &str| {
            part.starts_with(char::is_alphabetic)
                && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        };
        is_word(inner.trim())
    })
}

pub(super) fn unclosed(rest: &str) -> Diagnostic {
    let problem = Diagnostic::error(codes::BROKEN_EXPRESSION, "`${` without its `}`");
    if traps::closes_outside_quotes(rest) {
        return brace_in_quotes(rest.lines().next().unwrap_or_default());
    }
    problem.with_help("close the expression; as it stands, digdag prints it as text")
}

fn brace_in_quotes(expression: &str) -> Diagnostic {
    let message = "a brace inside quotes counts as the end, or the beginning, of an expression";
    let help = if expression.contains('{') && !expression.trim_start_matches("${").contains('}') {
        r"write `\x7b` for the `{`, and `\x7d` for a `}`"
    } else {
        r"write `\x7d` for the `}`, and `\x7b` for a `{`"
    };
    Diagnostic::error(codes::BRACE_IN_QUOTES, message).with_help(help)
}

pub(super) fn broken(expression: &str, message: &str) -> Diagnostic {
    if tokens::has_open_quote(expression) && expression.contains(['"', '\'']) {
        return brace_in_quotes(expression);
    }
    let is_cut = message.contains("')'") && open_brackets(expression) == 0;
    let reason = if is_cut { "something is missing at its end" } else { message };
    let message = format!("`${{{}}}` is not JavaScript: {reason}", shortened(expression));
    let problem = Diagnostic::error(codes::BROKEN_EXPRESSION, message);
    problem.with_help(cure(expression))
}

/// How many `(` and `[` are open at the end, outside quotes.
fn open_brackets(expression: &str) -> i64 {
    let tokens = tokens::tokens(expression).unwrap_or_default();
    let weight = |text: &str| match text {
        "(" | "[" => 1,
        ")" | "]" => -1,
        _ => 0,
    };
    tokens.iter().map(|token| weight(token.text)).sum()
}

/// Two pairs of braces.
pub(super) fn doubled(expression: &str) -> Diagnostic {
    let message = format!("`${{{}}}` has two pairs of braces", shortened(expression));
    Diagnostic::error(codes::BROKEN_EXPRESSION, message).with_help(cure(expression))
}

/// The mistakes that people make who know other template languages.
fn cure(expression: &str) -> &'static str {
    let is_shell =
        [":-", ":=", ":+", ":?", "//", "%%", "##"].iter().any(|sign| expression.contains(sign));
    let has_word =
        |word: &str| expression.split(|c: char| !c.is_alphanumeric()).any(|part| part == word);
    if open_brackets(expression) > 0 {
        "close every `(` and `[`"
    } else if expression.starts_with('{') || expression.ends_with('}') {
        "write one pair of braces: `${name}`"
    } else if is_shell {
        "this is no shell: for a default write `${typeof name === 'undefined' ? 'default' : name}`"
    } else if expression.contains('|') && !expression.contains("||") {
        "there are no filters: call a function or a method, such as `${name.toUpperCase()}`"
    } else if has_word("and") || has_word("or") || has_word("not") {
        "JavaScript writes `&&`, `||` and `!`"
    } else {
        "try it with `himekuri eval '${...}'`"
    }
}

pub(super) fn shortened(expression: &str) -> String {
    const SHOWN_MAX: usize = 60;
    let line = expression.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

pub(super) fn unformatted(what: traps::Unformatted) -> Diagnostic {
    let (what, cure) = match what {
        traps::Unformatted::Moment => {
            ("moment", "add `.format('YYYY-MM-DD')`, or the form you need")
        }
        traps::Unformatted::Date => {
            ("`Date`", "write `moment(...).format('YYYY-MM-DD')`, or the form you need")
        }
    };
    let message = format!(
        "a {what} without a format prints as \"2019-08-31T15:00:00.000Z\": in UTC, and with the quotes"
    );
    Diagnostic::warning(codes::MOMENT_WITHOUT_FORMAT, message).with_help(cure)
}

pub(super) fn dollar_problem(dollars: traps::Dollars) -> Diagnostic {
    let (message, help) = match dollars {
        traps::Dollars::NoEscape => (
            "`$$` does not protect `${`: the expression is evaluated, and a `$` stands before its value".to_owned(),
            "for a `${` that is only text write `${'$'}{`; if a `$` before the value is meant, write `${'$'}${...}`",
        ),
        traps::Dollars::Fewer { written, printed } => (
            format!("{written} dollar signs before the expression print as {printed}"),
            "outside expressions `$$` prints as `$`; a partition is written with one: `table$${...}`",
        ),
    };
    Diagnostic::warning(codes::DOLLAR_BEFORE_EXPRESSION, message).with_help(help)
}

pub(super) fn left_alone(word: &str, is_query: bool) -> Option<Diagnostic> {
    if word == "secret" {
        return is_query.then(|| {
            let message =
                "`${secret:...}` is not replaced in a query: it is sent to BigQuery as it stands";
            Diagnostic::warning(codes::WITHOUT_EFFECT, message)
                .with_help("secrets belong to `_secrets` and `_env` of other operators")
        });
    }
    let message = format!(
        "`${{{word}:...}}` is left as it is: a word with a colon belongs to operators, as in `${{secret:key}}`"
    );
    Some(Diagnostic::warning(codes::BROKEN_EXPRESSION, message).with_help(
        "this is no shell: for a default write `${typeof name === 'undefined' ? 'default' : name}`",
    ))
}
