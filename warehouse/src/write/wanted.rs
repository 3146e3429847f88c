//! What a destination asks of its table: made, made anew, given columns, or refused.

use crate::catalog::{Table, TimePartitioning};
use crate::error::BqError;
use crate::jobs::config::{
    CreateDisposition, Destination, NewFields, RequiredFields, TableChange, WriteDisposition,
};
use crate::jobs::record::now_ms;
use crate::partition::{Granularity, Partition};
use crate::ranges::{self, Ranges};
use crate::schema::{Field, FieldType, Mode};

/// What has to happen to the table itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    Create,
    Recreate,
    Alter {
        /// Columns that may be NULL from now on.
        relaxed: Vec<String>,
        added: Vec<Field>,
    },
}

/// The table as it has to be for the new rows.
pub(super) struct Wanted {
    pub(super) table: Table,
    pub(super) change: Change,
}

/// What a destination asks of its table, which may not exist.
///
/// # Errors
/// `notFound` for a table that must not be created, `invalid` when rows or partitions do not fit.
pub(super) fn wanted_table(
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
        check_partitioning(&table)?;
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
    check_specification(destination, old)?;
    let whole = destination.decorator.is_none();
    if whole
        && destination.write == WriteDisposition::Truncate
        && !same_columns(&old.fields, fields)
    {
        table.fields = fields.to_vec();
        check_partitioning(&table)?;
        return Ok(Wanted { table, change: Change::Recreate });
    }
    let added = compare(destination, old, fields)?;
    let relaxed = relaxed(destination, old, fields);
    if added.is_empty() && relaxed.is_empty() {
        return Ok(Wanted { table, change: Change::None });
    }
    for field in &mut table.fields {
        if relaxed.contains(&field.name) {
            field.mode = Mode::Nullable;
        }
    }
    table.fields.extend(added.iter().cloned());
    Ok(Wanted { table, change: Change::Alter { relaxed, added } })
}

/// Required columns that the new rows have as nullable, or do not have.
fn relaxed(destination: &Destination, old: &Table, new: &[Field]) -> Vec<String> {
    match destination.required_fields {
        RequiredFields::Kept => Vec::new(),
        RequiredFields::Relaxed => {
            let required = old.fields.iter().filter(|field| field.mode == Mode::Required);
            let still = |column: &&Field| {
                new.iter().any(|field| {
                    field.name.eq_ignore_ascii_case(&column.name) && field.mode == Mode::Required
                })
            };
            required.filter(|column| !still(column)).map(|column| column.name.clone()).collect()
        }
    }
}

/// A job may say how the table is partitioned; it cannot change it.
fn check_specification(destination: &Destination, old: &Table) -> Result<(), BqError> {
    let differs = match (&destination.partitioning, &old.partitioning) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(wanted), Some(is)) => {
            let column = |name: &Option<String>| name.as_deref().map(str::to_lowercase);
            wanted.granularity != is.granularity || column(&wanted.field) != column(&is.field)
        }
    };
    let ranges = destination.other.get(ranges::KEY).map(Ranges::parse).transpose()?;
    match differs || (ranges.is_some() && ranges != Ranges::of(old)) {
        true => Err(incompatible(old, destination)),
        false => Ok(()),
    }
}

/// The error for a destination that sees other partitions than its table has.
pub(super) fn incompatible(table: &Table, destination: &Destination) -> BqError {
    let ranges = destination.other.get(ranges::KEY).and_then(|setting| Ranges::parse(setting).ok());
    let named = destination.decorator.as_deref().map(|decorator| {
        Granularity::of_decorator(decorator).map_or("none", Granularity::name).to_lowercase()
    });
    let wanted = match (&destination.partitioning, ranges, named) {
        (Some(wanted), _, _) => specification(wanted),
        (None, Some(ranges), _) => ranges.specification(),
        (None, None, Some(name)) if name != "none" => format!("interval(type:{name})"),
        (None, None, _) => "none".into(),
    };
    let is = match (&table.partitioning, Ranges::of(table)) {
        (Some(partitioning), _) => specification(partitioning),
        (None, Some(ranges)) => ranges.specification(),
        (None, None) => "none".into(),
    };
    BqError::invalid(format!(
        "Incompatible table partitioning specification. Expects partitioning specification {is}, \
         but input partitioning specification is {wanted}. Table: {}",
        destination.name()
    ))
}

fn specification(partitioning: &TimePartitioning) -> String {
    let kind = partitioning.granularity.name().to_lowercase();
    match &partitioning.field {
        Some(field) => format!("interval(type:{kind},field:{field})"),
        None => format!("interval(type:{kind})"),
    }
}

/// Checks that a column which decides about partitions is there, and of a fitting type.
///
/// # Errors
/// `invalid` with the column.
pub(crate) fn check_partitioning(table: &Table) -> Result<(), BqError> {
    if let Some(ranges) = table.other.get(ranges::KEY) {
        return Ranges::parse(ranges)?.check(table);
    }
    let Some(name) = table.partitioning.as_ref().and_then(|p| p.field.as_ref()) else {
        return Ok(());
    };
    let field = table.field(name).ok_or_else(|| {
        BqError::invalid(format!(
            "The field specified for partitioning cannot be found in the schema: {name}"
        ))
    })?;
    let fits = [FieldType::Date, FieldType::Datetime, FieldType::Timestamp].contains(&field.kind);
    match fits && field.mode != Mode::Repeated {
        true => Ok(()),
        false => Err(BqError::invalid(format!(
            "The field specified for time partitioning can only be of type TIMESTAMP, DATE or \
             DATETIME. The type found is: {}.",
            field.kind.name()
        ))),
    }
}

fn new_partitioning(destination: &Destination) -> Result<Option<TimePartitioning>, BqError> {
    let Some(decorator) = &destination.decorator else {
        return Ok(destination.partitioning.clone());
    };
    if destination.other.contains_key(ranges::KEY) {
        return Ok(None);
    }
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
        let relaxes = destination.required_fields == RequiredFields::Relaxed;
        if column.mode == Mode::Required && !present && !relaxes {
            return Err(refused(format!("Field {} is missing in new schema", column.name)));
        }
    }
    match (added.first(), destination.new_fields) {
        (Some(field), NewFields::Refused) => {
            Err(refused(format!("Cannot add fields (field: {})", field.name)))
        }
        (Some(_), NewFields::Added) => {
            match added.iter().find(|field| field.mode == Mode::Required) {
                Some(field) => Err(refused(format!(
                    "Cannot add required fields to an existing schema. (field: {})",
                    field.name
                ))),
                None => Ok(added),
            }
        }
        (None, NewFields::Refused | NewFields::Added) => Ok(added),
    }
}
