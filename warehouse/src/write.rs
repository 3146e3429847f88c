//! Rows into a table or one partition of it: one commit, old or new, never half.

use std::fmt::Write as _;

use chrono::Utc;
use duckdb::Connection;

use crate::catalog::{self, PARTITION_TIME, Table, TimePartitioning};
use crate::duck::locked;
use crate::error::{BqError, Reason};
use crate::ids::{literal, quote};
use crate::jobs::config::{
    CreateDisposition, Destination, NewFields, TableChange, WriteDisposition,
};
use crate::jobs::record::now_ms;
use crate::partition::{Granularity, Partition};
use crate::schema::{Field, FieldType, Mode};
use crate::warehouse::{Warehouse, in_transaction};

/// Commits that other commits made impossible are tried again this often.
pub(crate) const TRIES: usize = 5;

/// The rows to write.
pub(crate) struct Rows<'a> {
    /// A relation that DuckDB can read.
    pub(crate) from: &'a str,
    /// Its columns.
    pub(crate) fields: &'a [Field],
}

/// What was written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// Rows.
    pub(crate) rows: i64,
    /// DuckDB's FROM text for exactly the destination.
    pub(crate) from: String,
    /// The table's columns afterwards.
    pub(crate) fields: Vec<Field>,
}

/// Writes rows to their destination. `finish` takes part in the same commit.
///
/// # Errors
/// `notFound` for a dataset or table, `duplicate` when WRITE_EMPTY finds rows, `invalid` when
/// schema or partition do not fit, or the error of `finish`. Nothing is changed then.
pub(crate) fn write(
    warehouse: &Warehouse,
    connection: &Connection,
    destination: &Destination,
    rows: &Rows<'_>,
    finish: &dyn Fn(&Connection, &Written) -> Result<(), BqError>,
) -> Result<Written, BqError> {
    let lock = warehouse.write_lock(&destination.table);
    let _only_writer = locked(&lock);
    let mut tries = 1;
    loop {
        match write_once(warehouse, connection, destination, rows, finish) {
            Err(error) if tries < TRIES && is_conflict(&error) => tries += 1,
            result => return result,
        }
    }
}

/// Whether another commit made this one impossible; it can be tried again.
pub(crate) fn is_conflict(error: &BqError) -> bool {
    error.reason == Reason::BackendError && error.message.to_lowercase().contains("conflict")
}

fn write_once(
    warehouse: &Warehouse,
    connection: &Connection,
    destination: &Destination,
    rows: &Rows<'_>,
    finish: &dyn Fn(&Connection, &Written) -> Result<(), BqError>,
) -> Result<Written, BqError> {
    let id = &destination.table;
    let catalog = warehouse.catalog();
    let dataset = catalog.dataset(&id.dataset_id())?;
    let old = dataset.tables.get(&id.table);
    let wanted = wanted_table(destination, old, rows.fields)?;
    let scope = Scope::of(destination, &wanted.table)?;
    let insert = |c: &Connection| -> Result<Written, BqError> {
        let rows = scope.replace(c, destination, &wanted, rows)?;
        let from = format!("{}{}", id.duck(), scope.filter());
        let written = Written { rows, from, fields: wanted.table.fields.clone() };
        finish(c, &written)?;
        Ok(written)
    };
    if wanted.change == Change::None {
        let written = in_transaction(connection, insert)?;
        warehouse.touch(id, now_ms());
        return Ok(written);
    }
    warehouse.change(connection, |c, catalog| {
        match &wanted.change {
            Change::None => {}
            Change::Create => catalog::create(c, id, &wanted.table)?,
            Change::Recreate => {
                if destination.write == WriteDisposition::Empty {
                    scope.must_be_empty(c, destination)?;
                }
                catalog::drop_table(c, id)?;
                catalog::create(c, id, &wanted.table)?;
            }
            Change::Add(columns) => {
                for column in columns {
                    c.execute_batch(&format!(
                        "ALTER TABLE {} ADD COLUMN {}",
                        id.duck(),
                        column.duck_column()
                    ))?;
                }
            }
        }
        catalog::put_table(c, id, &wanted.table)?;
        let written = insert(c)?;
        if let Some(dataset) = catalog.datasets.get_mut(&id.dataset_id()) {
            dataset.tables.insert(id.table.clone(), wanted.table.clone());
        }
        Ok(written)
    })
}

/// What has to happen to the table itself.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    None,
    Create,
    Recreate,
    Add(Vec<Field>),
}

struct Wanted {
    table: Table,
    change: Change,
}

fn wanted_table(
    destination: &Destination,
    old: Option<&Table>,
    fields: &[Field],
) -> Result<Wanted, BqError> {
    let now = now_ms();
    let Some(old) = old else {
        if destination.create == CreateDisposition::Never {
            return Err(BqError::not_found(format_args!("Table {}", destination.table)));
        }
        let table = Table {
            fields: fields.to_vec(),
            partitioning: new_partitioning(destination)?,
            created_ms: now,
            modified_ms: now,
            other: destination.other.clone(),
        };
        return Ok(Wanted { table, change: Change::Create });
    };
    if old.view().is_some() && destination.table_change != TableChange::Refused {
        let why = format!("{} is a view, which rows cannot be written to", destination.table);
        return Err(BqError::invalid(why));
    }
    let mut table = old.clone();
    table.modified_ms = now;
    match destination.table_change {
        TableChange::Kept => {}
        TableChange::Replaced => {
            table.fields = fields.to_vec();
            table.partitioning.clone_from(&destination.partitioning);
            table.other.clone_from(&destination.other);
            return Ok(Wanted { table, change: Change::Recreate });
        }
        TableChange::Refused | TableChange::Skipped => {
            return Err(BqError::already_exists(format_args!("Table {}", destination.table)));
        }
    }
    if old.fields.is_empty() {
        // A table made without columns takes those of its first rows, into whichever partition.
        table.fields = fields.to_vec();
        return Ok(Wanted { table, change: Change::Recreate });
    }
    let whole = destination.decorator.is_none();
    if whole
        && destination.write == WriteDisposition::Truncate
        && !same_columns(&old.fields, fields)
    {
        table.fields = fields.to_vec();
        return Ok(Wanted { table, change: Change::Recreate });
    }
    let added = compare(destination, old, fields)?;
    if added.is_empty() {
        return Ok(Wanted { table, change: Change::None });
    }
    table.fields.extend(added.iter().cloned());
    Ok(Wanted { table, change: Change::Add(added) })
}

fn new_partitioning(destination: &Destination) -> Result<Option<TimePartitioning>, BqError> {
    let Some(decorator) = &destination.decorator else {
        return Ok(destination.partitioning.clone());
    };
    let partitioning = match &destination.partitioning {
        Some(partitioning) => partitioning.clone(),
        None => {
            let granularity = Granularity::of_decorator(decorator).unwrap_or(Granularity::Day);
            TimePartitioning { granularity, ..TimePartitioning::ingestion_day() }
        }
    };
    Partition::parse(decorator, partitioning.granularity)?;
    Ok(Some(partitioning))
}

fn same_columns(old: &[Field], new: &[Field]) -> bool {
    old.len() == new.len()
        && old
            .iter()
            .zip(new)
            .all(|(a, b)| a.name == b.name && a.accepts(b) && a.mode != Mode::Required)
}

/// The columns that have to be added; an error when the rows do not fit the table.
fn compare(destination: &Destination, old: &Table, new: &[Field]) -> Result<Vec<Field>, BqError> {
    let refused = |what: String| {
        BqError::invalid(format!(
            "Provided Schema does not match Table {}. {what}",
            destination.name()
        ))
    };
    let mut added = Vec::new();
    for field in new {
        match old.field(&field.name) {
            None => added.push(Field { mode: field.mode, ..field.clone() }),
            Some(column) if column.accepts(field) => {}
            Some(column) if column.kind != field.kind => {
                return Err(refused(format!(
                    "Field {} has changed type from {} to {}",
                    column.name,
                    column.kind.name(),
                    field.kind.name()
                )));
            }
            Some(column) => {
                return Err(refused(format!(
                    "Field {} has changed its mode or its fields",
                    column.name
                )));
            }
        }
    }
    for column in &old.fields {
        let present = new.iter().any(|field| field.name.eq_ignore_ascii_case(&column.name));
        if column.mode == Mode::Required && !present {
            return Err(refused(format!("Field {} is missing in new schema", column.name)));
        }
    }
    match (added.first(), destination.new_fields) {
        (Some(field), NewFields::Refused) => {
            Err(refused(format!("Cannot add fields (field: {})", field.name)))
        }
        _ => Ok(added),
    }
}

/// The rows that a destination names.
struct Scope {
    /// Partition of the decorator.
    partition: Option<Partition>,
    /// The column that decides, with its type; none for ingestion time.
    column: Option<(String, FieldType)>,
    /// `_PARTITIONTIME` of new rows.
    arrival: Option<Partition>,
}

impl Scope {
    fn of(destination: &Destination, table: &Table) -> Result<Self, BqError> {
        let Some(partitioning) = &table.partitioning else {
            return match &destination.decorator {
                None => Ok(Self { partition: None, column: None, arrival: None }),
                Some(_) => Err(BqError::invalid(format!(
                    "Incompatible table partitioning specification. Expects partitioning \
                     specification none, but {} names a partition",
                    destination.name()
                ))),
            };
        };
        let granularity = partitioning.granularity;
        let decorator = destination.decorator.as_deref();
        let partition = decorator.map(|d| Partition::parse(d, granularity)).transpose()?;
        let Some(name) = &partitioning.field else {
            let arrival = match &partition {
                Some(partition) => partition.clone(),
                None => Partition::at(Utc::now(), granularity)?,
            };
            return Ok(Self { partition, column: None, arrival: Some(arrival) });
        };
        let field = table.field(name).ok_or_else(|| {
            BqError::invalid(format!(
                "The field specified for partitioning cannot be found in the schema: {name}"
            ))
        })?;
        Ok(Self { partition, column: Some((field.name.clone(), field.kind)), arrival: None })
    }

    /// ` WHERE …`, or nothing for the whole table.
    fn filter(&self) -> String {
        match &self.partition {
            Some(partition) => format!(" WHERE {}", self.inside(partition)),
            None => String::new(),
        }
    }

    fn inside(&self, partition: &Partition) -> String {
        match &self.column {
            None => format!("{} = {}", quote(PARTITION_TIME), instant(partition)),
            Some((name, kind)) => {
                let duck = Field::new(name, *kind).duck_type();
                let format = if *kind == FieldType::Date { "%F" } else { "%F %T" };
                let limit = |time: chrono::NaiveDateTime| {
                    format!("CAST({} AS {duck})", literal(&time.format(format).to_string()))
                };
                let (start, end) = (limit(partition.start), limit(partition.end));
                format!("{0} >= {start} AND {0} < {end}", quote(name))
            }
        }
    }

    fn must_be_empty(
        &self,
        connection: &Connection,
        destination: &Destination,
    ) -> Result<(), BqError> {
        match count(connection, &format!("{}{}", destination.table.duck(), self.filter()))? {
            0 => Ok(()),
            _ => Err(BqError::already_exists(format_args!("Table {}", destination.name()))),
        }
    }

    /// Writes the rows; the caller holds the transaction.
    fn replace(
        &self,
        connection: &Connection,
        destination: &Destination,
        wanted: &Wanted,
        rows: &Rows<'_>,
    ) -> Result<i64, BqError> {
        let table = destination.table.duck();
        self.check_rows(connection, destination, rows)?;
        match destination.write {
            WriteDisposition::Empty => self.must_be_empty(connection, destination)?,
            WriteDisposition::Append => {}
            WriteDisposition::Truncate | WriteDisposition::TruncateData => {
                connection.execute_batch(&format!("DELETE FROM {table}{}", self.filter()))?;
            }
        }
        let mut columns = String::new();
        let mut values = String::new();
        for field in rows.fields {
            // The table's own type: a sum of integers is wider in DuckDB than in BigQuery.
            let column = wanted.table.field(&field.name).unwrap_or(field);
            let separator = if columns.is_empty() { "" } else { ", " };
            let _ = write!(columns, "{separator}{}", quote(&column.name));
            let _ =
                write!(values, "{separator}CAST({} AS {})", quote(&field.name), column.duck_type());
        }
        if let Some(arrival) = &self.arrival {
            let _ = write!(columns, ", {}", quote(PARTITION_TIME));
            let _ = write!(values, ", {}", instant(arrival));
        }
        let sql = format!("INSERT INTO {table} ({columns}) SELECT {values} FROM {}", rows.from);
        let written = connection.execute(&sql, []).map_err(|error| refused_value(&error))?;
        i64::try_from(written).map_err(|_| BqError::new(Reason::BackendError, "too many rows"))
    }

    /// In a table partitioned by a column, the decorator must agree with every row.
    fn check_rows(
        &self,
        connection: &Connection,
        destination: &Destination,
        rows: &Rows<'_>,
    ) -> Result<(), BqError> {
        let (Some(partition), Some(_)) = (&self.partition, &self.column) else {
            return Ok(());
        };
        let outside = format!("{} WHERE ({}) IS NOT TRUE", rows.from, self.inside(partition));
        match count(connection, &outside)? {
            0 => Ok(()),
            _ => Err(BqError::invalid(format!(
                "Some rows belong to different partitions rather than destination partition {}",
                destination.name()
            ))),
        }
    }
}

fn instant(partition: &Partition) -> String {
    format!("CAST({} AS TIMESTAMPTZ)", literal(&format!("{}+00", partition.start.format("%F %T"))))
}

fn count(connection: &Connection, from: &str) -> Result<i64, BqError> {
    Ok(connection.query_row(&format!("SELECT count(*) FROM {from}"), [], |row| row.get(0))?)
}

/// Errors of the insert that the rows are to blame for.
fn refused_value(error: &duckdb::Error) -> BqError {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    if first.contains("INTERRUPT") {
        BqError::new(Reason::Stopped, "Job execution was cancelled")
    } else if first.contains("Constraint Error")
        || first.contains("Conversion Error")
        || first.contains("Out of Range")
    {
        BqError::invalid(first.split_once("Error: ").map_or(first, |(_, words)| words))
    } else {
        BqError::new(Reason::BackendError, format!("the warehouse's storage failed: {first}"))
    }
}
