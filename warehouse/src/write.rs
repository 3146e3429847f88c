//! Rows into a table or one partition of it: one commit, old or new, never half.

mod wanted;

use std::fmt::Write as _;

use chrono::Utc;
use duckdb::Connection;

use crate::catalog::{self, PARTITION_TIME, Table};
use crate::duck::locked;
use crate::error::{BqError, Reason};
use crate::ids::{literal, quote};
use crate::jobs::config::{Arrival, Destination, WriteDisposition};
use crate::jobs::record::now_ms;
use crate::partition::Partition;
use crate::ranges::Ranges;
use crate::schema::{Field, FieldType};
use crate::warehouse::{Warehouse, in_transaction};

pub(crate) use wanted::check_partitioning;
use wanted::{Change, Wanted, incompatible, wanted_table};

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
            Change::Alter { relaxed, added } => {
                for column in relaxed {
                    c.execute_batch(&format!(
                        "ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL",
                        id.duck(),
                        quote(column)
                    ))?;
                }
                for column in added {
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

/// The rows that a destination names.
struct Scope {
    /// Partition of the decorator.
    partition: Option<Partition>,
    /// Condition for the rows of a decorator that names a range of integers.
    range: Option<String>,
    /// The column that decides, with its type; none for ingestion time.
    column: Option<(String, FieldType)>,
    /// `_PARTITIONTIME` of new rows, as DuckDB's text.
    arrival: Option<String>,
}

impl Scope {
    fn of(destination: &Destination, table: &Table) -> Result<Self, BqError> {
        let Some(partitioning) = &table.partitioning else {
            let range = match (&destination.decorator, Ranges::of(table)) {
                (None, _) => None,
                (Some(decorator), Some(ranges)) => Some(ranges.inside(decorator)?),
                (Some(_), None) => return Err(incompatible(table, destination)),
            };
            return Ok(Self { partition: None, range, column: None, arrival: None });
        };
        let granularity = partitioning.granularity;
        if destination.decorator.as_ref().is_some_and(|d| d.len() != granularity.digits()) {
            return Err(incompatible(table, destination));
        }
        let decorator = destination.decorator.as_deref();
        let partition = decorator.map(|d| Partition::parse(d, granularity)).transpose()?;
        let Some(name) = &partitioning.field else {
            let arrival = match &partition {
                Some(partition) => partition.clone(),
                None => Partition::at(Utc::now(), granularity)?,
            };
            let arrival = match destination.arrival {
                Arrival::Kept if partition.is_none() => quote(PARTITION_TIME),
                Arrival::Kept | Arrival::Now => instant(&arrival),
            };
            return Ok(Self { partition, range: None, column: None, arrival: Some(arrival) });
        };
        let field = table.field(name).ok_or_else(|| {
            BqError::invalid(format!(
                "The field specified for partitioning cannot be found in the schema: {name}"
            ))
        })?;
        let column = Some((field.name.clone(), field.kind));
        Ok(Self { partition, range: None, column, arrival: None })
    }

    /// ` WHERE …`, or nothing for the whole table.
    fn filter(&self) -> String {
        match (&self.partition, &self.range) {
            (Some(partition), _) => format!(" WHERE {}", self.inside(partition)),
            (None, Some(range)) => format!(" WHERE {range}"),
            (None, None) => String::new(),
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
            let _ = write!(values, ", {arrival}");
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
        let inside = match (&self.partition, &self.column, &self.range) {
            (Some(partition), Some(_), _) => self.inside(partition),
            (_, _, Some(range)) => range.clone(),
            (Some(_) | None, _, None) => return Ok(()),
        };
        let outside = format!("{} WHERE ({inside}) IS NOT TRUE", rows.from);
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
