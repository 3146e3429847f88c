//! What the parser cannot read is put right before it: types with two closing brackets, and typed
//! arrays.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// Whether a token is this word, not quoted.
pub(super) fn is(word: &Word, text: &str) -> bool {
    word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text)
}

/// Tokens that the parser reads as BigQuery would.
pub(super) fn mended(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let tokens = tokens.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_))).collect();
    typed_arrays(&without_double_brackets(tokens))
}

/// `ARRAY<STRUCT<…>>` ends with two brackets, which the tokenizer takes for a shift.
fn without_double_brackets(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let (mut open, mut after_type) = (0_u32, false);
    for token in tokens {
        let was_type = std::mem::take(&mut after_type);
        #[expect(clippy::wildcard_enum_match_arm, reason = "few tokens matter here")]
        match &token.token {
            Token::Lt if was_type => open += 1,
            Token::Gt => open = open.saturating_sub(1),
            Token::ShiftRight if open > 1 => {
                open -= 2;
                out.push(TokenWithSpan { token: Token::Gt, span: token.span });
                out.push(TokenWithSpan { token: Token::Gt, span: token.span });
                continue;
            }
            Token::Word(word) => after_type = is(word, "ARRAY") || is(word, "STRUCT"),
            _ => {}
        }
        out.push(token);
    }
    out
}

/// `ARRAY<T>[…]` becomes `CAST([…] AS ARRAY<T>)`.
fn typed_arrays(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let Some((elements, end)) = typed_array(tokens, at) else {
            out.push(token.clone());
            at += 1;
            continue;
        };
        let here = |token: Token| TokenWithSpan { token, span: tokens[at].span };
        out.push(here(word("CAST", Keyword::CAST)));
        out.push(here(Token::LParen));
        out.extend(typed_arrays(tokens.get(elements..end).unwrap_or_default()));
        out.push(here(word("AS", Keyword::AS)));
        out.extend(tokens.get(at..elements).unwrap_or_default().iter().cloned());
        out.push(here(Token::RParen));
        at = end;
    }
    out
}

/// Where the elements begin, and the first token after them.
fn typed_array(tokens: &[TokenWithSpan], at: usize) -> Option<(usize, usize)> {
    let is_array = matches!(&tokens.get(at)?.token, Token::Word(word) if is(word, "ARRAY"));
    if !is_array || tokens.get(at + 1)?.token != Token::Lt {
        return None;
    }
    let elements = matching(tokens, at + 1, &Token::Lt, &Token::Gt)? + 1;
    if tokens.get(elements)?.token != Token::LBracket {
        return None;
    }
    let end = matching(tokens, elements, &Token::LBracket, &Token::RBracket)? + 1;
    Some((elements, end))
}

fn matching(tokens: &[TokenWithSpan], from: usize, open: &Token, close: &Token) -> Option<usize> {
    let mut depth = 0_u32;
    for (index, token) in tokens.iter().enumerate().skip(from) {
        if token.token == *open {
            depth += 1;
        } else if token.token == *close {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

fn word(text: &str, keyword: Keyword) -> Token {
    Token::Word(Word { value: text.into(), quote_style: None, keyword })
}
