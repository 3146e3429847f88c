//! Queries: WITH, set operations, and the clauses of SELECT in the order in which they see names.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused when it is rewritten"
)]

use sqlparser::ast::{
    AccessExpr, Expr, GroupByExpr, Ident, LimitClause, OrderBy, OrderByKind, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Value, WildcardAdditionalOptions,
};

use super::kinds::{Kind, Typed, common};
use super::scopes::{Column, Columns, Frame, Source, at};
use super::{Analyzer, place};
use crate::error::BqError;
use crate::sql::names;

impl Analyzer<'_> {
    /// The columns of a query.
    pub(super) fn query(&mut self, query: &mut Query) -> Result<Columns, BqError> {
        let outer = self.ctes.len();
        let clause = self.without_aggregates.take();
        if let Some(with) = &mut query.with {
            for cte in &mut with.cte_tables {
                let name = cte.alias.name.value.to_lowercase();
                if with.recursive
                    && let SetExpr::SetOperation { left, .. } = cte.query.body.as_mut()
                {
                    // The first part gives the columns that the second one sees.
                    let columns = self.body(&mut left.clone(), None)?;
                    self.ctes.push((name.clone(), columns));
                }
                let columns = self.query(&mut cte.query)?;
                self.ctes.push((name, columns));
            }
        }
        let columns = self.body(&mut query.body, query.order_by.as_mut())?;
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
            let offset = offset.as_mut().map(|offset| &mut offset.value);
            for value in limit.iter_mut().chain(offset) {
                let start = place(value);
                match self.expr(value)?.kind {
                    Kind::Int64 | Kind::Unknown => {}
                    other => {
                        return Err(BqError::query(format!(
                            "LIMIT and OFFSET need INT64, not {other}{start}"
                        )));
                    }
                }
            }
        }
        self.ctes.truncate(outer);
        self.without_aggregates = clause;
        Ok(columns)
    }

    fn body(
        &mut self,
        body: &mut SetExpr,
        order_by: Option<&mut OrderBy>,
    ) -> Result<Columns, BqError> {
        match body {
            SetExpr::Select(select) => self.select(select, order_by),
            SetExpr::Query(query) => {
                let columns = self.query(query)?;
                self.ordered(order_by, columns)
            }
            SetExpr::SetOperation { left, right, op, set_quantifier } => {
                let start = place(right.as_ref());
                let first = self.body(left, None)?;
                let second = self.body(right, None)?;
                let name = format!("{op} {set_quantifier}");
                let columns = united(first, second, &name, &start)?;
                self.ordered(order_by, columns)
            }
            _ => Ok(None),
        }
    }

    /// ORDER BY of a set operation sees the columns of the result alone.
    fn ordered(
        &mut self,
        order_by: Option<&mut OrderBy>,
        columns: Columns,
    ) -> Result<Columns, BqError> {
        let source = Source {
            alias: None,
            columns: columns.clone(),
            hidden: Vec::new(),
            value: None,
            is_flat: false,
            filter_needed: None,
        };
        self.frames.push(Frame { sources: vec![source], ..Frame::default() });
        let result = self.keys(order_by);
        self.frames.pop();
        result.map(|()| columns)
    }

    fn keys(&mut self, order_by: Option<&mut OrderBy>) -> Result<(), BqError> {
        let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = order_by else {
            return Ok(());
        };
        for key in keys {
            let start = place(&key.expr);
            let kind = self.expr(&mut key.expr)?.kind;
            if matches!(kind, Kind::Array(_) | Kind::Struct(_) | Kind::Json) {
                return Err(BqError::query(format!(
                    "ORDER BY does not support expressions of type {kind}{start}"
                )));
            }
        }
        Ok(())
    }

    fn select(
        &mut self,
        select: &mut Select,
        order_by: Option<&mut OrderBy>,
    ) -> Result<Columns, BqError> {
        self.frames.push(Frame::default());
        let result = self.clauses(select, order_by);
        self.frames.pop();
        result
    }

    fn clauses(
        &mut self,
        select: &mut Select,
        order_by: Option<&mut OrderBy>,
    ) -> Result<Columns, BqError> {
        select.from.iter_mut().try_for_each(|table| self.table_with_joins(table))?;
        self.check_partition_filter(select)?;
        if let Some(condition) = &mut select.selection {
            self.check_condition(condition, "WHERE clause")?;
        }
        for window in &mut select.named_window {
            if let sqlparser::ast::NamedWindowExpr::WindowSpec(spec) = &mut window.1 {
                self.window(spec)?;
            }
        }
        let mut columns = Some(Vec::new());
        for item in &mut select.projection {
            let found = self.item(item)?;
            columns = columns.zip(found).map(|(mut columns, found): (Vec<Column>, _)| {
                columns.extend(found);
                columns
            });
        }
        self.group_by(select)?;
        // Names of SELECT are known from here on.
        let aliases = columns.iter().flatten().filter(|column| !column.name.is_empty());
        let aliases = aliases.cloned().collect();
        if let Some(frame) = self.frames.last_mut() {
            frame.aliases = aliases;
        }
        if let Some(condition) = &mut select.having {
            self.check_condition(condition, "HAVING clause")?;
        }
        if let Some(condition) = &mut select.qualify {
            self.check_condition(condition, "QUALIFY clause")?;
        }
        match select.distinct {
            None => self.keys(order_by)?,
            Some(_) => self.distinct_keys(order_by, &select.projection, &columns)?,
        }
        Ok(columns)
    }

    /// A table may be read with a condition on its partitions only.
    fn check_partition_filter(&self, select: &Select) -> Result<(), BqError> {
        let mut named = Vec::new();
        let joins = select.from.iter().flat_map(|table| &table.joins);
        for node in joins {
            super::pivots::names(&node.join_operator, &mut named);
        }
        if let Some(condition) = &select.selection {
            super::pivots::names(condition, &mut named);
        }
        for source in self.frames.last().into_iter().flat_map(|frame| &frame.sources) {
            let Some((table, columns)) = &source.filter_needed else { continue };
            let is_named =
                |name: &Ident| columns.iter().any(|c| c.eq_ignore_ascii_case(&name.value));
            if !named.iter().any(is_named) {
                return Err(BqError::query(format!(
                    "Cannot query over table '{table}' without a filter over column(s) '{}' that can be \
                     used for partition elimination",
                    columns.join("', '")
                )));
            }
        }
        Ok(())
    }

    /// After DISTINCT only what was selected can be ordered by.
    fn distinct_keys(
        &mut self,
        order_by: Option<&mut OrderBy>,
        items: &[SelectItem],
        columns: &Columns,
    ) -> Result<(), BqError> {
        let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = order_by else {
            return Ok(());
        };
        let source = Source {
            alias: None,
            columns: columns.clone(),
            hidden: Vec::new(),
            value: None,
            is_flat: false,
            filter_needed: None,
        };
        let frame = Frame { sources: vec![source], ..Frame::default() };
        for key in keys.iter_mut().filter(|key| {
            !items.iter().any(|item| item_value(item).is_some_and(|value| value == key.expr))
        }) {
            let inner = self.frames.pop();
            self.frames.push(frame.clone());
            let start = place(&key.expr);
            let result = self.expr(&mut key.expr);
            self.frames.pop();
            self.frames.extend(inner);
            result.map_err(|error| {
                BqError::query(format!(
                    "ORDER BY clause expression is not visible after SELECT DISTINCT{start}: {error}"
                ))
            })?;
        }
        Ok(())
    }

    /// The columns of one item of SELECT.
    fn item(&mut self, item: &mut SelectItem) -> Result<Columns, BqError> {
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

    /// A name of SELECT wins over a column of the same name, other than in DuckDB: it is replaced by
    /// its position.
    fn group_by(&mut self, select: &mut Select) -> Result<(), BqError> {
        let GroupByExpr::Expressions(keys, _) = &mut select.group_by else {
            return Ok(());
        };
        for key in keys {
            if let Expr::Identifier(name) = key {
                let given = select.projection.iter().position(|item| gives(item, &name.value));
                if let Some(position) = given {
                    *key = Expr::value(Value::Number((position + 1).to_string(), false));
                    // Positions count items, which a star before would shift.
                    if select.projection.iter().take(position).any(is_star) {
                        *key =
                            item_value(&select.projection[position]).unwrap_or_else(|| key.clone());
                    }
                    continue;
                }
            }
            if let Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) = key {
                for key in sets.iter_mut().flatten() {
                    let known = select.projection.iter().any(
                        |item| matches!(&*key, Expr::Identifier(name) if gives(item, &name.value)),
                    );
                    if !known {
                        self.expr(key)?;
                    }
                }
                continue;
            }
            let start = place(key);
            let kind = self.expr(key)?.kind;
            if matches!(kind, Kind::Array(_) | Kind::Json) {
                return Err(BqError::query(format!(
                    "Grouping by expressions of type {kind} is not allowed{start}"
                )));
            }
        }
        Ok(())
    }
}

/// An array of records whose fields are not columns of their own.
fn is_folded(source: &Source) -> bool {
    matches!(source.value, Some(Kind::Struct(_))) && !source.is_flat
}

fn is_star(item: &SelectItem) -> bool {
    matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(_, _))
}

fn item_value(item: &SelectItem) -> Option<Expr> {
    match item {
        SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => {
            Some(expr.clone())
        }
        _ => None,
    }
}

/// Whether an item has this name: by AS, or from a path as in `SELECT s.id … GROUP BY id`.
fn gives(item: &SelectItem, name: &str) -> bool {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => alias.value.eq_ignore_ascii_case(name),
        SelectItem::UnnamedExpr(
            expr @ (Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. }),
        ) => implicit_name(expr).eq_ignore_ascii_case(name),
        _ => false,
    }
}

/// The name of an item without AS; empty when it has none.
fn implicit_name(expr: &Expr) -> String {
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

fn united(first: Columns, second: Columns, name: &str, start: &str) -> Result<Columns, BqError> {
    let (Some(first), Some(second)) = (first, second) else {
        return Ok(None);
    };
    if first.len() != second.len() {
        return Err(BqError::query(format!(
            "Queries in {name} have mismatched column count; query 1 has {} column(s), query 2 has {} \
             column(s){start}",
            first.len(),
            second.len()
        )));
    }
    let mut columns = Vec::new();
    for (index, (a, b)) in first.into_iter().zip(second).enumerate() {
        let both: [&Typed; 2] = [&a.typed, &b.typed];
        let typed = common(both.into_iter()).ok_or_else(|| {
            BqError::query(format!(
                "Column {} in {name} has incompatible types: {}, {}{start}",
                index + 1,
                a.typed.kind,
                b.typed.kind
            ))
        })?;
        columns.push(Column { name: a.name, typed });
    }
    Ok(Some(columns))
}
