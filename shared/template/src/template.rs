//! A text that was split once and can be evaluated many times.

use std::borrow::Cow;
use std::rc::Rc;

use crate::path::Path;
use crate::text::{Part, parts};

/// A parsed text.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) used: UsedNames,
}

/// A part of a template.
#[derive(Debug)]
pub(crate) enum Piece {
    Literal(String),
    Expression(Expression),
}

/// An expression and what is known of it before it runs.
#[derive(Debug)]
pub(crate) struct Expression {
    /// Byte offset of the `${`.
    pub(crate) offset: usize,
    pub(crate) source: Rc<str>,
    /// Set if the expression only names a value.
    pub(crate) path: Option<Path>,
}

/// Which parameters the expressions of a text can see, so that only those are handed to JavaScript.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UsedNames {
    /// Only these words stand in the expressions.
    Words(Vec<String>),
    /// `this`, `eval` or an escaped name can reach every parameter.
    All,
}

impl Template {
    /// Splits a text. Never fails: wrong expressions are found when they are compiled.
    pub(crate) fn parse(text: &str) -> Template {
        let pieces: Vec<Piece> = parts(text)
            .into_iter()
            .map(|part| match part {
                Part::Literal(text) => Piece::Literal(Cow::into_owned(text)),
                Part::Expression { offset, source } => Piece::Expression(Expression {
                    offset,
                    source: Rc::from(source),
                    path: Path::parse(source),
                }),
            })
            .collect();
        let used = UsedNames::of(pieces.iter().filter_map(|piece| match piece {
            Piece::Expression(expression) => Some(expression.source.as_ref()),
            Piece::Literal(_) => None,
        }));
        Template { pieces, used }
    }
}

impl UsedNames {
    fn of<'a>(sources: impl Iterator<Item = &'a str>) -> UsedNames {
        let mut words: Vec<String> = Vec::new();
        for source in sources {
            if source.contains("\\u") {
                return UsedNames::All;
            }
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
            for word in source.split(|c| !is_part(c)).filter(|word| !word.is_empty()) {
                if word == "this" || word == "eval" {
                    return UsedNames::All;
                }
                if !words.iter().any(|known| known == word) {
                    words.push(word.to_owned());
                }
            }
        }
        UsedNames::Words(words)
    }
}

impl Piece {
    /// The expression, if it is one.
    pub(crate) fn expression(&self) -> Option<&Expression> {
        match self {
            Piece::Expression(expression) => Some(expression),
            Piece::Literal(_) => None,
        }
    }
}
