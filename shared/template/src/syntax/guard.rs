//! Checks in code that could keep the engine busy where QuickJS looks at no clock.
//!
//! QuickJS asks whether to stop once in 10,000 calls and rounds of loops. One comparison of two strings of a gigabyte,
//! which cost it no memory because `+` only notes its parts, can take a tenth of a second; 10,000 of them run for minutes.
//! So code that can repeat or store things is compiled with calls of two functions of the prelude in it: `LONG` takes a
//! value that an operator is about to read or has made, and counts its length if it is a long text; `TICK` looks at the
//! clock every few rounds of a loop and calls of a function. Code that can do neither is left as it is: that is nearly
//! everything people write.

use super::{AFTER, BEFORE, Code, Visit};

/// The prelude's functions. No parameter of these names reaches an expression.
pub(crate) const LONG: &str = "__himekuri_long";
pub(crate) const TICK: &str = "__himekuri_tick";

/// Code without loops and functions whose length bounds its work.
const UNGUARDED_BYTES_MAX: usize = 1_024;

/// QuickJS compiles patterns in quadratic time: 600 KB of alternatives took 90 s.
const PATTERN_BYTES_MAX: usize = 4_096;

/// Code as it is compiled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Guarded {
    /// To be compiled.
    Code {
        /// As written, or with checks in it.
        text: String,
        /// Whether it has loops, functions or assignments.
        can_repeat: bool,
    },
    /// Not run, for this reason.
    Refused(&'static str),
    /// Most likely no JavaScript; not run if QuickJS thinks otherwise.
    Unreadable,
}

/// An expression with the checks it needs.
pub(crate) fn guarded(source: &str) -> Guarded {
    match Code::of_expression(source) {
        Some(code) => {
            let guarded = of_code(&code);
            let Guarded::Code { text, can_repeat } = guarded else { return guarded };
            let inner = text.strip_prefix(BEFORE).and_then(|text| text.strip_suffix(AFTER));
            Guarded::Code { text: inner.unwrap_or(source).to_owned(), can_repeat }
        }
        None => Guarded::Unreadable,
    }
}

/// Statements with the checks they need.
pub(crate) fn guarded_code(source: &str) -> Guarded {
    match Code::of_statements(source) {
        Some(code) => of_code(&code),
        None => Guarded::Unreadable,
    }
}

fn of_code(code: &Code) -> Guarded {
    let mut found = Found::default();
    code.walk(|visit| {
        found.look(code, visit);
        true
    });
    if let Some(reason) = found.refused {
        return Guarded::Refused(reason);
    }
    if found.has_with && (found.loops > 0 || found.functions > 1) {
        // The object of `with` could cover the checks.
        return Guarded::Refused("`with` cannot be used together with loops and functions");
    }
    if found.has_escapes && found.can_repeat {
        return Guarded::Refused("a name in it has an escape; write the letter itself");
    }
    if code.has_error() {
        // Almost certainly no JavaScript. Should QuickJS take it nevertheless, it must be harmless without checks.
        return match is_harmless(&code.text) {
            true => Guarded::Code { text: code.text.clone(), can_repeat: true },
            false => Guarded::Unreadable,
        };
    }
    if !found.can_repeat && code.text.len() <= UNGUARDED_BYTES_MAX {
        found.insertions.retain(|insertion| insertion.is_rewrite);
    }
    let can_repeat = found.can_repeat;
    Guarded::Code { text: insert(code, found.insertions), can_repeat }
}

fn is_harmless(text: &str) -> bool {
    const REPEATING: [&str; 8] =
        ["while", "for", "do", "function", "=>", "class", "eval", "Function"];
    let assigns = text.replace("===", "").replace("==", "").replace("!=", "").contains('=');
    text.len() <= UNGUARDED_BYTES_MAX
        && !assigns
        && !REPEATING.iter().any(|word| text.contains(word))
}

/// Text put in front of a byte, or in place of some.
#[derive(Debug)]
struct Insertion {
    at: usize,
    /// Bytes that are left out.
    replaced: usize,
    text: String,
    /// Closing brackets come before what opens at the same place.
    opens: bool,
    /// Needed for what the code means, not for its limits.
    is_rewrite: bool,
}

#[derive(Default)]
struct Found {
    insertions: Vec<Insertion>,
    /// Loops, functions, or stores that make one piece of code run on the results of another.
    can_repeat: bool,
    has_with: bool,
    loops: usize,
    functions: usize,
    /// A name with an escape could be one of the reserved ones.
    has_escapes: bool,
    refused: Option<&'static str>,
}

impl Found {
    fn look(&mut self, code: &Code, visit: &Visit<'_>) {
        let node = visit.node;
        match visit.kind() {
            "number" if code.text_of(node).ends_with('n') => {
                self.refused = Some("BigInt is not available; digdag has none");
            }
            "regex" if code.text_of(node).len() > PATTERN_BYTES_MAX => {
                self.refused = Some("a pattern in it is too long");
            }
            "identifier" | "shorthand_property_identifier" => self.look_at_name(code, visit),
            "call_expression" => self.look_at_length(code, visit),
            "binary_expression" => {
                let operator = visit.child("operator").map_or("", |node| code.text_of(node));
                if matches!(operator, "&&" | "||" | "??" | "instanceof") {
                    return;
                }
                // Of `a + b + c` the whole is checked, once; other operators make no texts.
                let is_inner_sum =
                    operator == "+" && visit.parent.is_some_and(|parent| sums(code, parent));
                if operator == "+" && !is_inner_sum {
                    self.wrap(node.byte_range(), LONG);
                }
                for operand in [visit.child("left"), visit.child("right")].into_iter().flatten() {
                    if !is_short(operand.kind()) && operand.kind() != "binary_expression" {
                        self.wrap(operand.byte_range(), LONG);
                    }
                }
            }
            "unary_expression" => {
                let operator = visit.child("operator").map_or("", |node| code.text_of(node));
                if let ("+" | "-" | "~", Some(operand)) = (operator, visit.child("argument"))
                    && !is_short(operand.kind())
                {
                    self.wrap(operand.byte_range(), LONG);
                }
            }
            "subscript_expression" => {
                if let Some(index) = visit.child("index").filter(|index| !is_short(index.kind())) {
                    self.wrap(index.byte_range(), LONG);
                }
            }
            // A tag gets the parts of its template.
            "template_string" if visit.field == Some("arguments") => {}
            "template_string" => self.wrap(node.byte_range(), LONG),
            "augmented_assignment_expression" => {
                self.can_repeat = true;
                self.wrap(node.byte_range(), LONG);
            }
            "assignment_expression" | "variable_declarator" | "assignment_pattern" => {
                self.can_repeat = true;
            }
            "with_statement" => self.has_with = true,
            "switch_statement" => {
                if let Some(value) = visit.child("value") {
                    // With its round brackets.
                    let range = value.byte_range();
                    self.wrap(range.start + 1..range.end - 1, LONG);
                }
            }
            "while_statement" | "do_statement" | "for_statement" | "for_in_statement" => {
                self.loops += 1;
                self.tick_in(code, visit);
            }
            "function_expression"
            | "function_declaration"
            | "generator_function"
            | "generator_function_declaration"
            | "method_definition"
            | "arrow_function" => {
                // One with a name can call itself.
                self.functions += if visit.child("name").is_some() { 2 } else { 1 };
                self.tick_in(code, visit);
            }
            "class" | "class_declaration" => self.can_repeat = true,
            _ => {}
        }
    }

    fn look_at_name(&mut self, code: &Code, visit: &Visit<'_>) {
        let name = code.text_of(visit.node);
        if name == LONG || name == TICK {
            self.refused = Some("a name in it is reserved");
        }
        self.has_escapes |= name.contains('\\');
        if matches!(name, "eval" | "Function" | "arguments") {
            self.can_repeat = true;
            self.functions += 1;
        }
    }

    /// `text.length()` is Java; digdag's engine lets people call it. Ours reads the property.
    fn look_at_length(&mut self, code: &Code, visit: &Visit<'_>) {
        let (Some(function), Some(arguments)) = (visit.child("function"), visit.child("arguments"))
        else {
            return;
        };
        let property = function.child_by_field_name("property");
        let is_length = function.kind() == "member_expression"
            && property.is_some_and(|property| code.text_of(property) == "length");
        if is_length && arguments.kind() == "arguments" && arguments.named_child_count() == 0 {
            self.insertions.push(Insertion {
                at: arguments.start_byte(),
                replaced: arguments.byte_range().len(),
                text: String::new(),
                opens: true,
                is_rewrite: true,
            });
        }
    }

    fn wrap(&mut self, range: std::ops::Range<usize>, function: &str) {
        self.open(range.start, format!("{function}("));
        self.close(range.end, ")");
    }

    fn open(&mut self, at: usize, text: String) {
        self.insertions.push(Insertion { at, replaced: 0, text, opens: true, is_rewrite: false });
    }

    fn close(&mut self, at: usize, text: &str) {
        let text = text.to_owned();
        self.insertions.push(Insertion { at, replaced: 0, text, opens: false, is_rewrite: false });
    }

    fn tick_in(&mut self, code: &Code, visit: &Visit<'_>) {
        self.can_repeat = true;
        let Some(body) = visit.child("body") else { return };
        let range = body.byte_range();
        if body.kind() == "statement_block" {
            // `'use strict'` must stay the first statement.
            let mut cursor = body.walk();
            let after = body
                .named_children(&mut cursor)
                .take_while(|statement| is_directive(code, *statement))
                .last();
            let at = after.map_or(range.start + 1, |statement| statement.end_byte());
            self.open(at, format!(";{TICK}();"));
        } else if visit.kind() == "arrow_function" {
            self.open(range.start, format!("({TICK}(),"));
            self.close(range.end, ")");
        } else {
            self.open(range.start, format!("{{{TICK}();"));
            self.close(range.end, "}");
        }
    }
}

/// Values that cannot be long texts, or not longer than the code.
fn is_short(kind: &str) -> bool {
    matches!(
        kind,
        "number" | "string" | "true" | "false" | "null" | "undefined" | "regex" | "this" | "super"
    )
}

fn sums(code: &Code, node: tree_sitter::Node<'_>) -> bool {
    let operator = node.child_by_field_name("operator");
    node.kind() == "binary_expression" && operator.is_some_and(|node| code.text_of(node) == "+")
}

fn is_directive(code: &Code, statement: tree_sitter::Node<'_>) -> bool {
    statement.kind() == "expression_statement"
        && code.text_of(statement).starts_with(['"', '\''])
        && statement.named_child(0).is_some_and(|child| child.kind() == "string")
}

fn insert(code: &Code, mut insertions: Vec<Insertion>) -> String {
    // At one place, closing brackets come first, the inner ones before the outer ones, which were found first.
    let mut order: Vec<(usize, bool, isize, Insertion)> = (0..)
        .zip(insertions.drain(..))
        .map(|(found, insertion)| {
            let found: isize = if insertion.opens { found } else { -found };
            (insertion.at, insertion.opens, found, insertion)
        })
        .collect();
    order.sort_by_key(|(at, opens, found, _)| (*at, *opens, *found));
    let mut output = String::with_capacity(code.text.len() * 2);
    let mut done = 0;
    for (_, _, _, insertion) in order {
        // Inside something left out already.
        if insertion.at < done {
            continue;
        }
        output.push_str(&code.text[done..insertion.at]);
        output.push_str(&insertion.text);
        done = insertion.at + insertion.replaced;
    }
    output.push_str(&code.text[done..]);
    output
}
