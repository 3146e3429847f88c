//! Items of SELECT: values, names, stars.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused when it is rewritten"
)]

use sqlparser::ast::{
    AccessExpr, Expr, Ident, SelectItem, SelectItemQualifiedWildcardKind, WildcardAdditionalOptions,
};

use super::kinds::Kind;
use super::scopes::{Column, Columns, Frame, Source, at};
use super::{Analyzer, place};
use crate::error::BqError;
use crate::sql::names;

impl Analyzer<'_> {
    /// The columns of one item of SELECT.
    pub(super) fn item(&mut self, item: &mut SelectItem) -> Result<Columns, BqError> {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let name = implicit_name(expr);
                let typed = self.expr(expr)?;
                // A variable gave its place to a value, which has no name.
                if implicit_name(expr) != name {
                    let alias = Ident::new(name.clone());
                    *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
                }
                Ok(Some(vec![Column { name, typed }]))
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                Ok(Some(vec![Column { name: alias.value.clone(), typed: self.expr(expr)? }]))
            }
            SelectItem::Wildcard(options) => {
                if self.frames.last().is_none_or(|frame| frame.sources.is_empty()) {
                    return Err(BqError::query("SELECT * must have a FROM clause"));
                }
                if self.frames.last().is_some_and(|frame| frame.sources.iter().any(is_folded)) {
                    return Err(BqError::not_implemented(
                        "* over an UNNEST of STRUCTs with OFFSET or in an outer join",
                    ));
                }
                let columns = self.frames.last().and_then(all_columns);
                self.adapted(columns, options)
            }
            SelectItem::QualifiedWildcard(kind, options) => {
                let columns = match kind {
                    SelectItemQualifiedWildcardKind::ObjectName(name) => {
                        self.columns_of(&names::parts(name), &place(name))?
                    }
                    SelectItemQualifiedWildcardKind::Expr(expr) => members(&self.expr(expr)?.kind),
                };
                self.adapted(columns, options)
            }
            SelectItem::ExprWithAliases { .. } => Ok(None),
        }
    }

    fn columns_of(&mut self, words: &[String], start: &str) -> Result<Columns, BqError> {
        if let ([name], Some(frame)) = (words, self.frames.last()) {
            let named = |source: &&Source| {
                source.alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(name))
            };
            if let Some(source) = frame.sources.iter().find(named) {
                return Ok(source.columns.clone());
            }
        }
        let path: Vec<sqlparser::ast::Ident> =
            words.iter().map(sqlparser::ast::Ident::new).collect();
        let mut whole = Expr::CompoundIdentifier(path.clone());
        let kind = self.name(&path, &mut whole).map_err(|mut error| {
            error.message += start;
            error
        })?;
        Ok(members(&kind.kind))
    }

    /// EXCEPT and REPLACE.
    fn adapted(
        &mut self,
        columns: Columns,
        options: &mut WildcardAdditionalOptions,
    ) -> Result<Columns, BqError> {
        let mut replaced = Vec::new();
        for item in options.opt_replace.iter_mut().flat_map(|replace| &mut replace.items) {
            let typed = self.expr(&mut item.expr)?;
            replaced.push((item.column_name.clone(), typed));
        }
        let Some(mut columns) = columns else {
            return Ok(None);
        };
        if let Some(except) = &options.opt_except {
            for name in std::iter::once(&except.first_element).chain(&except.additional_elements) {
                let before = columns.len();
                columns.retain(|column| !column.name.eq_ignore_ascii_case(&name.value));
                if columns.len() == before {
                    return Err(BqError::query(format!(
                        "Column {} in SELECT * EXCEPT list does not exist{}",
                        name.value,
                        at(name)
                    )));
                }
            }
        }
        for (name, typed) in replaced {
            let column =
                columns.iter_mut().find(|column| column.name.eq_ignore_ascii_case(&name.value));
            let column = column.ok_or_else(|| {
                BqError::query(format!(
                    "Column {} in SELECT * REPLACE list does not exist{}",
                    name.value,
                    at(&name)
                ))
            })?;
            column.typed = typed;
        }
        Ok(Some(columns))
    }
}

/// An array of records whose fields are not columns of their own.
fn is_folded(source: &Source) -> bool {
    matches!(source.value, Some(Kind::Struct(_))) && !source.is_flat
}

/// The name of an item without AS; empty when it has none.
pub(super) fn implicit_name(expr: &Expr) -> String {
    let name = match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(names) => names.last(),
        Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last() {
            Some(AccessExpr::Dot(Expr::Identifier(name))) => Some(name),
            _ => None,
        },
        _ => None,
    };
    name.map(|name| name.value.clone()).unwrap_or_default()
}

/// What `*` stands for: a column of USING once.
fn all_columns(frame: &Frame) -> Columns {
    let mut columns: Vec<Column> = Vec::new();
    for source in &frame.sources {
        for column in source.columns.as_ref()? {
            let merged = frame.merged.contains(&column.name.to_lowercase());
            let known = columns.iter().any(|c| c.name.eq_ignore_ascii_case(&column.name));
            if !(merged && known) {
                columns.push(column.clone());
            }
        }
    }
    Some(columns)
}

fn members(kind: &Kind) -> Columns {
    match kind {
        Kind::Struct(fields) => {
            let column = |(name, kind): &(String, Kind)| Column {
                name: name.clone(),
                typed: kind.clone().into(),
            };
            Some(fields.iter().map(column).collect())
        }
        _ => None,
    }
}
