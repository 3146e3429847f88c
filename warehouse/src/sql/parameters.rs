//! Query parameters, named (`@day`) and by position (`?`).

use std::ops::ControlFlow;

use serde_json::Value;
use sqlparser::ast::{Expr, Value as Literal, ValueWithSpan, VisitMut, VisitorMut};

use crate::error::BqError;
use crate::ids::{literal, quote};

/// Gives each `?` its number, from 0: later steps walk the tree in other orders, or twice.
pub(super) fn number<T: VisitMut>(node: &mut T) {
    let _ = VisitMut::visit(node, &mut Numbers(0));
}

struct Numbers(usize);

impl VisitorMut for Numbers {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Value(ValueWithSpan { value: Literal::Placeholder(name), .. }) = expr
            && name == "?"
        {
            *name = format!("?{}", self.0);
            self.0 += 1;
        }
        ControlFlow::Continue(())
    }
}

/// The DuckDB text of a parameter. A `?` has its number behind it.
///
/// # Errors
/// `invalidQuery` when it was not sent, or has a type that is not known here.
pub(super) fn value(parameters: &[Value], placeholder: &str) -> Result<String, BqError> {
    let Some(name) = placeholder.strip_prefix('@') else {
        let position: usize = placeholder
            .trim_start_matches('?')
            .parse()
            .map_err(|_| BqError::query(format!("Syntax error: Unexpected \"{placeholder}\"")))?;
        let number = position + 1;
        let parameter = parameters.get(position).filter(|p| p["name"].as_str().is_none());
        let parameter = parameter.ok_or_else(|| {
            BqError::query(format!("Query parameter number {number} is not defined"))
        })?;
        return typed(&parameter["parameterType"], &parameter["parameterValue"]).ok_or_else(|| {
            BqError::query(format!("Query parameter number {number} has an unsupported type"))
        });
    };
    let parameter = parameters
        .iter()
        .find(|p| p["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)))
        .ok_or_else(|| BqError::query(format!("Query parameter '{name}' not found")))?;
    typed(&parameter["parameterType"], &parameter["parameterValue"])
        .ok_or_else(|| BqError::query(format!("Query parameter '{name}' has an unsupported type")))
}

fn typed(kind: &Value, value: &Value) -> Option<String> {
    if kind["type"].as_str()? == "ARRAY" {
        let element = &kind["arrayType"];
        let values = value["arrayValues"].as_array().map_or(&[][..], Vec::as_slice);
        let values: Option<Vec<String>> =
            values.iter().map(|value| typed(element, value)).collect();
        return Some(format!("CAST([{}] AS {}[])", values?.join(", "), duck(element)?));
    }
    if kind["type"].as_str()? == "STRUCT" {
        let fields: Option<Vec<String>> =
            kind["structTypes"].as_array()?.iter().map(|field| member(field, value)).collect();
        return Some(format!("struct_pack({})", fields?.join(", ")));
    }
    let value = &value["value"];
    let text = match value.as_str() {
        Some(text) => literal(text),
        None if value.is_null() => "NULL".into(),
        None => literal(&value.to_string()),
    };
    match duck(kind)? {
        // A text parameter becomes a date where one is needed, as a literal does.
        "VARCHAR" if text != "NULL" => Some(text),
        duck => Some(format!("CAST({text} AS {duck})")),
    }
}

fn member(field: &Value, value: &Value) -> Option<String> {
    let name = field["name"].as_str()?;
    let text = typed(&field["type"], &value["structValues"][name])?;
    Some(format!("{} := {text}", quote(name)))
}

fn duck(kind: &Value) -> Option<&'static str> {
    Some(match kind["type"].as_str()? {
        "INT64" | "INTEGER" => "BIGINT",
        "FLOAT64" | "FLOAT" => "DOUBLE",
        "STRING" => "VARCHAR",
        "BOOL" | "BOOLEAN" => "BOOLEAN",
        "DATE" => "DATE",
        "DATETIME" => "TIMESTAMP",
        "TIME" => "TIME",
        "TIMESTAMP" => "TIMESTAMPTZ",
        "NUMERIC" => "DECIMAL(38,9)",
        "JSON" => "JSON",
        _ => return None,
    })
}
