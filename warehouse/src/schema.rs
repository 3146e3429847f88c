//! BigQuery's column types, in Google's JSON and in DuckDB's DDL.

use duckdb::arrow::datatypes::{DataType, Field as ArrowField, Schema, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::error::BqError;
use crate::ids::quote;

/// The type of a column, spelled as BigQuery's schemas spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum FieldType {
    /// 64-bit integer.
    #[serde(alias = "INT64")]
    Integer,
    /// 64-bit float.
    #[serde(alias = "FLOAT64")]
    Float,
    /// 38 digits, 9 of them after the point.
    #[serde(alias = "DECIMAL")]
    Numeric,
    /// Truth value.
    #[serde(alias = "BOOL")]
    Boolean,
    /// Unicode text.
    String,
    /// Octets.
    Bytes,
    /// Calendar day.
    Date,
    /// Civil date and time.
    Datetime,
    /// Time of day.
    Time,
    /// Instant, microseconds.
    Timestamp,
    /// JSON document.
    Json,
    /// Nested columns.
    #[serde(alias = "STRUCT")]
    Record,
}

/// Whether a column may be NULL, or holds an array.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mode {
    /// NULL is allowed.
    #[default]
    Nullable,
    /// NULL is refused.
    Required,
    /// An array.
    Repeated,
}

/// One column of a table or of a result (`TableFieldSchema`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Field {
    /// Column name; BigQuery compares names without regard to case.
    pub(crate) name: String,
    /// Column type.
    #[serde(rename = "type")]
    pub(crate) kind: FieldType,
    /// NULLs and arrays.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// Columns of a record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fields: Vec<Field>,
    /// Text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}

impl FieldType {
    /// BigQuery's name of the type, as in `TableFieldSchema.type`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Float => "FLOAT",
            Self::Numeric => "NUMERIC",
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Date => "DATE",
            Self::Datetime => "DATETIME",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
            Self::Json => "JSON",
            Self::Record => "RECORD",
        }
    }

    /// GoogleSQL's name of the type, as in a CAST.
    pub(crate) fn sql_name(self) -> &'static str {
        match self {
            Self::Integer => "INT64",
            Self::Float => "FLOAT64",
            Self::Boolean => "BOOL",
            Self::Record => "STRUCT",
            Self::Numeric
            | Self::String
            | Self::Bytes
            | Self::Date
            | Self::Datetime
            | Self::Time
            | Self::Timestamp
            | Self::Json => self.name(),
        }
    }

    /// Whether a table can be partitioned by such a column.
    pub(crate) fn is_of_time(self) -> bool {
        match self {
            Self::Date | Self::Datetime | Self::Timestamp => true,
            Self::Integer
            | Self::Float
            | Self::Numeric
            | Self::Boolean
            | Self::String
            | Self::Bytes
            | Self::Time
            | Self::Json
            | Self::Record => false,
        }
    }

    /// Stored bytes of one value where the type fixes them (BigQuery's page on data sizes).
    pub(crate) fn fixed_bytes(self) -> Option<i64> {
        match self {
            Self::Boolean => Some(1),
            Self::Integer
            | Self::Float
            | Self::Date
            | Self::Datetime
            | Self::Time
            | Self::Timestamp => Some(8),
            Self::Numeric => Some(16),
            Self::String | Self::Bytes | Self::Json | Self::Record => None,
        }
    }
}

impl Field {
    /// A nullable column.
    pub(crate) fn new(name: impl Into<String>, kind: FieldType) -> Self {
        Self {
            name: name.into(),
            kind,
            mode: Mode::Nullable,
            fields: Vec::new(),
            description: None,
        }
    }

    /// DuckDB's type for this column.
    pub(crate) fn duck_type(&self) -> String {
        let one = match self.kind {
            FieldType::Integer => "BIGINT".into(),
            FieldType::Float => "DOUBLE".into(),
            FieldType::Numeric => "DECIMAL(38,9)".into(),
            FieldType::Boolean => "BOOLEAN".into(),
            FieldType::String => "VARCHAR".into(),
            FieldType::Bytes => "BLOB".into(),
            FieldType::Date => "DATE".into(),
            FieldType::Datetime => "TIMESTAMP".into(),
            FieldType::Time => "TIME".into(),
            FieldType::Timestamp => "TIMESTAMPTZ".into(),
            FieldType::Json => "JSON".into(),
            FieldType::Record => {
                let columns = |f: &Field| format!("{} {}", quote(&f.name), f.duck_type());
                format!(
                    "STRUCT({})",
                    self.fields.iter().map(columns).collect::<Vec<_>>().join(", ")
                )
            }
        };
        match self.mode {
            Mode::Repeated => format!("{one}[]"),
            Mode::Nullable | Mode::Required => one,
        }
    }

    /// The column of a CREATE TABLE.
    pub(crate) fn duck_column(&self) -> String {
        let required = match self.mode {
            Mode::Required => " NOT NULL",
            Mode::Nullable | Mode::Repeated => "",
        };
        format!("{} {}{required}", quote(&self.name), self.duck_type())
    }

    /// Whether a value of the other column can be stored in this one without a change of type.
    pub(crate) fn accepts(&self, other: &Field) -> bool {
        (self.mode == Mode::Repeated) == (other.mode == Mode::Repeated)
            && self.kind == other.kind
            && self.fields.len() == other.fields.len()
            && self.fields.iter().zip(&other.fields).all(|(mine, theirs)| {
                mine.name.eq_ignore_ascii_case(&theirs.name) && mine.accepts(theirs)
            })
    }
}

/// BigQuery's columns for a result of DuckDB.
///
/// # Errors
/// `invalidQuery` for a type that BigQuery does not have.
pub(crate) fn fields_of(schema: &Schema) -> Result<Vec<Field>, BqError> {
    schema.fields().iter().map(|field| field_of(field)).collect()
}

fn field_of(arrow: &ArrowField) -> Result<Field, BqError> {
    if let DataType::List(inner) | DataType::LargeList(inner) = arrow.data_type() {
        let inner = field_of(inner)?;
        return match inner.mode {
            Mode::Repeated => Err(BqError::query(
                "Cannot construct array with element type ARRAY because nested arrays are not \
                 supported",
            )),
            Mode::Nullable | Mode::Required => {
                Ok(Field { name: arrow.name().clone(), mode: Mode::Repeated, ..inner })
            }
        };
    }
    let mut field = Field::new(arrow.name(), FieldType::Record);
    if let DataType::Struct(columns) = arrow.data_type() {
        field.fields = columns.iter().map(|column| field_of(column)).collect::<Result<_, _>>()?;
        return Ok(field);
    }
    let json =
        arrow.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.json");
    field.kind = scalar_type(arrow.data_type(), json).ok_or_else(|| {
        BqError::query(format!(
            "Column `{}` has no BigQuery type (the engine says {}); CAST it",
            arrow.name(),
            arrow.data_type()
        ))
    })?;
    Ok(field)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "Arrow has many types BigQuery lacks")]
fn scalar_type(arrow: &DataType, json: bool) -> Option<FieldType> {
    Some(match arrow {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if json => FieldType::Json,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => FieldType::String,
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => FieldType::Integer,
        // DuckDB's sums of integers are 128 bits wide and have this Arrow type.
        DataType::Decimal128(38, 0) => FieldType::Integer,
        DataType::Decimal128(_, _) => FieldType::Numeric,
        DataType::Float32 | DataType::Float64 => FieldType::Float,
        DataType::Boolean => FieldType::Boolean,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => FieldType::Bytes,
        DataType::Date32 => FieldType::Date,
        DataType::Time64(_) => FieldType::Time,
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => FieldType::Timestamp,
        DataType::Timestamp(_, None) => FieldType::Datetime,
        // A column of nothing but NULL is INT64 in GoogleSQL.
        DataType::Null => FieldType::Integer,
        _ => return None,
    })
}
