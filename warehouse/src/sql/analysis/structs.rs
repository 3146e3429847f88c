//! STRUCTs become each other by position in GoogleSQL, by name in DuckDB.
#![expect(clippy::wildcard_enum_match_arm, reason = "only records and arrays of them have fields")]

use sqlparser::ast::{Expr, Ident};

use super::kinds::Kind;
use crate::error::BqError;

/// Gives a record that is written out the names of the type that it will have.
pub(super) fn rename(expr: &mut Expr, to: &Kind) {
    match (expr, to) {
        (Expr::Nested(inner), to) => rename(inner, to),
        (Expr::Array(array), Kind::Array(element)) => {
            array.elem.iter_mut().for_each(|value| rename(value, element));
        }
        (expr @ Expr::Tuple(_), Kind::Struct(_)) => {
            if let Expr::Tuple(values) = expr {
                *expr = Expr::Struct { values: std::mem::take(values), fields: Vec::new() };
            }
            rename(expr, to);
        }
        (Expr::Struct { values, fields }, Kind::Struct(members))
            if fields.is_empty() && values.len() == members.len() =>
        {
            for (value, (name, kind)) in values.iter_mut().zip(members) {
                let null = Expr::value(sqlparser::ast::Value::Null);
                let mut inner = match std::mem::replace(value, null) {
                    Expr::Named { expr, .. } => *expr,
                    other => other,
                };
                rename(&mut inner, kind);
                *value = match name.is_empty() {
                    true => inner,
                    false => Expr::Named { expr: Box::new(inner), name: Ident::new(name) },
                };
            }
        }
        _ => {}
    }
}

/// Refuses a record whose fields have other names than those of the type it is to have.
///
/// # Errors
/// `notImplemented`.
pub(super) fn check(from: &Kind, to: &Kind, at: &str) -> Result<(), BqError> {
    match (from, to) {
        (Kind::Array(from), Kind::Array(to)) => check(from, to, at),
        (Kind::Struct(a), Kind::Struct(b)) => {
            for ((name, inner), (other, to)) in a.iter().zip(b) {
                if !name.eq_ignore_ascii_case(other) {
                    return Err(BqError::not_implemented(format_args!(
                        "{from} where {to} is needed, with other names of fields{at}",
                        to = Kind::Struct(b.clone())
                    )));
                }
                check(inner, to, at)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
