//! Columns that the rows themselves show (`autodetect`).

use serde_json::{Map, Value};

use super::csv::{self, Cell, Lines};
use super::source::Source;
use super::{json, values};
use crate::error::BqError;
use crate::jobs::config::CsvDialect;
use crate::schema::{Field, FieldType, Mode};

/// Rows of the first file that are looked at, as many as BigQuery's page on schema auto-detection says.
const SAMPLE_ROWS: usize = 500;

/// What a CSV file shows.
pub(super) struct DetectedCsv {
    pub(super) fields: Vec<Field>,
    /// Whether the names come from the file.
    pub(super) named: bool,
    /// Lines that are no rows.
    pub(super) skip: usize,
    pub(super) delimiter: char,
}

/// Columns, header and delimiter of the first file.
///
/// # Errors
/// `invalid` for a file that cannot be read.
pub(super) fn csv(sources: &[Source], dialect: &CsvDialect) -> Result<DetectedCsv, BqError> {
    let Some(source) = sources.first() else {
        return Err(BqError::invalid("There is no file to detect columns in"));
    };
    let text =
        csv::decoded(source.bytes()?, dialect.encoding).map_err(|why| source.unreadable(&why))?;
    let delimiter = dialect.delimiter.unwrap_or_else(|| delimiter(&text));
    let lines = Lines::new(&text, dialect, delimiter).take(SAMPLE_ROWS);
    let lines: Vec<Vec<Cell>> = lines.filter_map(Result::ok).collect();
    // The last of the lines to skip may hold the names; nobody looks for names when none is to be skipped.
    let (before, looks) = match dialect.skip {
        None => (0, true),
        Some(0) => (0, false),
        Some(skip) => (skip - 1, true),
    };
    let first = lines.get(before);
    let rest = lines.get(before + 1..).unwrap_or_default();
    let width = lines.iter().map(Vec::len).max().unwrap_or(0);
    let kinds: Vec<Option<FieldType>> = (0..width).map(|at| kind(rest, at)).collect();
    let header = first.filter(|line| looks && is_header(line, &kinds));
    let skip = match (header, dialect.skip) {
        (Some(_), _) => before + 1,
        (None, skip) => skip.unwrap_or(0),
    };
    let rows = lines.get(skip..).unwrap_or_default();
    let fields = (0..width).map(|at| {
        let kind = kind(rows, at).unwrap_or(FieldType::String);
        let name = header.and_then(|line| line.get(at)).map(|cell| column_name(&cell.text));
        let unnamed = || format!("{}_field_{at}", type_word(kind));
        Field::new(name.filter(|name| !name.is_empty()).unwrap_or_else(unnamed), kind)
    });
    let fields = fields.collect();
    Ok(DetectedCsv { fields, named: header.is_some(), skip, delimiter })
}

/// Columns of the first file.
///
/// # Errors
/// `invalid` for a file that cannot be read.
pub(super) fn json(sources: &[Source]) -> Result<Vec<Field>, BqError> {
    let Some(source) = sources.first() else {
        return Ok(Vec::new());
    };
    let bytes = source.bytes()?;
    let mut shapes = Vec::new();
    for (_, line) in json::lines(&bytes).take(SAMPLE_ROWS) {
        // A line that is no object is reported when the rows are read.
        if let Ok(object) = serde_json::from_slice::<Map<String, Value>>(line) {
            look(&object, &mut shapes);
        }
    }
    Ok(shapes.into_iter().map(Shape::field).collect())
}

/// A column as far as it was seen.
struct Shape {
    name: String,
    kind: Option<FieldType>,
    repeated: bool,
    inner: Vec<Shape>,
}

impl Shape {
    fn field(self) -> Field {
        Field {
            mode: if self.repeated { Mode::Repeated } else { Mode::Nullable },
            fields: self.inner.into_iter().map(Self::field).collect(),
            ..Field::new(self.name, self.kind.unwrap_or(FieldType::String))
        }
    }

    fn see(&mut self, value: &Value) {
        let kind = match value {
            Value::Null => return,
            Value::Array(all) => {
                self.repeated = true;
                all.iter().for_each(|one| self.see(one));
                return;
            }
            Value::Object(object) => {
                look(object, &mut self.inner);
                FieldType::Record
            }
            Value::Bool(_) => FieldType::Boolean,
            Value::Number(number) if number.is_i64() => FieldType::Integer,
            Value::Number(_) => FieldType::Float,
            Value::String(text) => {
                // A number in quotes stays a text.
                let times = [FieldType::Date, FieldType::Time, FieldType::Timestamp];
                let kind = Some(values::detected(text)).filter(|kind| times.contains(kind));
                kind.unwrap_or(FieldType::String)
            }
        };
        self.kind = Some(self.kind.map_or(kind, |seen| both(seen, kind)));
    }
}

fn look(object: &Map<String, Value>, shapes: &mut Vec<Shape>) {
    for (name, value) in object {
        let known = shapes.iter().position(|shape| shape.name.eq_ignore_ascii_case(name));
        let at = known.unwrap_or_else(|| {
            let name = name.clone();
            shapes.push(Shape { name, kind: None, repeated: false, inner: Vec::new() });
            shapes.len() - 1
        });
        shapes[at].see(value);
    }
}

/// The type that holds values of both.
fn both(one: FieldType, other: FieldType) -> FieldType {
    use FieldType::{Date, Float, Integer, String, Timestamp};
    match (one, other) {
        (a, b) if a == b => a,
        (Integer, Float) | (Float, Integer) => Float,
        (Date, Timestamp) | (Timestamp, Date) => Timestamp,
        _different => String,
    }
}

fn kind(lines: &[Vec<Cell>], at: usize) -> Option<FieldType> {
    let cells = lines.iter().filter_map(|line| line.get(at)).filter(|cell| !cell.text.is_empty());
    cells.map(|cell| values::detected(&cell.text)).reduce(both)
}

/// Names are texts above at least one column that is none.
fn is_header(line: &[Cell], kinds: &[Option<FieldType>]) -> bool {
    line.iter().all(|cell| values::detected(&cell.text) == FieldType::String)
        && kinds.iter().any(|kind| kind.is_some_and(|kind| kind != FieldType::String))
}

/// The one of comma, pipe and tab that the first line holds most.
fn delimiter(text: &str) -> char {
    let line = text.lines().next().unwrap_or_default();
    let count = |wanted: char| line.chars().filter(|c| *c == wanted).count();
    // The last of equals wins: the comma.
    ['|', '\t', ','].into_iter().max_by_key(|c| count(*c)).unwrap_or(',')
}

fn column_name(text: &str) -> String {
    let name: String = text
        .trim()
        .chars()
        .map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' })
        .collect();
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}

/// How BigQuery begins the name of a column without one.
fn type_word(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Integer => "int64",
        FieldType::Float => "double",
        FieldType::Boolean => "bool",
        FieldType::Date => "date",
        FieldType::Time => "time",
        FieldType::Timestamp => "timestamp",
        FieldType::Datetime => "datetime",
        FieldType::String
        | FieldType::Numeric
        | FieldType::Bytes
        | FieldType::Json
        | FieldType::Record => "string",
    }
}
