//! STRUCT: building one, naming its fields, reading fields and elements of arrays.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused"
)]

use sqlparser::ast::{AccessExpr, Expr, Function, Ident, StructField, Subscript};

use super::rewrite::raw;
use super::types::{duck_type, word};
use crate::ids::quote;

/// In an array the first STRUCT names the fields of all; the others go by position.
pub(super) fn name_fields(elements: &mut [Expr]) {
    let Some((Expr::Struct { values, .. }, rest)) = elements.split_first_mut() else {
        return;
    };
    let names: Vec<Option<Ident>> = values
        .iter()
        .map(|value| if let Expr::Named { name, .. } = value { Some(name.clone()) } else { None })
        .collect();
    for element in rest {
        if let Expr::Tuple(values) = element {
            *element = Expr::Struct { values: std::mem::take(values), fields: Vec::new() };
        }
        let Expr::Struct { values, .. } = element else {
            continue;
        };
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

/// `STRUCT(…)` as DuckDB text; `None` for a type that is not known.
pub(super) fn construct(values: &[Expr], fields: &[StructField]) -> Option<String> {
    let mut columns = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let (name, value) = match value {
            Expr::Named { expr, name } => (Some(name.value.clone()), expr.to_string()),
            Expr::Identifier(ident) if fields.is_empty() => {
                (Some(ident.value.clone()), value.to_string())
            }
            Expr::CompoundIdentifier(parts) if fields.is_empty() => {
                (parts.last().map(|part| part.value.clone()), value.to_string())
            }
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

/// `root.field[OFFSET(0)]…` as DuckDB text; `None` for a form that GoogleSQL lacks.
pub(super) fn access(root: &Expr, chain: &[AccessExpr]) -> Option<String> {
    let mut text = root.to_string();
    for step in chain {
        text = match step {
            AccessExpr::Dot(name) => format!("({text}).{name}"),
            AccessExpr::Subscript(Subscript::Index { index: Expr::Function(function) }) => {
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
