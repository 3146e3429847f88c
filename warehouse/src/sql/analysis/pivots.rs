//! PIVOT as a GROUP BY: one aggregate for each value, over the rows with that value.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused"
)]

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, ExceptSelectItem, Expr, ExprWithAlias, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, GroupByExpr, Ident, PivotValueSource, Query, SelectItem, SetExpr,
    TableAlias, TableFactor, TableWithJoins, UnaryOperator, Value, ValueWithSpan, Visit,
    WildcardAdditionalOptions, visit_expressions,
};

use super::operators::call;
use super::place;
use crate::error::BqError;
use crate::sql::create::view_query;

/// Aggregates that leave out NULL, so that a condition can be put around their argument.
const LEAVE_OUT_NULL: &[&str] = &[
    "ANY_VALUE",
    "APPROX_COUNT_DISTINCT",
    "AVG",
    "COUNT",
    "COUNTIF",
    "LOGICAL_AND",
    "LOGICAL_OR",
    "MAX",
    "MIN",
    "STRING_AGG",
    "SUM",
];

/// The subquery that does what a PIVOT says.
///
/// # Errors
/// `notImplemented` for an aggregate or a value that needs more than that.
pub(super) fn grouped(factor: &TableFactor) -> Result<TableFactor, BqError> {
    let at = place(factor);
    let TableFactor::Pivot {
        table,
        aggregate_functions,
        value_column,
        value_source: PivotValueSource::List(values),
        alias,
        ..
    } = factor
    else {
        return Err(BqError::query(format!("Syntax error: Expected values in PIVOT{at}")));
    };
    let [column] = value_column.as_slice() else {
        return Err(BqError::query(format!("Syntax error: Expected one column after FOR{at}")));
    };
    let mut used = Vec::new();
    names(column, &mut used);
    for aggregate in aggregate_functions {
        names(&aggregate.expr, &mut used);
    }
    let mut items = vec![SelectItem::Wildcard(WildcardAdditionalOptions {
        opt_except: except(used),
        ..WildcardAdditionalOptions::default()
    })];
    for value in values {
        let holds = Expr::BinaryOp {
            left: Box::new(column.clone()),
            op: BinaryOperator::Eq,
            right: Box::new(value.expr.clone()),
        };
        for aggregate in aggregate_functions {
            let name = item_name(aggregate, value, aggregate_functions.len()).ok_or_else(|| {
                BqError::not_implemented(format_args!(
                    "A value or aggregate of PIVOT without a name of its own (AS){at}"
                ))
            })?;
            let expr = conditional(&aggregate.expr, &holds).ok_or_else(|| {
                BqError::not_implemented(format_args!("PIVOT with {}{at}", aggregate.expr))
            })?;
            items.push(SelectItem::ExprWithAlias { expr, alias: Ident::new(name) });
        }
    }
    let mut query = view_query("SELECT 1 FROM t GROUP BY ALL")?;
    let SetExpr::Select(select) = query.body.as_mut() else {
        return Err(BqError::query(format!("Syntax error in PIVOT{at}")));
    };
    select.projection = items;
    select.from = vec![TableWithJoins { relation: TableFactor::clone(table), joins: Vec::new() }];
    select.group_by = GroupByExpr::All(Vec::new());
    Ok(derived(query, alias.clone()))
}

fn derived(query: Query, alias: Option<TableAlias>) -> TableFactor {
    TableFactor::Derived { lateral: false, subquery: Box::new(query), alias, sample: None }
}

/// Names in a node, each once.
pub(super) fn names<T: Visit>(node: &T, found: &mut Vec<Ident>) {
    let _ = visit_expressions(node, |expr| {
        let name = match expr {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(names) => names.last(),
            _ => None,
        };
        if let Some(name) = name
            && !found.iter().any(|known| known.value.eq_ignore_ascii_case(&name.value))
        {
            found.push(name.clone());
        }
        ControlFlow::<()>::Continue(())
    });
}

fn except(mut names: Vec<Ident>) -> Option<ExceptSelectItem> {
    let additional_elements = names.split_off(names.len().min(1));
    names.pop().map(|first_element| ExceptSelectItem { first_element, additional_elements })
}

fn item_name(
    aggregate: &ExprWithAlias,
    value: &ExprWithAlias,
    aggregates: usize,
) -> Option<String> {
    let value = match &value.alias {
        Some(alias) => alias.value.clone(),
        None => value_name(&value.expr)?,
    };
    match &aggregate.alias {
        Some(alias) => Some(format!("{}_{value}", alias.value)),
        None => (aggregates == 1).then_some(value),
    }
}

/// The name that BigQuery makes of a value.
fn value_name(value: &Expr) -> Option<String> {
    match value {
        Expr::Value(ValueWithSpan { value, .. }) => match value {
            Value::Number(digits, _) if !digits.contains('.') => Some(format!("_{digits}")),
            Value::Boolean(value) => Some(value.to_string().to_uppercase()),
            Value::Null => Some("NULL".into()),
            other => other.clone().into_string(),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
            Some(format!("_minus{}", value_name(expr)?))
        }
        _ => None,
    }
}

/// An aggregate of the rows for which a condition holds.
fn conditional(aggregate: &Expr, holds: &Expr) -> Option<Expr> {
    let Expr::Function(function) = aggregate else {
        return None;
    };
    let name = function.name.to_string().to_uppercase();
    let known = LEAVE_OUT_NULL.contains(&name.as_str()) && function.over.is_none();
    let mut function: Function = function.clone();
    let FunctionArguments::List(list) = &mut function.args else {
        return None;
    };
    match list.args.first_mut()? {
        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "COUNT" => {
            Some(call("COUNTIF", vec![holds.clone()]))
        }
        FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) if known => {
            let null = Expr::value(Value::Null);
            *argument = call("IF", vec![holds.clone(), argument.clone(), null]);
            Some(Expr::Function(function))
        }
        _ => None,
    }
}
