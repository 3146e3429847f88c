//! The walk over the syntax tree: every node is rewritten after its children.
//!
//! A finished node is kept as text in an unquoted identifier, which prints as it is.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, Expr, Function, Ident, Query, Select, StructField,
    Subscript, TableFactor, UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut,
};

use super::types::{cast, duck_type, word};
use super::{Scope, call, dates, parameters, place, selects, strings, tables};
use crate::catalog::PARTITION_TIME;
use crate::error::BqError;
use crate::ids::{TableId, literal, quote};

type Flow = ControlFlow<BqError>;

/// Walks one statement.
pub(super) struct Rewriter<'a> {
    pub(super) scope: &'a Scope<'a>,
    /// Names of WITH, in lower case.
    pub(super) ctes: BTreeSet<String>,
    pub(super) reads: BTreeSet<TableId>,
    unnests: usize,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(scope: &'a Scope<'a>) -> Self {
        Self {
            scope,
            ctes: BTreeSet::new(),
            reads: BTreeSet::new(),
            unnests: 0,
        }
    }

    pub(super) fn query(&mut self, query: &mut Query) -> Result<(), BqError> {
        match VisitMut::visit(query, self) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }

    pub(super) fn into_reads(self) -> BTreeSet<TableId> {
        self.reads
    }

    /// A number for a name that no query contains.
    pub(super) fn next_unnest(&mut self) -> usize {
        self.unnests += 1;
        self.unnests
    }
}

impl VisitorMut for Rewriter<'_> {
    type Break = BqError;

    fn pre_visit_query(&mut self, query: &mut Query) -> Flow {
        if let Some(with) = &query.with {
            self.ctes.extend(
                with.cte_tables
                    .iter()
                    .map(|cte| cte.alias.name.value.to_lowercase()),
            );
        }
        flow(selects::check_query(query))
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> Flow {
        flow(selects::prepare(self, select))
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> Flow {
        flow(tables::rewrite(self, factor))
    }

    fn pre_visit_ident(&mut self, ident: &mut Ident) -> Flow {
        if ident.quote_style == Some('`') && !ident.value.contains('.') {
            ident.quote_style = Some('"');
        } else if ident.quote_style.is_none() && is_reserved_in_duckdb(&ident.value) {
            ident.quote_style = Some('"');
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> Flow {
        match constant(&value.value) {
            Ok(Some(text)) => {
                // `Number` prints its text unchanged; the printer of strings would guess at escapes.
                value.value = Value::Number(text, false);
                ControlFlow::Continue(())
            }
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        if let Some(text) = pseudo_column(expr) {
            *expr = raw(text);
        }
        if let Expr::Array(array) = expr {
            name_records(&mut array.elem);
        }
        let Some(name) = placeholder(expr) else { return ControlFlow::Continue(()) };
        match parameters::value(self.scope.parameters, name) {
            Ok(text) => {
                *expr = raw(text);
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        match rewritten(expr) {
            Ok(Some(text)) => {
                *expr = raw(text);
                ControlFlow::Continue(())
            }
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

fn flow(result: Result<(), BqError>) -> Flow {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

/// In an array the first STRUCT names the fields of all; the others go by position.
fn name_records(elements: &mut [Expr]) {
    let Some((Expr::Struct { values, .. }, rest)) = elements.split_first_mut() else { return };
    let names: Vec<Option<Ident>> = values
        .iter()
        .map(|value| if let Expr::Named { name, .. } = value { Some(name.clone()) } else { None })
        .collect();
    for element in rest {
        if let Expr::Tuple(values) = element {
            *element = Expr::Struct { values: std::mem::take(values), fields: Vec::new() };
        }
        let Expr::Struct { values, .. } = element else { continue };
        for (value, name) in values.iter_mut().zip(&names) {
            let Some(name) = name else { continue };
            let inner = match std::mem::replace(value, raw("NULL")) {
                Expr::Named { expr, .. } => expr,
                other => Box::new(other),
            };
            *value = Expr::Named { expr: inner, name: name.clone() };
        }
    }
}

/// The name of a query parameter. The parser reads `@name` as a name in some places.
fn placeholder(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Identifier(ident) if ident.quote_style.is_none() && is_parameter(&ident.value) => {
            Some(&ident.value)
        }
        Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) => Some(name),
        _other => None,
    }
}

fn is_parameter(text: &str) -> bool {
    text.strip_prefix('@').is_some_and(is_name)
}

/// Text as a node that prints as it is.
pub(super) fn raw(text: impl Into<String>) -> Expr {
    Expr::Identifier(Ident::new(text))
}

/// Words that DuckDB reserves (its table function `duckdb_keywords`), and some that it reads oddly.
fn is_reserved_in_duckdb(name: &str) -> bool {
    const WORDS: &[&str] = &["all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "at", "both", "case", "cast", "check", "collate", "column", "constraint", "create", "default", "deferrable", "desc", "describe", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "from", "group", "having", "in", "initially", "intersect", "into", "lambda", "lateral", "leading", "limit", "not", "null", "offset", "on", "only", "or", "order", "pivot", "pivot_longer", "pivot_wider", "placing", "primary", "qualify", "references", "returning", "select", "show", "some", "summarize", "symmetric", "table", "then", "to", "trailing", "true", "union", "unique", "unpivot", "user", "using", "variadic", "when", "where", "window", "with"];
    WORDS
        .binary_search(&name.to_ascii_lowercase().as_str())
        .is_ok()
}

fn pseudo_column(expr: &Expr) -> Option<String> {
    let parts = match expr {
        Expr::Identifier(ident) => std::slice::from_ref(ident),
        Expr::CompoundIdentifier(parts) => parts.as_slice(),
        _ => return None,
    };
    let (last, table) = parts.split_last()?;
    if !last.value.eq_ignore_ascii_case("_PARTITIONDATE") {
        return None;
    }
    let table: String = table
        .iter()
        .map(|part| format!("{}.", quote(&part.value)))
        .collect();
    Some(format!(
        "CAST(CAST({table}{PARTITION_TIME} AS TIMESTAMP) AS DATE)"
    ))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "literals of other dialects are refused"
)]
fn constant(value: &Value) -> Result<Option<String>, BqError> {
    Ok(match value {
        Value::SingleQuotedString(text)
        | Value::DoubleQuotedString(text)
        | Value::TripleSingleQuotedString(text)
        | Value::TripleDoubleQuotedString(text)
        | Value::SingleQuotedRawStringLiteral(text)
        | Value::DoubleQuotedRawStringLiteral(text)
        | Value::TripleSingleQuotedRawStringLiteral(text)
        | Value::TripleDoubleQuotedRawStringLiteral(text) => Some(literal(text)),
        Value::SingleQuotedByteStringLiteral(text) | Value::DoubleQuotedByteStringLiteral(text) => {
            Some(format!("encode({})", literal(text)))
        }
        // A number with a point is FLOAT64; DuckDB would make it a DECIMAL.
        Value::Number(digits, _)
            if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
                && digits.contains('.')
                && !digits.contains(['e', 'E']) =>
        {
            let zero = if digits.starts_with('.') { "0" } else { "" };
            let tail = if digits.ends_with('.') { "0" } else { "" };
            Some(format!("{zero}{digits}{tail}e0"))
        }
        Value::HexStringLiteral(digits) => Some(
            i64::from_str_radix(digits, 16)
                .map_err(|_| BqError::query(format!("Invalid integer literal: 0x{digits}")))?
                .to_string(),
        ),
        Value::Number(_, _) | Value::Boolean(_) | Value::Null | Value::Placeholder(_) => None,
        other => {
            return Err(BqError::query(format!(
                "Syntax error: Unexpected literal {other}"
            )));
        }
    })
}

/// The new text of a node; `None` when it may stay as it is.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "expressions of other dialects are refused"
)]
fn rewritten(expr: &Expr) -> Result<Option<String>, BqError> {
    let text = match expr {
        Expr::Function(function) if is_syntax(function) => return Ok(None),
        Expr::Function(function) => Some(call::translate(function)?),
        Expr::BinaryOp { left, op, right } => return binary(expr, left, op, right),
        Expr::UnaryOp {
            op: UnaryOperator::Minus | UnaryOperator::Plus | UnaryOperator::Not,
            ..
        }
        | Expr::UnaryOp {
            op: UnaryOperator::BitwiseNot,
            ..
        } => return Ok(None),
        Expr::Cast {
            kind: CastKind::Cast,
            expr: inner,
            data_type,
            format: None,
            ..
        } => cast(&inner.to_string(), data_type),
        Expr::Cast {
            kind: CastKind::SafeCast,
            expr: inner,
            data_type,
            format: None,
            ..
        } => cast(&inner.to_string(), data_type).map(|text| format!("TRY({text})")),
        Expr::TypedString(typed) => {
            duck_type(&typed.data_type).map(|duck| format!("CAST({} AS {duck})", typed.value))
        }
        Expr::Interval(interval) => interval
            .leading_field
            .as_ref()
            .filter(|_| interval.last_field.is_none())
            .map(|unit| format!("INTERVAL ({}) {}", interval.value, word(&unit.to_string()))),
        Expr::Extract {
            field, expr: inner, ..
        } => {
            let inner = inner.to_string();
            let civil = match inner.starts_with("bq_local(") {
                true => inner,
                false => dates::civil(&inner, None),
            };
            dates::extracted(&field.to_string(), &civil)
        }
        Expr::AtTimeZone {
            timestamp,
            time_zone,
        } => Some(dates::civil(
            &timestamp.to_string(),
            Some(&time_zone.to_string()),
        )),
        Expr::Substring {
            expr: inner,
            substring_from: Some(from),
            substring_for,
            ..
        } => {
            let length = substring_for.as_ref().map(ToString::to_string);
            Some(strings::substring(
                &inner.to_string(),
                &from.to_string(),
                length.as_deref(),
            ))
        }
        Expr::InUnnest {
            expr: inner,
            array_expr,
            negated,
        } => {
            let not = if *negated { "NOT " } else { "" };
            Some(format!("({not}list_contains({array_expr}, {inner}))"))
        }
        Expr::Like {
            any: false,
            escape_char: None,
            pattern,
            expr: inner,
            negated,
        } => {
            let pattern = pattern.to_string();
            let not = if *negated { "NOT " } else { "" };
            let is_plain = pattern.starts_with('\'') && !pattern.contains('\\');
            let escape = if is_plain { "" } else { " ESCAPE '\\'" };
            Some(format!("({inner} {not}LIKE {pattern}{escape})"))
        }
        Expr::Struct { values, fields } => record(values, fields),
        Expr::CompoundFieldAccess { root, access_chain } => access(root, access_chain),
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsDistinctFrom(_, _)
        | Expr::IsNotDistinctFrom(_, _)
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::Between { .. }
        | Expr::Ceil { .. }
        | Expr::Floor { .. }
        | Expr::Nested(_)
        | Expr::Value(_)
        | Expr::Case { .. }
        | Expr::Exists { .. }
        | Expr::Subquery(_)
        | Expr::Rollup(_)
        | Expr::Cube(_)
        | Expr::GroupingSets(_)
        | Expr::Tuple(_)
        | Expr::Array(_)
        | Expr::Named { .. } => return Ok(None),
        Expr::Trim {
            trim_where: None,
            trim_what: None,
            ..
        } => return Ok(None),
        _ => None,
    };
    text.map(Some).ok_or_else(|| {
        BqError::query(format!(
            "Unsupported expression: {}{}",
            shortened(expr),
            place(expr)
        ))
    })
}

/// Not functions, though they are written like some: date parts and array positions.
fn is_syntax(function: &Function) -> bool {
    ["WEEK", "OFFSET", "ORDINAL", "SAFE_OFFSET", "SAFE_ORDINAL"]
        .contains(&word(&function.name.to_string()).as_str())
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "operators of other dialects are refused"
)]
fn binary(
    whole: &Expr,
    left: &Expr,
    op: &BinaryOperator,
    right: &Expr,
) -> Result<Option<String>, BqError> {
    match op {
        BinaryOperator::Divide => Ok(Some(format!("bq_div(({left}), ({right}))"))),
        BinaryOperator::BitwiseXor => Ok(Some(format!("xor({left}, {right})"))),
        // Two literals would be added as 32-bit integers.
        BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply
            if is_integer(left) && is_integer(right) =>
        {
            Ok(Some(format!("CAST({left} AS BIGINT) {op} {right}")))
        }
        BinaryOperator::Plus
        | BinaryOperator::Minus
        | BinaryOperator::Multiply
        | BinaryOperator::StringConcat
        | BinaryOperator::Lt
        | BinaryOperator::LtEq
        | BinaryOperator::Gt
        | BinaryOperator::GtEq
        | BinaryOperator::Eq
        | BinaryOperator::NotEq
        | BinaryOperator::And
        | BinaryOperator::Or
        | BinaryOperator::BitwiseAnd
        | BinaryOperator::BitwiseOr
        | BinaryOperator::PGBitwiseShiftLeft
        | BinaryOperator::PGBitwiseShiftRight => Ok(None),
        other => Err(BqError::query(format!(
            "Syntax error: Unexpected \"{other}\"{}",
            place(whole)
        ))),
    }
}

fn is_integer(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value)
        if matches!(&value.value, Value::Number(text, _) if text.parse::<i64>().is_ok()))
}

fn record(values: &[Expr], fields: &[StructField]) -> Option<String> {
    let mut columns = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let (name, value) = match value {
            Expr::Named { expr, name } => (Some(name.value.clone()), expr.to_string()),
            Expr::Identifier(ident) if fields.is_empty() => {
                (Some(ident.value.clone()), value.to_string())
            }
            Expr::CompoundIdentifier(parts) if fields.is_empty() => (
                parts.last().map(|part| part.value.clone()),
                value.to_string(),
            ),
            _ => (None, value.to_string()),
        };
        let (name, value) = match fields.get(index) {
            Some(field) => (
                field.field_name.as_ref().map(|name| name.value.clone()),
                format!("CAST({value} AS {})", duck_type(&field.field_type)?),
            ),
            // A rewritten value is an identifier too, but not one that names a column.
            None => (name.filter(|name| is_name(name)), value),
        };
        let name = name.unwrap_or_else(|| format!("_field_{}", index + 1));
        columns.push(format!("{} := {value}", quote(&name)));
    }
    Some(format!("struct_pack({})", columns.join(", ")))
}

/// Whether text is the name of a column and not a rewritten expression.
pub(super) fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "subscripts of other dialects are refused"
)]
fn access(root: &Expr, chain: &[AccessExpr]) -> Option<String> {
    let mut text = root.to_string();
    for step in chain {
        text = match step {
            AccessExpr::Dot(name) => format!("({text}).{name}"),
            AccessExpr::Subscript(Subscript::Index {
                index: Expr::Function(function),
            }) => {
                let position = call_argument(function)?;
                match word(&function.name.to_string()).as_str() {
                    "OFFSET" => format!("bq_element({text}, {position})"),
                    "ORDINAL" => format!("bq_element({text}, {position} - 1)"),
                    // DuckDB counts from 1 and gives NULL outside.
                    "SAFE_OFFSET" => format!(
                        "CASE WHEN {position} >= 0 THEN list_extract({text}, {position} + 1) END"
                    ),
                    "SAFE_ORDINAL" => format!(
                        "CASE WHEN {position} >= 1 THEN list_extract({text}, {position}) END"
                    ),
                    _ => return None,
                }
            }
            AccessExpr::Subscript(Subscript::Index { index }) => {
                let index = index.to_string();
                match index.starts_with('\'') {
                    true => format!("json_extract({text}, {index})"),
                    false => format!("bq_element({text}, {index})"),
                }
            }
            _ => return None,
        };
    }
    Some(text)
}

fn call_argument(function: &Function) -> Option<String> {
    let text = function.args.to_string();
    Some(text.strip_prefix('(')?.strip_suffix(')')?.to_owned())
}

/// Enough of an expression to find it, without quoting a whole query.
fn shortened(expr: &Expr) -> String {
    expr.to_string().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_words_are_found_in_any_case() {
        assert!(is_reserved_in_duckdb("User") && is_reserved_in_duckdb("AT"));
        assert!(!is_reserved_in_duckdb("device"));
    }
}
