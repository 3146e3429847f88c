//! Cuts tokens into steps, one method for each form of a statement.
#![expect(clippy::wildcard_enum_match_arm, reason = "a few of many tokens begin or end something")]

use sqlparser::ast::Expr;
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::{Step, offset};
use crate::error::BqError;
use crate::sql::syntax_error;
use crate::sql::tokens::is;

/// Where the reading is.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<TokenWithSpan>,
    pub(super) at: usize,
}

impl Reader<'_> {
    /// Steps up to one of these words, which is not consumed, or to the end of the text.
    pub(super) fn steps(&mut self, ends: &[&str]) -> Result<Vec<Step>, BqError> {
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
                Token::Word(word)
                    if depth == 0 && cases == 0 && ends.iter().any(|end| is(word, end)) =>
                {
                    break;
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
