//! Reads a text of several statements: BigQuery's procedural language around plain statements.
//!
//! The text is cut at token level; each plain statement is then parsed on its own, with the places
//! it has in the whole text.

mod reader;

use std::ops::ControlFlow;

use sqlparser::ast::{DataType, Expr, Statement, visit_relations};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use super::names::parts;
use super::syntax_error;
use super::tokens::{self, is};
use crate::error::BqError;
use reader::Reader;

/// One step of a script.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a script has few steps")]
pub(crate) enum Step {
    /// `DECLARE a, b INT64 DEFAULT 1`.
    Declare { names: Vec<String>, data_type: Option<DataType>, default: Option<Expr> },
    /// `SET a = 1`, `SET (a, b) = (1, 2)`.
    Set { names: Vec<String>, value: Expr, place: String },
    /// `IF … THEN … ELSEIF … ELSE … END IF`.
    If { branches: Vec<(Expr, Vec<Step>)>, otherwise: Vec<Step> },
    /// `WHILE … DO … END WHILE`; `LOOP` has no condition.
    While { condition: Option<Expr>, body: Vec<Step> },
    /// `BEGIN … EXCEPTION WHEN ERROR THEN … END`.
    Block { body: Vec<Step>, handler: Option<Vec<Step>> },
    /// `BREAK`, `LEAVE`.
    Break,
    /// `CONTINUE`, `ITERATE`.
    Continue,
    /// `RETURN`.
    Return,
    /// `RAISE USING MESSAGE = …`.
    Raise { message: Option<Expr> },
    /// `ASSERT … AS '…'`.
    Assert { condition: Expr, message: Option<Expr> },
    /// Everything else.
    Plain { statement: Box<Statement>, text: String },
}

/// Cuts a text into steps.
///
/// # Errors
/// `invalidQuery`: `Syntax error`, with its place.
pub(crate) fn read(text: &str) -> Result<Vec<Step>, BqError> {
    let tokens = Tokenizer::new(&BigQueryDialect {}, text)
        .tokenize_with_location()
        .map_err(|error| syntax_error(error.into()))?;
    let tokens = tokens::mended(tokens);
    let mut reader = Reader { text, tokens, at: 0 };
    let steps = reader.steps(&[])?;
    match steps.is_empty() {
        true => Err(BqError::query("Syntax error: Unexpected end of script")),
        false => Ok(steps),
    }
}

/// The words of all names of tables, in the order of the text.
pub(crate) fn table_names(steps: &[Step], names: &mut Vec<Vec<String>>) {
    for step in steps {
        match step {
            Step::Plain { statement, .. } => {
                let _ = visit_relations(statement.as_ref(), |name| {
                    names.push(parts(name));
                    ControlFlow::<()>::Continue(())
                });
            }
            Step::If { branches, otherwise } => {
                branches.iter().for_each(|(_, body)| table_names(body, names));
                table_names(otherwise, names);
            }
            Step::While { body, .. } => table_names(body, names),
            Step::Block { body, handler } => {
                table_names(body, names);
                table_names(handler.as_deref().unwrap_or_default(), names);
            }
            Step::Declare { .. }
            | Step::Set { .. }
            | Step::Break
            | Step::Continue
            | Step::Return
            | Step::Raise { .. }
            | Step::Assert { .. } => {}
        }
    }
}

/// The text of a view's query: what follows the first `AS` outside brackets.
pub(super) fn after_as(text: &str) -> Option<&str> {
    let tokens = Tokenizer::new(&BigQueryDialect {}, text).tokenize_with_location().ok()?;
    let mut depth = 0_i32;
    for token in tokens {
        #[expect(clippy::wildcard_enum_match_arm, reason = "few tokens matter here")]
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::Word(word) if depth == 0 && is(&word, "AS") => {
                return text.get(offset(text, token.span.end)..);
            }
            _ => {}
        }
    }
    None
}

/// The byte of a place in a text.
fn offset(text: &str, location: Location) -> usize {
    let mut start = 0;
    for _ in 1..location.line {
        start = text[start..].find('\n').map_or(text.len(), |found| start + found + 1);
    }
    let column = usize::try_from(location.column).unwrap_or(1).saturating_sub(1);
    text[start..].char_indices().nth(column).map_or(text.len(), |(byte, _)| start + byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_cut_at_semicolons_outside_texts_and_blocks() {
        let steps =
            read("SELECT ';'; BEGIN SELECT 1; SELECT 2; END; SELECT CASE WHEN TRUE THEN 1 END;");

        let kinds: Vec<&str> = steps.as_ref().unwrap().iter().map(kind).collect();
        assert_eq!(kinds, ["plain", "block", "plain"]);
    }

    #[test]
    fn a_condition_with_case_ends_at_its_own_then() {
        let steps =
            read("IF CASE WHEN x THEN 1 ELSE 2 END = 1 THEN SELECT 1; ELSE SELECT 2; END IF");

        assert!(matches!(&steps.unwrap()[0], Step::If { branches, otherwise }
            if branches.len() == 1 && otherwise.len() == 1));
    }

    #[test]
    fn brackets_of_nested_types_are_no_shift() {
        let text = "SELECT ARRAY<STRUCT<a INT64, b ARRAY<STRUCT<c STRING>>>>[], ARRAY<INT64>[1, 2][OFFSET(0)]";

        let steps = read(text).unwrap();

        let Step::Plain { statement, .. } = &steps[0] else { panic!("{steps:?}") };
        assert!(
            statement.to_string().contains("CAST([1, 2] AS ARRAY<INT64>)[OFFSET(0)]"),
            "{statement}"
        );
    }

    #[test]
    fn an_error_names_its_place_in_the_whole_text() {
        let error = read("SELECT 1;\nSELEC 2").unwrap_err();

        assert!(error.message.contains("[2:1]"), "{error}");
    }

    fn kind(step: &Step) -> &'static str {
        match step {
            Step::Plain { .. } => "plain",
            Step::Block { .. } => "block",
            Step::Declare { .. }
            | Step::Set { .. }
            | Step::If { .. }
            | Step::While { .. }
            | Step::Break
            | Step::Continue
            | Step::Return
            | Step::Raise { .. }
            | Step::Assert { .. } => "other",
        }
    }
}
