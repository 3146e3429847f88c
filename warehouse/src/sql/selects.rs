//! SELECT as a whole: clauses that exist in GoogleSQL, names of columns, `*` without pseudo-columns.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused"
)]

use std::collections::BTreeSet;

use sqlparser::ast::{
    AccessExpr, Distinct, ExcludeSelectItem, Expr, GroupByExpr, Ident, JoinConstraint,
    JoinOperator, ObjectName, Query, Select, SelectItem, SetExpr, SetOperator, SetQuantifier,
    TableFactor,
};

use super::names::{self, Source};
use super::rewrite::{Rewriter, raw};
use crate::catalog::{PARTITION_TIME, Table};
use crate::error::BqError;

/// Refuses clauses that DuckDB would read and BigQuery does not have.
///
/// # Errors
/// `invalidQuery`.
pub(super) fn check_query(query: &Query) -> Result<(), BqError> {
    if !query.pipe_operators.is_empty() {
        return Err(BqError::not_implemented("The pipe syntax"));
    }
    let foreign = query.fetch.is_some()
        || !query.locks.is_empty()
        || query.for_clause.is_some()
        || query.settings.is_some()
        || query.format_clause.is_some();
    if foreign {
        return Err(BqError::query("Syntax error: Unexpected clause after the query"));
    }
    check_body(&query.body)
}

fn check_body(body: &SetExpr) -> Result<(), BqError> {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) => Ok(()),
        SetExpr::SetOperation { left, op, set_quantifier, right } => {
            let known = match (op, set_quantifier) {
                (SetOperator::Union, SetQuantifier::All) => true,
                (
                    SetOperator::Union | SetOperator::Except | SetOperator::Intersect,
                    SetQuantifier::Distinct,
                ) => true,
                (
                    SetOperator::Union
                    | SetOperator::Except
                    | SetOperator::Intersect
                    | SetOperator::Minus,
                    SetQuantifier::All
                    | SetQuantifier::Distinct
                    | SetQuantifier::ByName
                    | SetQuantifier::AllByName
                    | SetQuantifier::DistinctByName
                    | SetQuantifier::None,
                ) => false,
            };
            if !known {
                return Err(BqError::query(format!(
                    "Syntax error: {op} {set_quantifier}: expected UNION ALL, UNION DISTINCT, \
                     EXCEPT DISTINCT or INTERSECT DISTINCT"
                )));
            }
            check_body(left)?;
            check_body(right)
        }
        SetExpr::Values(_)
        | SetExpr::Insert(_)
        | SetExpr::Update(_)
        | SetExpr::Delete(_)
        | SetExpr::Merge(_)
        | SetExpr::Table(_) => Err(BqError::query("Syntax error: Expected a SELECT")),
    }
}

/// Makes a SELECT ready before its parts are rewritten.
///
/// # Errors
/// `invalidQuery` for clauses of other dialects.
pub(super) fn prepare(rewriter: &Rewriter<'_>, select: &mut Select) -> Result<(), BqError> {
    check(select)?;
    let mut hidden = BTreeSet::new();
    let mut aliases = BTreeSet::new();
    for from in &mut select.from {
        inspect(rewriter, &mut from.relation, &mut aliases, &mut hidden);
        for join in &mut from.joins {
            inspect(rewriter, &mut join.relation, &mut aliases, &mut hidden);
            let is_array = matches!(join.relation, TableFactor::UNNEST { .. });
            join_operator(&mut join.join_operator, is_array)?;
        }
    }
    let mut anonymous = 0;
    for item in &mut select.projection {
        select_item(item, &hidden, &mut anonymous)?;
    }
    Ok(())
}

fn check(select: &Select) -> Result<(), BqError> {
    let foreign = matches!(select.distinct, Some(Distinct::On(_)))
        || select.top.is_some()
        || select.select_modifiers.is_some()
        || select.exclude.is_some()
        || select.into.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty();
    if foreign {
        return Err(BqError::query("Syntax error: Unexpected clause in SELECT"));
    }
    if select.value_table_mode.is_some() {
        return Err(BqError::not_implemented("SELECT AS STRUCT and SELECT AS VALUE"));
    }
    match &select.group_by {
        GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers) => {
            match modifiers.is_empty() {
                true => Ok(()),
                false => Err(BqError::query("Syntax error: Unexpected words after GROUP BY")),
            }
        }
    }
}

/// Notes aliases and pseudo-columns, and turns `FROM t, t.array` into an UNNEST.
fn inspect(
    rewriter: &Rewriter<'_>,
    factor: &mut TableFactor,
    aliases: &mut BTreeSet<String>,
    hidden: &mut BTreeSet<&'static str>,
) {
    if let TableFactor::Derived { alias: Some(alias), .. } = factor {
        aliases.insert(alias.name.value.to_lowercase());
    }
    let TableFactor::Table { name, alias, .. } = factor else {
        return;
    };
    let parts = names::parts(name);
    if let [table, column] = parts.as_slice()
        && aliases.contains(&table.to_lowercase())
    {
        let path = vec![Ident::with_quote('"', table), Ident::with_quote('"', column)];
        *factor = TableFactor::UNNEST {
            alias: alias.take(),
            array_exprs: vec![Expr::CompoundIdentifier(path)],
            with_offset: false,
            with_offset_alias: None,
            with_ordinality: false,
        };
        return;
    }
    let named = alias.as_ref().map(|alias| alias.name.value.clone()).or(parts.last().cloned());
    aliases.extend(named.map(|name| name.to_lowercase()));
    if parts.last().is_some_and(|table| table.ends_with('*')) {
        hidden.insert("_TABLE_SUFFIX");
    }
    let source = names::resolve(rewriter.scope, &|name| rewriter.ctes.contains(name), &parts);
    if let Ok(Source::Table(id)) = source
        && rewriter.scope.find(&id).is_some_and(Table::is_ingestion_time)
    {
        hidden.insert(PARTITION_TIME);
    }
}

fn join_operator(operator: &mut JoinOperator, is_array: bool) -> Result<(), BqError> {
    let none = |constraint: &JoinConstraint| matches!(constraint, JoinConstraint::None);
    match operator {
        // An array needs no condition: it belongs to its row.
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint)
            if is_array && none(constraint) =>
        {
            *constraint = JoinConstraint::On(raw("(TRUE)"));
            Ok(())
        }
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint)
            if is_array && none(constraint) =>
        {
            *operator = JoinOperator::CrossJoin(JoinConstraint::None);
            Ok(())
        }
        JoinOperator::CrossJoin(constraint) if none(constraint) => Ok(()),
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
            if matches!(constraint, JoinConstraint::On(_) | JoinConstraint::Using(_)) =>
        {
            Ok(())
        }
        _ => Err(BqError::query("Syntax error: Expected ON or USING after JOIN")),
    }
}

/// Columns without a name are `f0_`, `f1_`, …
fn select_item(
    item: &mut SelectItem,
    hidden: &BTreeSet<&'static str>,
    anonymous: &mut usize,
) -> Result<(), BqError> {
    match item {
        SelectItem::UnnamedExpr(expr) => {
            if let Expr::Identifier(_) | Expr::CompoundIdentifier(_) = expr {
                return Ok(());
            }
            let alias = match expr {
                Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last() {
                    Some(AccessExpr::Dot(Expr::Identifier(field))) => Some(field.clone()),
                    _ => None,
                },
                _ => None,
            };
            let alias = alias.unwrap_or_else(|| {
                *anonymous += 1;
                Ident::new(format!("f{}_", *anonymous - 1))
            });
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
        SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => {
            if options.opt_ilike.is_some()
                || options.opt_rename.is_some()
                || options.opt_exclude.is_some()
            {
                return Err(BqError::query("Syntax error: Expected EXCEPT or REPLACE after *"));
            }
            let mut left_out: Vec<ObjectName> =
                hidden.iter().map(|name| ObjectName::from(Ident::new(*name))).collect();
            if let Some(except) = options.opt_except.take() {
                left_out.push(ObjectName::from(except.first_element));
                left_out.extend(except.additional_elements.into_iter().map(ObjectName::from));
            }
            if !left_out.is_empty() {
                options.opt_exclude = Some(ExcludeSelectItem::Multiple(left_out));
            }
        }
        SelectItem::ExprWithAlias { alias, .. } if alias.quote_style.is_some_and(|q| q != '`') => {
            return Err(BqError::query(format!("Syntax error: Unexpected string literal {alias}")));
        }
        SelectItem::ExprWithAlias { .. } => {}
        SelectItem::ExprWithAliases { .. } => {
            return Err(BqError::query("Syntax error: Expected one alias"));
        }
    }
    Ok(())
}
