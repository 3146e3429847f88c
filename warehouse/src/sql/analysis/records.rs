//! Records and arrays: their parts, and subqueries that make them.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused when it is rewritten"
)]

use sqlparser::ast::{
    AccessExpr, Expr, Ident, Query, SelectItem, SetExpr, StructField, Subscript, Value,
    ValueTableMode, ValueWithSpan,
};

use super::kinds::{Kind, Typed};
use super::scopes::{Columns, member};
use super::{Analyzer, place, structs};
use crate::error::BqError;

impl Analyzer<'_> {
    /// `root.field[OFFSET(0)].field`: the words at its beginning are one name.
    pub(super) fn access(&mut self, expr: &mut Expr) -> Result<Typed, BqError> {
        let Expr::CompoundFieldAccess { root, access_chain } = expr else {
            return Ok(Kind::Unknown.into());
        };
        let mut path: Vec<Ident> = Vec::new();
        if let Expr::Identifier(name) = root.as_ref()
            && self.parameter(&name.value).is_none()
        {
            path.push(name.clone());
            for step in access_chain.iter() {
                let AccessExpr::Dot(Expr::Identifier(name)) = step else { break };
                path.push(name.clone());
            }
        }
        let mut typed = match path.is_empty() {
            true => self.expr(root)?,
            false => {
                let mut whole = Expr::CompoundIdentifier(path.clone());
                let before = whole.clone();
                let typed = self.name(&path, &mut whole)?;
                if whole != before {
                    // A variable: what is left of the chain is applied to its value.
                    access_chain.drain(..path.len() - 1);
                    **root = whole;
                    path.truncate(1);
                }
                typed
            }
        };
        for step in access_chain.iter_mut().skip(path.len().saturating_sub(1)) {
            let kind = match step {
                AccessExpr::Dot(Expr::Identifier(name)) => member(&typed.kind, name)?,
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    self.element(&typed.kind, index)?
                }
                _ => Kind::Unknown,
            };
            typed = kind.into();
        }
        Ok(typed)
    }

    fn element(&mut self, of: &Kind, index: &mut Expr) -> Result<Kind, BqError> {
        let at = place(index);
        let position = match &mut *index {
            Expr::Function(function) => match &mut function.args {
                sqlparser::ast::FunctionArguments::List(list) => match list.args.first_mut() {
                    Some(sqlparser::ast::FunctionArg::Unnamed(
                        sqlparser::ast::FunctionArgExpr::Expr(position),
                    )) => self.expr(position)?,
                    _ => Kind::Unknown.into(),
                },
                _ => Kind::Unknown.into(),
            },
            other => self.expr(other)?,
        };
        match of {
            Kind::Json if position.kind == Kind::Int64 => {
                let Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) = &*index
                else {
                    return Err(BqError::not_implemented(format_args!(
                        "A position in JSON that is no literal{at}"
                    )));
                };
                // The rewriting reads a text as a path.
                *index = Expr::value(Value::SingleQuotedString(format!("$[{digits}]")));
                Ok(Kind::Json)
            }
            Kind::Array(element) if position.fits(&Kind::Int64) => Ok(Kind::clone(element)),
            Kind::Array(_) => Err(BqError::query(format!(
                "Array position in [] must be coercible to INT64 type, but has type {}{at}",
                position.kind
            ))),
            Kind::Json => Ok(Kind::Json),
            Kind::Unknown | Kind::Null => Ok(Kind::Unknown),
            other => Err(BqError::query(format!(
                "Element access using [] is not supported on values of type {other}{at}"
            ))),
        }
    }

    pub(super) fn structure(
        &mut self,
        values: &mut [Expr],
        fields: &[StructField],
    ) -> Result<Typed, BqError> {
        let mut members = Vec::new();
        let mut is_literal = true;
        for (index, value) in values.iter_mut().enumerate() {
            let given = match &*value {
                Expr::Named { name, .. } => Some(name.value.clone()),
                Expr::Identifier(name) => Some(name.value.clone()),
                Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()),
                _ => None,
            };
            if let Some(field) = fields.get(index) {
                structs::rename(value, &Kind::of_data_type(&field.field_type));
            }
            let typed = self.expr(value)?;
            is_literal &= typed.is_literal;
            if let Some(field) = fields.get(index) {
                let (to, at) = (Kind::of_data_type(&field.field_type), place(value));
                structs::check(&typed.kind, &to, &at)?;
                if !typed.fits(&to) {
                    return Err(BqError::query(format!(
                        "Struct field {} has type {} which does not coerce to {to}{at}",
                        index + 1,
                        typed.kind
                    )));
                }
            }
            let (name, kind) = match fields.get(index) {
                Some(field) => (
                    field.field_name.as_ref().map(|name| name.value.clone()),
                    Kind::of_data_type(&field.field_type),
                ),
                None => (given, typed.kind),
            };
            members.push((name.unwrap_or_default(), kind));
        }
        Ok(Typed { kind: Kind::Struct(members), is_literal })
    }

    /// The type of a subquery with one column.
    pub(super) fn one_column(&mut self, query: &mut Query, at: &str) -> Result<Typed, BqError> {
        let columns: Columns = self.query(query)?;
        match columns.as_deref() {
            Some([column]) => Ok(column.typed.kind.clone().into()),
            Some(columns) => Err(BqError::query(format!(
                "Scalar subquery cannot have more than one column unless using SELECT AS STRUCT to build \
                 STRUCT values; it has {}{at}",
                columns.len()
            ))),
            None => Ok(Kind::Unknown.into()),
        }
    }

    /// `SELECT AS STRUCT a, b` in a place for one value: the items become one STRUCT. None when they
    /// are not written out.
    pub(super) fn as_struct(&mut self, query: &mut Query) -> Result<Option<Kind>, BqError> {
        let Some(columns) = self.query(query)? else {
            return Ok(None);
        };
        let SetExpr::Select(select) = query.body.as_mut() else {
            return Ok(None);
        };
        let mut values = Vec::new();
        for (item, column) in select.projection.iter().zip(&columns) {
            let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item
            else {
                return Ok(None);
            };
            let name = match column.name.is_empty() {
                true => format!("_field_{}", values.len() + 1),
                false => column.name.clone(),
            };
            values.push(Expr::Named { expr: Box::new(expr.clone()), name: Ident::new(name) });
        }
        select.value_table_mode = None;
        let value = Expr::Struct { values, fields: Vec::new() };
        select.projection = vec![SelectItem::UnnamedExpr(value)];
        let field =
            |column: &super::scopes::Column| (column.name.clone(), column.typed.kind.clone());
        Ok(Some(Kind::Struct(columns.iter().map(field).collect())))
    }
}

/// `SELECT AS STRUCT`.
pub(super) fn is_struct(query: &Query) -> bool {
    matches!(query.body.as_ref(), SetExpr::Select(select)
        if matches!(select.value_table_mode, Some(ValueTableMode::AsStruct | ValueTableMode::DistinctAsStruct)))
}
