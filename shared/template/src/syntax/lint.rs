//! What a checker wants to know of an expression before any run.

use super::{Code, Visit};

/// Something that digdag's JavaScript, ES5, does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeyondEs5 {
    /// Byte offset in the expression.
    pub offset: usize,
    /// What it is, as a noun: `an arrow function`.
    pub feature: &'static str,
}

/// The first thing in an expression that digdag would refuse and this engine accepts; `None` also when the expression is
/// no JavaScript at all.
///
/// ```
/// let found = himekuri_template::beyond_es5("[1, 2].map(x => x + 1)").unwrap();
/// assert_eq!((found.offset, found.feature), (11, "an arrow function"));
/// assert_eq!(himekuri_template::beyond_es5("a ? b : '=>'"), None);
/// ```
pub fn beyond_es5(expression: &str) -> Option<BeyondEs5> {
    let code = Code::of_expression(expression).filter(|code| !code.has_error())?;
    let mut found: Option<BeyondEs5> = None;
    code.walk(|visit| {
        if let (None, Some(feature)) = (&found, feature(&code, visit)) {
            let offset = visit.node.start_byte().saturating_sub(code.shift);
            found = Some(BeyondEs5 { offset, feature });
        }
        found.is_none()
    });
    found
}

fn feature(code: &Code, visit: &Visit<'_>) -> Option<&'static str> {
    let text = || code.text_of(visit.node);
    Some(match visit.kind() {
        "arrow_function" => "an arrow function",
        "template_string" => "a template literal",
        "lexical_declaration" => "`let` or `const`",
        "class" | "class_declaration" => "a class",
        "spread_element" | "rest_pattern" => "`...`",
        "object_pattern" | "array_pattern" => "a destructuring pattern",
        "assignment_pattern" => "a default value of a parameter",
        "shorthand_property_identifier" => "a shorthand property",
        "computed_property_name" => "a computed property name",
        "optional_chain" => "`?.`",
        "generator_function" | "generator_function_declaration" | "yield_expression" => {
            "a generator"
        }
        "await_expression" => "`await`",
        "method_definition" if !text().starts_with("get") && !text().starts_with("set") => {
            "a method in an object"
        }
        "function_expression" | "function_declaration" if text().starts_with("async") => {
            "an async function"
        }
        "for_in_statement"
            if visit.child("operator").is_some_and(|node| code.text_of(node) == "of") =>
        {
            "`for (... of ...)`"
        }
        "binary_expression" | "augmented_assignment_expression" => {
            match visit.child("operator").map_or("", |node| code.text_of(node)) {
                "**" | "**=" => "`**`",
                "??" | "??=" => "`??`",
                "||=" | "&&=" => "a logical assignment",
                _ => return None,
            }
        }
        "number" => match text().as_bytes() {
            [b'0', b'b' | b'B' | b'o' | b'O', ..] => "a binary or octal number",
            digits if digits.contains(&b'_') => "a number with `_`",
            [.., b'n'] => "a BigInt",
            _ => return None,
        },
        "catch_clause" if visit.child("parameter").is_none() => "`catch` without a name",
        "regex_flags" if text().contains(['s', 'u', 'y', 'd', 'v']) => "a regex flag",
        "meta_property" => "`new.target`",
        _ => return None,
    })
}

/// The names an expression certainly reads from outside, so that one that is nowhere defined fails it whenever it runs.
///
/// Careful: names in branches, in functions, after `&&`, or tested with `typeof` somewhere are left out, as are names that
/// the expression itself assigns and the engine's own (`moment`, `Math`). `None` if the expression is no JavaScript or uses
/// `with` or `eval`.
///
/// ```
/// use himekuri_template::free_names;
/// assert_eq!(free_names("table + '_' + moment(day).format(f.long)").unwrap(), ["table", "day", "f"]);
/// assert_eq!(free_names("typeof x === 'undefined' ? y : x").unwrap(), Vec::<String>::new());
/// assert_eq!(free_names("a +"), None);
/// ```
pub fn free_names(expression: &str) -> Option<Vec<String>> {
    let code = Code::of_expression(expression).filter(|code| !code.has_error())?;
    let mut read: Vec<String> = Vec::new();
    let mut excused: Vec<String> = Vec::new();
    let mut is_unsure = false;
    code.walk(|visit| {
        if visit.kind() == "with_statement" {
            is_unsure = true;
        }
        // A declared name may stand anywhere, so the whole tree is looked through for them.
        if is_name(visit) {
            let name = code.text_of(visit.node);
            is_unsure |= name == "eval" || name.contains('\\');
            if is_excused(visit) {
                excused.push(name.to_owned());
            }
        }
        true
    });
    code.walk(|visit| {
        if is_conditional(visit, &code) {
            return false;
        }
        if is_name(visit) && !is_excused(visit) {
            let name = code.text_of(visit.node);
            if !read.iter().any(|known| known == name) {
                read.push(name.to_owned());
            }
        }
        true
    });
    read.retain(|name| !excused.contains(name) && !GLOBALS.contains(&name.as_str()));
    (!is_unsure).then_some(read)
}

/// What every expression can name without a parameter: the engine's globals, and what is visible in a function.
const GLOBALS: [&str; 33] = [
    "Array",
    "Boolean",
    "Date",
    "Error",
    "EvalError",
    "Function",
    "Infinity",
    "JSON",
    "Math",
    "NaN",
    "Number",
    "Object",
    "RangeError",
    "ReferenceError",
    "RegExp",
    "String",
    "SyntaxError",
    "TypeError",
    "URIError",
    "arguments",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "isFinite",
    "isNaN",
    "moment",
    "parseFloat",
    "parseInt",
    "print",
    "undefined",
    "unescape",
];

fn is_name(visit: &Visit<'_>) -> bool {
    matches!(
        visit.kind(),
        "identifier" | "shorthand_property_identifier" | "shorthand_property_identifier_pattern"
    )
}

/// Declared, assigned or tested by the expression itself.
fn is_excused(visit: &Visit<'_>) -> bool {
    visit.kind() == "shorthand_property_identifier_pattern"
        || visit.is("unary_expression", "argument")
            && visit.parent.is_some_and(|parent| {
                parent.child_by_field_name("operator").is_some_and(|node| node.kind() == "typeof")
            })
        || matches!(visit.field, Some("name" | "parameter"))
        || matches!(visit.field, Some("left"))
            && !matches!(visit.parent_kind(), "binary_expression")
        || matches!(
            visit.parent_kind(),
            "formal_parameters" | "array_pattern" | "rest_pattern" | "pair_pattern"
        )
        || matches!(visit.parent_kind(), "assignment_pattern") && visit.field == Some("left")
        || visit.parent_kind() == "update_expression"
}

/// Code that may not run at all.
fn is_conditional(visit: &Visit<'_>, code: &Code) -> bool {
    let is_function =
        visit.kind().contains("function") || matches!(visit.kind(), "class" | "method_definition");
    let is_branch = visit.is("ternary_expression", "consequence")
        || visit.is("ternary_expression", "alternative");
    let is_right_of = visit.is("binary_expression", "right")
        && visit
            .parent
            .and_then(|parent| parent.child_by_field_name("operator"))
            .is_some_and(|operator| matches!(code.text_of(operator), "&&" | "||" | "??"));
    is_function || is_branch || is_right_of
}
