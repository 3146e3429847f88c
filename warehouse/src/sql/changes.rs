//! INSERT, UPDATE, DELETE: statements that change the rows of one table.

use std::collections::BTreeSet;

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Insert, ObjectName, SetExpr, Statement,
    TableFactor, TableObject, TableWithJoins, Update, UpdateTableFromKind,
};

use super::analysis::{Analyzer, is_default};
use super::rewrite::Rewriter;
use super::{Scope, merge, names, place, prepare};
use crate::catalog::{PARTITION_TIME, Table};
use crate::error::BqError;
use crate::ids::{TableId, quote};
use crate::partition::Partition;
use crate::schema::{Field, FieldType};

/// Which statement it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Insert,
    Update,
    Delete,
    Merge,
}

/// A change that DuckDB understands.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    pub(crate) target: TableId,
    /// DuckDB's text.
    pub(crate) sql: String,
    /// A query that gives a row when one row of the target matches several of the source.
    pub(crate) twice: Option<String>,
    /// The tables it reads.
    pub(crate) reads: BTreeSet<TableId>,
}

/// Rewrites such a statement; `None` for any other.
///
/// # Errors
/// `invalidQuery` with BigQuery's words; `notFound` for a table.
pub(crate) fn change(statement: &Statement, scope: &Scope<'_>) -> Result<Option<Change>, BqError> {
    let mut statement = statement.clone();
    prepare(&mut statement, scope)?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser knows many statements")]
    let change = match &mut statement {
        Statement::Insert(statement) => insert(statement, scope)?,
        Statement::Update(statement) => update(statement, scope)?,
        Statement::Delete(statement) => delete(statement, scope)?,
        Statement::Merge(statement) => merge::merge(statement, scope)?,
        _ => return Ok(None),
    };
    Ok(Some(change))
}

/// The table that a statement changes.
pub(super) struct Target<'a> {
    pub(super) id: TableId,
    pub(super) table: &'a Table,
    /// DuckDB's text, with its alias.
    pub(super) from: String,
    /// The name by which its columns are called.
    pub(super) alias: String,
    /// The hidden column of an ingestion-time table, which INSERT may name.
    arrival: Field,
}

impl<'a> Target<'a> {
    pub(super) fn of(scope: &'a Scope<'_>, factor: &TableFactor) -> Result<Self, BqError> {
        let TableFactor::Table { name, alias, .. } = factor else {
            return Err(BqError::query(format!("Expected a table to change{}", place(factor))));
        };
        let alias = alias.as_ref().map(|alias| alias.name.value.as_str());
        Self::named(scope, name, alias)
    }

    fn named(
        scope: &'a Scope<'_>,
        name: &ObjectName,
        alias: Option<&str>,
    ) -> Result<Self, BqError> {
        let id = names::target(scope, name)?;
        let table = scope.table(&id)?;
        if table.view().is_some() {
            return Err(BqError::query(format!("A view cannot be changed: {id}{}", place(name))));
        }
        if table.fields.is_empty() {
            return Err(BqError::invalid(format!("Table {id} does not have a schema.")));
        }
        let alias = alias.unwrap_or(&id.table).to_owned();
        let from = format!("{} AS {}", id.duck(), quote(&alias));
        let arrival = Field::new(PARTITION_TIME, FieldType::Timestamp);
        Ok(Self { id, table, from, alias, arrival })
    }

    /// A column that a statement may set.
    pub(super) fn column(&self, name: &ObjectName) -> Result<&Field, BqError> {
        let words = names::parts(name);
        let column = match words.as_slice() {
            [column] => column,
            [table, column] if table.eq_ignore_ascii_case(&self.alias) => column,
            [column, ..] if self.table.field(column).is_some() => {
                return Err(BqError::not_implemented(format_args!(
                    "Setting a field of a STRUCT ({}){}",
                    words.join("."),
                    place(name)
                )));
            }
            _ => return Err(self.no_column(&words.join("."), name)),
        };
        self.table.field(column).ok_or_else(|| self.no_column(column, name))
    }

    /// A column that INSERT may fill: `_PARTITIONTIME` too.
    fn inserted(&self, name: &ObjectName) -> Result<&Field, BqError> {
        let is_arrival = names::parts(name).join(".").eq_ignore_ascii_case(PARTITION_TIME);
        match is_arrival && self.table.is_ingestion_time() {
            true => Ok(&self.arrival),
            false => self.column(name),
        }
    }

    fn no_column(&self, column: &str, name: &ObjectName) -> BqError {
        BqError::query(format!(
            "Column {column} is not present in table {}{}",
            self.id,
            place(name)
        ))
    }

    /// Columns and values of a new row, `_PARTITIONTIME` included.
    pub(super) fn row(
        &self,
        columns: &[&Field],
        values: &[String],
    ) -> Result<(String, String), BqError> {
        let mut names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let mut values = values.to_vec();
        let given = columns.iter().any(|column| column.name == PARTITION_TIME);
        if let Some(arrival) = self.arrival()?.filter(|_| !given) {
            names.push(quote(PARTITION_TIME));
            values.push(arrival);
        }
        Ok((names.join(", "), values.join(", ")))
    }

    fn arrival(&self) -> Result<Option<String>, BqError> {
        let Some(partitioning) = &self.table.partitioning else {
            return Ok(None);
        };
        if partitioning.field.is_some() {
            return Ok(None);
        }
        let partition = Partition::at(chrono::Utc::now(), partitioning.granularity)?;
        let start = partition.start.format("%F %T");
        Ok(Some(format!("CAST('{start}+00' AS TIMESTAMPTZ)")))
    }
}

/// A value for a column; `DEFAULT` is NULL, as columns here have no other.
pub(super) fn stored(
    rewriter: &mut Rewriter<'_>,
    value: &mut Expr,
    column: &Field,
) -> Result<String, BqError> {
    if is_default(value) {
        return Ok(format!("CAST(NULL AS {})", column.duck_type()));
    }
    rewriter.walk(value)?;
    Ok(format!("CAST({value} AS {})", column.duck_type()))
}

fn insert(insert: &mut Insert, scope: &Scope<'_>) -> Result<Change, BqError> {
    let TableObject::TableName(name) = &insert.table else {
        return Err(BqError::query("Expected the name of a table after INSERT"));
    };
    let target = Target::named(scope, name, None)?;
    let columns: Vec<&Field> = match insert.columns.is_empty() {
        true => target.table.fields.iter().collect(),
        false => {
            insert.columns.iter().map(|name| target.inserted(name)).collect::<Result<_, _>>()?
        }
    };
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].contains(column) {
            return Err(BqError::query(format!("INSERT has duplicate columns: {}", column.name)));
        }
    }
    let foreign = insert.on.is_some() || insert.returning.is_some() || insert.overwrite;
    let source = insert.source.as_mut().filter(|_| !foreign);
    let source =
        source.ok_or_else(|| BqError::query("Syntax error: Expected VALUES or a query"))?;
    let mut rewriter = Rewriter::new(scope);
    let rows = if let SetExpr::Values(values) = source.body.as_mut() {
        let mut rows = Vec::new();
        for row in &mut values.rows {
            let row = &mut row.content;
            if row.len() != columns.len() {
                return Err(BqError::query(format!(
                    "Inserted row has wrong column count; Has {}, expected {}{}",
                    row.len(),
                    columns.len(),
                    row.first().map(place).unwrap_or_default()
                )));
            }
            let mut values = Vec::new();
            for (value, column) in row.iter_mut().zip(&columns) {
                Analyzer::new(scope).check_stored(value, column)?;
                values.push(stored(&mut rewriter, value, column)?);
            }
            rows.push(format!("SELECT {}", target.row(&columns, &values)?.1));
        }
        rows.join(" UNION ALL ")
    } else {
        Analyzer::new(scope).check_rows(source, &columns)?;
        rewriter.walk(source)?;
        let given: Vec<String> = (0..columns.len()).map(|index| format!("c{index}")).collect();
        let values: Vec<String> = given
            .iter()
            .zip(&columns)
            .map(|(name, column)| format!("CAST({name} AS {})", column.duck_type()))
            .collect();
        let values = target.row(&columns, &values)?.1;
        format!("SELECT {values} FROM ({source}) AS given({})", given.join(", "))
    };
    let names = target.row(&columns, &[])?.0;
    Ok(Change {
        kind: ChangeKind::Insert,
        sql: format!("INSERT INTO {} ({names}) {rows}", target.id.duck()),
        target: target.id,
        twice: None,
        reads: rewriter.into_reads(),
    })
}

fn update(update: &mut Update, scope: &Scope<'_>) -> Result<Change, BqError> {
    let target = Target::of(scope, &update.table.relation)?;
    let Some(condition) = update.selection.as_mut() else {
        return Err(no_where("UPDATE"));
    };
    let foreign = !update.table.joins.is_empty()
        || update.returning.is_some()
        || update.limit.is_some()
        || !update.order_by.is_empty();
    if foreign {
        return Err(BqError::query("Syntax error: Unexpected clause in UPDATE"));
    }
    let mut analyzer = Analyzer::new(scope);
    analyzer.enter(&target.id, &target.alias, &target.table.fields);
    if let Some(UpdateTableFromKind::AfterSet(from)) = &mut update.from {
        analyzer.join(from)?;
    }
    analyzer.check_condition(condition, "WHERE clause")?;
    analyzer.check_assignments(&mut update.assignments, target.table)?;
    let mut rewriter = Rewriter::new(scope);
    let sets = assignments(&mut rewriter, &target, &mut update.assignments)?;
    rewriter.walk(condition)?;
    let from = match &mut update.from {
        Some(UpdateTableFromKind::AfterSet(from)) => Some(sources(&mut rewriter, from)?),
        Some(UpdateTableFromKind::BeforeSet(_)) => {
            return Err(BqError::query("Syntax error: Expected SET"));
        }
        None => None,
    };
    let duck_from = from.as_ref().map(|from| format!(" FROM {from}")).unwrap_or_default();
    let twice = from.map(|from| matched_twice(&target, &from, &condition.to_string()));
    Ok(Change {
        kind: ChangeKind::Update,
        sql: format!("UPDATE {} SET {sets}{duck_from} WHERE {condition}", target.from),
        target: target.id,
        twice,
        reads: rewriter.into_reads(),
    })
}

/// A query for rows of the target that a condition joins with several rows.
pub(super) fn matched_twice(target: &Target<'_>, from: &str, condition: &str) -> String {
    let row = format!("{}.rowid", quote(&target.alias));
    format!(
        "SELECT 1 FROM {}, {from} WHERE {condition} GROUP BY {row} HAVING count(*) > 1 LIMIT 1",
        target.from
    )
}

/// `a = 1, b = 2` of UPDATE SET.
pub(super) fn assignments(
    rewriter: &mut Rewriter<'_>,
    target: &Target<'_>,
    assignments: &mut [Assignment],
) -> Result<String, BqError> {
    let mut sets: Vec<String> = Vec::new();
    let mut columns: Vec<&Field> = Vec::new();
    for assignment in assignments {
        let AssignmentTarget::ColumnName(name) = &assignment.target else {
            return Err(BqError::query("Syntax error: Expected one column before \"=\""));
        };
        let column = target.column(name)?;
        if columns.contains(&column) {
            return Err(BqError::query(format!(
                "Update item {} assigned more than once",
                column.name
            )));
        }
        columns.push(column);
        let value = stored(rewriter, &mut assignment.value, column)?;
        sets.push(format!("{} = {value}", quote(&column.name)));
    }
    Ok(sets.join(", "))
}

fn sources(rewriter: &mut Rewriter<'_>, from: &mut [TableWithJoins]) -> Result<String, BqError> {
    let mut texts = Vec::new();
    for table in from {
        rewriter.walk(table)?;
        texts.push(table.to_string());
    }
    Ok(texts.join(", "))
}

fn delete(delete: &mut Delete, scope: &Scope<'_>) -> Result<Change, BqError> {
    let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
    let [TableWithJoins { relation, joins }] = tables.as_slice() else {
        return Err(BqError::query("Syntax error: Expected one table after DELETE"));
    };
    let foreign = !joins.is_empty()
        || delete.using.is_some()
        || delete.returning.is_some()
        || delete.limit.is_some()
        || !delete.tables.is_empty();
    if foreign {
        return Err(BqError::query("Syntax error: Unexpected clause in DELETE"));
    }
    let target = Target::of(scope, relation)?;
    let Some(condition) = delete.selection.as_mut() else {
        return Err(no_where("DELETE"));
    };
    let mut analyzer = Analyzer::new(scope);
    analyzer.enter(&target.id, &target.alias, &target.table.fields);
    analyzer.check_condition(condition, "WHERE clause")?;
    let mut rewriter = Rewriter::new(scope);
    rewriter.walk(condition)?;
    Ok(Change {
        kind: ChangeKind::Delete,
        sql: format!("DELETE FROM {} WHERE {condition}", target.from),
        target: target.id,
        twice: None,
        reads: rewriter.into_reads(),
    })
}

fn no_where(statement: &str) -> BqError {
    BqError::query(format!("{statement} must have a WHERE clause"))
}
