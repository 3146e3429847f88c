//! The walk over the syntax tree: every node is rewritten after its children.
//!
//! A finished node is kept as text in an unquoted identifier, which prints as it is.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused"
)]

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, Expr, Function, Ident, Query, Select, TableFactor,
    UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut,
};

use super::row_id::RowId;
use super::types::{cast, duck_type, word};
use super::{Scope, call, constants, dates, parameters, place, records, selects, strings, tables};
use crate::catalog::PARTITION_TIME;
use crate::error::BqError;
use crate::ids::{TableId, quote};

type Flow = ControlFlow<BqError>;

/// Walks one statement.
pub(super) struct Rewriter<'a> {
    pub(super) scope: &'a Scope<'a>,
    /// Names of WITH, in lower case.
    pub(super) ctes: BTreeSet<String>,
    pub(super) reads: BTreeSet<TableId>,
    /// Views around this query.
    pub(super) depth: usize,
    unnests: usize,
    row_id: RowId,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(scope: &'a Scope<'a>) -> Self {
        Self {
            scope,
            ctes: BTreeSet::new(),
            reads: BTreeSet::new(),
            depth: 0,
            unnests: 0,
            row_id: RowId::default(),
        }
    }

    pub(super) fn walk<T: VisitMut>(&mut self, node: &mut T) -> Result<(), BqError> {
        match VisitMut::visit(node, self) {
            ControlFlow::Continue(()) => self.row_id.check(self.scope.catalog, &self.reads),
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
            self.ctes.extend(with.cte_tables.iter().map(|cte| cte.alias.name.value.to_lowercase()));
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
        self.row_id.note_word(ident);
        let backticked = ident.quote_style == Some('`') && !ident.value.contains('.');
        let reserved = ident.quote_style.is_none() && is_reserved_in_duckdb(&ident.value);
        if backticked || reserved {
            ident.quote_style = Some('"');
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> Flow {
        match constants::constant(&value.value) {
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
        self.row_id.note_value(expr);
        if let Some(text) = pseudo_column(expr) {
            *expr = raw(text);
        }
        if let Expr::Array(array) = expr {
            records::name_fields(&mut array.elem);
        }
        split_parameter(expr);
        let Some(name) = placeholder(expr) else {
            return ControlFlow::Continue(());
        };
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

/// `@s.k`: the parser takes it for a name of two words.
fn split_parameter(expr: &mut Expr) {
    let Expr::CompoundIdentifier(names) = expr else {
        return;
    };
    if let Some((name, fields)) = names.split_first()
        && is_parameter(&name.value)
    {
        let access = |field: &Ident| AccessExpr::Dot(Expr::Identifier(field.clone()));
        *expr = Expr::CompoundFieldAccess {
            root: Box::new(Expr::Identifier(name.clone())),
            access_chain: fields.iter().map(access).collect(),
        };
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
    text.strip_prefix('@').is_some_and(records::is_name)
}

/// Text as a node that prints as it is.
pub(super) fn raw(text: impl Into<String>) -> Expr {
    Expr::Identifier(Ident::new(text))
}

/// Words that DuckDB reserves (its table function `duckdb_keywords`), and some that it reads oddly.
fn is_reserved_in_duckdb(name: &str) -> bool {
    const WORDS: &str = "all analyse analyze and any array as asc asymmetric at both case cast check \
         collate column constraint create default deferrable desc describe distinct do \
         else end except false fetch for foreign from group having in initially \
         intersect into lambda lateral leading limit not null offset on only or order \
         pivot pivot_longer pivot_wider placing primary qualify references returning \
         select show some summarize symmetric table then to trailing true union unique \
         unpivot user using variadic when where window with";
    let name = name.to_ascii_lowercase();
    WORDS.split(' ').any(|word| word == name)
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
    let table: String = table.iter().map(|part| format!("{}.", quote(&part.value))).collect();
    Some(format!("CAST(CAST({table}{PARTITION_TIME} AS TIMESTAMP) AS DATE)"))
}

/// The new text of a node; `None` when it may stay as it is.
fn rewritten(expr: &Expr) -> Result<Option<String>, BqError> {
    let text = match expr {
        Expr::Function(function) if is_syntax(function) => return Ok(None),
        Expr::Function(function) => Some(call::translate(function)?),
        Expr::BinaryOp { left, op, right } => return binary(expr, left, op, right),
        Expr::UnaryOp {
            op: UnaryOperator::Minus | UnaryOperator::Plus | UnaryOperator::Not,
            ..
        }
        | Expr::UnaryOp { op: UnaryOperator::BitwiseNot, .. } => return Ok(None),
        Expr::Cast { kind: CastKind::Cast, expr: inner, data_type, format: None, .. } => {
            cast(&inner.to_string(), data_type)
        }
        Expr::Cast { kind: CastKind::SafeCast, expr: inner, data_type, format: None, .. } => {
            cast(&inner.to_string(), data_type).map(|text| format!("TRY({text})"))
        }
        Expr::TypedString(typed) => {
            duck_type(&typed.data_type).map(|duck| format!("CAST({} AS {duck})", typed.value))
        }
        Expr::Interval(interval) => interval
            .leading_field
            .as_ref()
            .filter(|_| interval.last_field.is_none())
            .map(|unit| format!("INTERVAL ({}) {}", interval.value, word(&unit.to_string()))),
        Expr::Extract { field, expr: inner, .. } => {
            let inner = inner.to_string();
            let is_civil = ["bq_local(", "bq_local_since(", "make_timestamp("]
                .iter()
                .any(|function| inner.starts_with(function));
            let civil = if is_civil { inner } else { dates::civil(&inner, None) };
            dates::extracted(&field.to_string(), &civil)
        }
        Expr::AtTimeZone { timestamp, time_zone } => {
            Some(dates::civil(&timestamp.to_string(), Some(&time_zone.to_string())))
        }
        Expr::Substring { expr: inner, substring_from: Some(from), substring_for, .. } => {
            let length = substring_for.as_ref().map(ToString::to_string);
            Some(strings::substring(&inner.to_string(), &from.to_string(), length.as_deref()))
        }
        Expr::InUnnest { expr: inner, array_expr, negated } => {
            let not = if *negated { "NOT " } else { "" };
            Some(format!("({not}list_contains({array_expr}, {inner}))"))
        }
        Expr::Like { any: false, escape_char: None, pattern, expr: inner, negated } => {
            let pattern = pattern.to_string();
            let not = if *negated { "NOT " } else { "" };
            let is_plain = pattern.starts_with('\'') && !pattern.contains('\\');
            let escape = if is_plain { "" } else { " ESCAPE '\\'" };
            Some(format!("({inner} {not}LIKE {pattern}{escape})"))
        }
        Expr::Struct { values, fields } => records::construct(values, fields),
        Expr::CompoundFieldAccess { root, access_chain } => records::access(root, access_chain),
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
        Expr::Trim { trim_where: None, trim_what: None, .. } => return Ok(None),
        _ => None,
    };
    text.map(Some).ok_or_else(|| {
        BqError::query(format!("Unsupported expression: {}{}", shortened(expr), place(expr)))
    })
}

/// Not functions, though they are written like some: date parts and array positions.
fn is_syntax(function: &Function) -> bool {
    ["WEEK", "OFFSET", "ORDINAL", "SAFE_OFFSET", "SAFE_ORDINAL"]
        .contains(&word(&function.name.to_string()).as_str())
}

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
        other => {
            Err(BqError::query(format!("Syntax error: Unexpected \"{other}\"{}", place(whole))))
        }
    }
}

fn is_integer(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value)
        if matches!(&value.value, Value::Number(text, _) if text.parse::<i64>().is_ok()))
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
