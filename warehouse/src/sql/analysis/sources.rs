//! FROM: tables, subqueries, arrays and their joins.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused when it is rewritten"
)]

use sqlparser::ast::{
    JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableWithJoins,
};

use super::kinds::Kind;
use super::scopes::{Column, Columns, Frame, Source};
use super::{Analyzer, pivots, place};
use crate::catalog::Table;
use crate::error::BqError;
use crate::ids::TableId;
use crate::schema::Field;
use crate::sql::information;
use crate::sql::names::{self, Source as Named};

impl Analyzer<'_> {
    pub(super) fn table_with_joins(&mut self, table: &mut TableWithJoins) -> Result<(), BqError> {
        self.source(&mut table.relation)?;
        for join in &mut table.joins {
            self.source(&mut join.relation)?;
            let is_inner = matches!(
                join.join_operator,
                JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_)
            );
            // A row without partner must be NULL as a whole, so the record stays one value.
            if let TableFactor::UNNEST { with_ordinality: flat, .. } = &mut join.relation
                && !is_inner
            {
                *flat = false;
                if let Some(source) = self.frames.last_mut().and_then(|f| f.sources.last_mut()) {
                    source.is_flat = false;
                }
            }
            if let Some(constraint) = constraint(&mut join.join_operator) {
                self.constraint(constraint)?;
            }
        }
        Ok(())
    }

    fn constraint(&mut self, constraint: &mut JoinConstraint) -> Result<(), BqError> {
        match constraint {
            JoinConstraint::On(condition) => self.check_condition(condition, "JOIN ON clause"),
            JoinConstraint::Using(columns) => {
                for column in columns {
                    self.merge_column(column)?;
                }
                Ok(())
            }
            JoinConstraint::Natural | JoinConstraint::None => Ok(()),
        }
    }

    fn merge_column(&mut self, column: &ObjectName) -> Result<(), BqError> {
        let name = names::parts(column).join(".");
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        let (last, before) = match frame.sources.split_last() {
            Some((last, before)) => (last, before),
            None => return Ok(()),
        };
        let has = |source: &Source| {
            source.columns.as_ref().is_none_or(|columns| {
                columns.iter().any(|column| column.name.eq_ignore_ascii_case(&name))
            })
        };
        for (side, found) in [("left", before.iter().any(has)), ("right", has(last))] {
            if !found {
                return Err(BqError::query(format!(
                    "Column {name} in USING clause not found on {side} side of join{}",
                    place(column)
                )));
            }
        }
        frame.merged.insert(name.to_lowercase());
        Ok(())
    }

    fn add(&mut self, source: Source, at: &str) -> Result<(), BqError> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        if let Some(alias) = &source.alias {
            let same = |other: &Source| {
                other.alias.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(alias))
            };
            if frame.sources.iter().any(same) {
                return Err(BqError::query(format!(
                    "Duplicate table alias {alias} in the same FROM clause{at}"
                )));
            }
        }
        frame.sources.push(source);
        Ok(())
    }

    pub(super) fn source(&mut self, factor: &mut TableFactor) -> Result<(), BqError> {
        let start = place(factor);
        let source = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                self.named(name, alias.as_ref())?
            }
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_offset,
                with_offset_alias,
                with_ordinality: flat,
            } => {
                let alias = alias.as_ref().map(|alias| alias.name.value.clone());
                let mut hidden_offset = None;
                if *with_offset {
                    let name = with_offset_alias.as_ref().map_or("offset", |name| &name.value);
                    hidden_offset = Some(Column { name: name.into(), typed: Kind::Int64.into() });
                }
                let Some(array) = array_exprs.first_mut() else {
                    return Ok(());
                };
                let array_at = place(array);
                let element = match self.expr(array)?.kind {
                    Kind::Array(element) => *element,
                    Kind::Unknown | Kind::Null => Kind::Unknown,
                    other => {
                        return Err(BqError::query(format!(
                            "Values referenced in UNNEST must be arrays. UNNEST contains expression of \
                             type {other}{array_at}"
                        )));
                    }
                };
                // GoogleSQL has no WITH ORDINALITY: the flag tells the rewriting that elements are
                // records whose fields are columns.
                *flat = matches!(element, Kind::Struct(_)) && !*with_offset;
                Source { is_flat: *flat, ..of_array(alias, element, hidden_offset) }
            }
            TableFactor::Derived { subquery, alias, .. } => {
                // A subquery in FROM does not see its neighbours.
                let frame = self.frames.pop();
                let columns = self.query(subquery);
                self.frames.extend(frame);
                Source {
                    alias: alias.as_ref().map(|alias| alias.name.value.clone()),
                    columns: columns?,
                    hidden: Vec::new(),
                    value: None,
                    is_flat: false,
                    filter_needed: None,
                }
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                return self.table_with_joins(table_with_joins);
            }
            TableFactor::Pivot { .. } => {
                *factor = pivots::grouped(factor)?;
                return self.source(factor);
            }
            TableFactor::Unpivot { table, alias, .. } => {
                self.frames.push(Frame::default());
                let inner = self.source(table);
                self.frames.pop();
                inner?;
                unknown(alias.as_ref())
            }
            _ => unknown(None),
        };
        self.add(source, &start)
    }

    fn named(&mut self, name: &ObjectName, alias: Option<&TableAlias>) -> Result<Source, BqError> {
        let words = names::parts(name);
        let alias_name = alias.map(|alias| alias.name.value.clone());
        if let Some(kind) = self.array_in_scope(&words) {
            let element = match kind {
                Kind::Array(element) => *element,
                Kind::Unknown => Kind::Unknown,
                other => {
                    return Err(BqError::query(format!(
                        "Values referenced in FROM clause must be arrays. {} has type {other}{}",
                        words.join("."),
                        place(name)
                    )));
                }
            };
            return Ok(of_array(alias_name.or_else(|| words.last().cloned()), element, None));
        }
        let is_cte = |name: &str| self.ctes.iter().any(|(cte, _)| cte == name);
        let last = words.last().cloned().unwrap_or_default();
        Ok(match names::resolve(self.scope, &is_cte, &words)? {
            Named::Cte => {
                let found = self.ctes.iter().rev().find(|(cte, _)| *cte == last.to_lowercase());
                let columns = found.and_then(|(_, columns)| columns.clone());
                Source {
                    alias: alias_name.or(Some(last)),
                    columns,
                    hidden: Vec::new(),
                    value: None,
                    is_flat: false,
                    filter_needed: None,
                }
            }
            Named::Table(id) => {
                let table = self.scope.table(&id)?;
                let alias = alias_name.unwrap_or(last);
                let source = Source::of_fields(&alias, &table.fields, table.is_ingestion_time());
                Source { filter_needed: filter_needed(&id, table), ..source }
            }
            Named::Information(_, view) => {
                let fields = information::fields(&view);
                let mut source = Source::of_fields(
                    &alias_name.unwrap_or(last),
                    &fields.clone().unwrap_or_default(),
                    false,
                );
                if fields.is_none() {
                    source.columns = None;
                }
                source
            }
            Named::Wildcard(prefix) => {
                let alias = alias_name.unwrap_or_else(|| prefix.table.clone());
                let mut source = Source::of_fields(&alias, &self.wildcard(&prefix), false);
                let name = "_TABLE_SUFFIX".into();
                source.hidden.push(Column { name, typed: Kind::String.into() });
                source
            }
        })
    }

    /// The columns of all tables that a wildcard means.
    fn wildcard(&self, prefix: &TableId) -> Vec<Field> {
        let dataset = self.scope.catalog.datasets.get(&prefix.dataset_id());
        let tables = dataset.into_iter().flat_map(|dataset| &dataset.tables);
        let matching = tables.filter(|(name, table): &(&String, &Table)| {
            name.starts_with(&prefix.table) && table.view().is_none()
        });
        let mut fields: Vec<Field> = Vec::new();
        for field in matching.flat_map(|(_, table)| &table.fields) {
            if !fields.iter().any(|known| known.name.eq_ignore_ascii_case(&field.name)) {
                fields.push(field.clone());
            }
        }
        fields
    }
}

/// `require_partition_filter`.
fn filter_needed(id: &TableId, table: &Table) -> Option<(String, Vec<String>)> {
    let partitioning = table.partitioning.as_ref()?;
    let needed = table.other.get("requirePartitionFilter").and_then(serde_json::Value::as_bool);
    let columns = match &partitioning.field {
        Some(field) => vec![field.clone()],
        None => vec!["_PARTITIONTIME".to_owned(), "_PARTITIONDATE".to_owned()],
    };
    needed.filter(|needed| *needed).map(|_| (format!("{}.{}", id.dataset, id.table), columns))
}

fn constraint(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint) => Some(constraint),
        _ => None,
    }
}

fn of_array(alias: Option<String>, element: Kind, offset: Option<Column>) -> Source {
    let mut columns: Columns = match (&element, &alias) {
        (Kind::Unknown, _) => None,
        (Kind::Struct(fields), _) => {
            let column = |(name, kind): &(String, Kind)| Column {
                name: name.clone(),
                typed: kind.clone().into(),
            };
            Some(fields.iter().map(column).collect())
        }
        (_, Some(alias)) => {
            Some(vec![Column { name: alias.clone(), typed: element.clone().into() }])
        }
        (_, None) => Some(vec![Column { name: String::new(), typed: element.clone().into() }]),
    };
    if let (Some(columns), Some(offset)) = (&mut columns, offset) {
        columns.push(offset);
    }
    Source {
        alias,
        columns,
        hidden: Vec::new(),
        value: Some(element),
        is_flat: false,
        filter_needed: None,
    }
}

fn unknown(alias: Option<&TableAlias>) -> Source {
    let alias = alias.map(|alias| alias.name.value.clone());
    Source {
        alias,
        columns: None,
        hidden: Vec::new(),
        value: None,
        is_flat: false,
        filter_needed: None,
    }
}
