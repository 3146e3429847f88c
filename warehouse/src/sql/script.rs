//! Reads a text of several statements: BigQuery's procedural language around plain statements.
//!
//! The text is cut at token level; each plain statement is then parsed on its own, with the places
//! it has in the whole text.

use std::ops::ControlFlow;

use sqlparser::ast::{DataType, Expr, Statement, visit_relations};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::names::parts;
use super::syntax_error;
use super::tokens::{self, is};
use crate::error::BqError;

/// One step of a script.
#[derive(Debug, Clone)]
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

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<TokenWithSpan>,
    at: usize,
}

impl Reader<'_> {
    /// Steps up to one of these words, which is not consumed, or to the end of the text.
    fn steps(&mut self, ends: &[&str]) -> Result<Vec<Step>, BqError> {
        let mut steps = Vec::new();
        loop {
            while self.skip(&Token::SemiColon) {}
            if self.peek().is_none() {
                return match ends.is_empty() {
                    true => Ok(steps),
                    false => Err(self.unexpected(&format!("Expected {}", ends.join(" or ")))),
                };
            }
            if ends.iter().any(|end| self.at_word(end)) {
                return Ok(steps);
            }
            steps.push(self.step()?);
            if self.peek().is_some() && !self.skip(&Token::SemiColon) {
                return Err(self.unexpected("Expected \";\""));
            }
        }
    }

    fn step(&mut self) -> Result<Step, BqError> {
        if self.take("DECLARE") {
            return self.declare();
        }
        if self.take("SET") {
            return self.set();
        }
        if self.take("IF") {
            return self.condition();
        }
        if self.take("WHILE") {
            let condition = self.expression(&["DO"])?;
            self.expect("DO")?;
            let body = self.steps(&["END"])?;
            self.expect_all(&["END", "WHILE"])?;
            return Ok(Step::While { condition: Some(condition), body });
        }
        if self.take("LOOP") {
            let body = self.steps(&["END"])?;
            self.expect_all(&["END", "LOOP"])?;
            return Ok(Step::While { condition: None, body });
        }
        if self.at_word("BEGIN") && !self.is_transaction() {
            self.expect("BEGIN")?;
            return self.block();
        }
        for (words, step) in [
            (["BREAK", "LEAVE"], Step::Break),
            (["CONTINUE", "ITERATE"], Step::Continue),
            (["RETURN", "RETURN"], Step::Return),
        ] {
            if words.into_iter().any(|word| self.take(word)) {
                return Ok(step);
            }
        }
        if self.take("RAISE") {
            let message = match self.take("USING") {
                true => {
                    self.expect("MESSAGE")?;
                    self.skip(&Token::Eq);
                    Some(self.expression(&[])?)
                }
                false => None,
            };
            return Ok(Step::Raise { message });
        }
        if self.take("ASSERT") {
            let condition = self.expression(&["AS"])?;
            let message = if self.take("AS") { Some(self.expression(&[])?) } else { None };
            return Ok(Step::Assert { condition, message });
        }
        for word in ["FOR", "REPEAT", "CALL", "EXECUTE", "BEGIN", "COMMIT", "ROLLBACK", "CASE"] {
            if self.at_word(word) {
                return Err(BqError::not_implemented(format_args!(
                    "The statement {word}{}",
                    self.place()
                )));
            }
        }
        self.plain()
    }

    fn declare(&mut self) -> Result<Step, BqError> {
        let mut names = vec![self.name()?];
        while self.skip(&Token::Comma) {
            names.push(self.name()?);
        }
        let data_type = match self.at_word("DEFAULT") {
            true => None,
            false => {
                let tokens = self.until(&["DEFAULT"]);
                let mut parser = parser(tokens);
                Some(parser.parse_data_type().map_err(syntax_error)?)
            }
        };
        let default = if self.take("DEFAULT") { Some(self.expression(&[])?) } else { None };
        if data_type.is_none() && default.is_none() {
            return Err(self.unexpected("Expected a type or DEFAULT"));
        }
        Ok(Step::Declare { names, data_type, default })
    }

    fn set(&mut self) -> Result<Step, BqError> {
        let place = self.place();
        let mut names = Vec::new();
        if self.skip(&Token::LParen) {
            names.push(self.name()?);
            while self.skip(&Token::Comma) {
                names.push(self.name()?);
            }
            if !self.skip(&Token::RParen) {
                return Err(self.unexpected("Expected \")\""));
            }
        } else {
            names.push(self.name()?);
        }
        if !self.skip(&Token::Eq) {
            return Err(self.unexpected("Expected \"=\""));
        }
        let value = self.expression(&[])?;
        Ok(Step::Set { names, value, place })
    }

    fn condition(&mut self) -> Result<Step, BqError> {
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let condition = self.expression(&["THEN"])?;
            self.expect("THEN")?;
            let body = self.steps(&["ELSEIF", "ELSE", "END"])?;
            branches.push((condition, body));
            if self.take("ELSEIF") {
                continue;
            }
            if self.take("ELSE") {
                otherwise = self.steps(&["END"])?;
            }
            self.expect_all(&["END", "IF"])?;
            return Ok(Step::If { branches, otherwise });
        }
    }

    fn block(&mut self) -> Result<Step, BqError> {
        let body = self.steps(&["EXCEPTION", "END"])?;
        let handler = match self.take("EXCEPTION") {
            true => {
                self.expect_all(&["WHEN", "ERROR", "THEN"])?;
                Some(self.steps(&["END"])?)
            }
            false => None,
        };
        self.expect("END")?;
        Ok(Step::Block { body, handler })
    }

    fn plain(&mut self) -> Result<Step, BqError> {
        let first = self.peek().map_or(Location::empty(), |token| token.span.start);
        let tokens = self.until(&[]);
        let last = tokens.last().map_or(first, |token| token.span.end);
        let text = self.text.get(offset(self.text, first)..offset(self.text, last));
        let mut parser = parser(tokens);
        let statement = parser.parse_statement().map_err(syntax_error)?;
        let left = parser.peek_token();
        if left.token != Token::EOF {
            return Err(BqError::query(format!(
                "Syntax error: Unexpected \"{}\" at [{}:{}]",
                left.token, left.span.start.line, left.span.start.column
            )));
        }
        let text = text.unwrap_or_default().to_owned();
        Ok(Step::Plain { statement: Box::new(statement), text })
    }

    fn expression(&mut self, ends: &[&str]) -> Result<Expr, BqError> {
        let missing = self.unexpected("Expected an expression");
        let tokens = self.until(ends);
        if tokens.is_empty() {
            return Err(missing);
        }
        let mut parser = parser(tokens);
        let expr = parser.parse_expr().map_err(syntax_error)?;
        match parser.peek_token() {
            left if left.token == Token::EOF => Ok(expr),
            left => Err(BqError::query(format!(
                "Syntax error: Unexpected \"{}\" at [{}:{}]",
                left.token, left.span.start.line, left.span.start.column
            ))),
        }
    }

    /// The tokens up to `;` or one of these words, outside brackets and CASE.
    fn until(&mut self, ends: &[&str]) -> Vec<TokenWithSpan> {
        let (start, mut depth, mut cases) = (self.at, 0_i32, 0_u32);
        while let Some(token) = self.tokens.get(self.at) {
            match &token.token {
                Token::EOF | Token::SemiColon => break,
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                Token::Word(word) if is(word, "CASE") => cases += 1,
                Token::Word(word) if is(word, "END") && cases > 0 => cases -= 1,
                Token::Word(word) if depth == 0 && cases == 0 => {
                    if ends.iter().any(|end| is(word, end)) {
                        break;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        self.tokens.get(start..self.at).unwrap_or_default().to_vec()
    }

    fn peek(&self) -> Option<&TokenWithSpan> {
        self.tokens.get(self.at).filter(|token| token.token != Token::EOF)
    }

    fn at_word(&self, text: &str) -> bool {
        matches!(self.peek(), Some(TokenWithSpan { token: Token::Word(word), .. }) if is(word, text))
    }

    fn is_transaction(&mut self) -> bool {
        let start = self.at;
        self.take("BEGIN");
        let found = self.at_word("TRANSACTION") || self.peek().is_none();
        let ends = self.peek().is_some_and(|token| token.token == Token::SemiColon);
        self.at = start;
        found || ends
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.at_word(text);
        self.at += usize::from(found);
        found
    }

    fn skip(&mut self, token: &Token) -> bool {
        let found = self.peek().is_some_and(|next| next.token == *token);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, text: &str) -> Result<(), BqError> {
        match self.take(text) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("Expected {text}"))),
        }
    }

    fn expect_all(&mut self, words: &[&str]) -> Result<(), BqError> {
        words.iter().try_for_each(|word| self.expect(word))
    }

    fn name(&mut self) -> Result<String, BqError> {
        let name = match self.peek() {
            Some(TokenWithSpan { token: Token::Word(word), .. }) => Some(word.value.clone()),
            _ => None,
        };
        match name {
            Some(name) if name.starts_with('@') => Err(BqError::not_implemented(format_args!(
                "The system variable {name}{}",
                self.place()
            ))),
            Some(name) => {
                self.at += 1;
                Ok(name)
            }
            None => Err(self.unexpected("Expected a name")),
        }
    }

    fn place(&self) -> String {
        self.peek().map_or_else(String::new, |token| {
            format!(" at [{}:{}]", token.span.start.line, token.span.start.column)
        })
    }

    fn unexpected(&self, expected: &str) -> BqError {
        let place = self.place();
        let found =
            self.peek().map_or("end of script".into(), |token| format!("\"{}\"", token.token));
        BqError::query(format!("Syntax error: {expected} but got {found}{place}"))
    }
}

fn parser(tokens: Vec<TokenWithSpan>) -> Parser<'static> {
    Parser::new(&BigQueryDialect {}).with_tokens_with_locations(tokens)
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
