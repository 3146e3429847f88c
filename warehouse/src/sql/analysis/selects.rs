//! Queries: WITH, set operations, and the clauses of SELECT in the order in which they see names.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused when it is rewritten"
)]

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, LimitClause, OrderBy, OrderByKind, Query, Select, SelectItem,
    SetExpr, Value,
};

use super::items::implicit_name;
use super::kinds::{Kind, Typed, common};
use super::scopes::{Column, Columns, Frame, Source};
use super::{Analyzer, place};
use crate::error::BqError;

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
