//! Types as GoogleSQL's analyzer sees them, and which coerce to which.
#![expect(clippy::wildcard_enum_match_arm, reason = "pairs of types: most do not go together")]

use std::fmt;

use serde_json::Value;
use sqlparser::ast::DataType;

use crate::schema::{Field, FieldType, Mode};
use crate::sql::columns;

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Not worked out; everything is allowed.
    Unknown,
    /// NULL without a type.
    Null,
    Int64,
    Float64,
    Numeric,
    Bool,
    String,
    Bytes,
    Date,
    Datetime,
    Time,
    Timestamp,
    Interval,
    Json,
    Array(Box<Kind>),
    Struct(Vec<(String, Kind)>),
}

/// A type, and whether the value is a literal or a parameter, which coerce to more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) kind: Kind,
    pub(crate) is_literal: bool,
}

impl From<Kind> for Typed {
    fn from(kind: Kind) -> Self {
        Self { kind, is_literal: false }
    }
}

impl Typed {
    pub(super) fn literal(kind: Kind) -> Self {
        Self { kind, is_literal: true }
    }

    /// Whether the value can stand where this type is needed, without a CAST.
    pub(super) fn fits(&self, to: &Kind) -> bool {
        use Kind::{
            Array, Date, Datetime, Float64, Int64, Null, Numeric, String, Struct, Time, Timestamp,
            Unknown,
        };
        match (&self.kind, to) {
            (Unknown | Null, _) | (_, Unknown) => true,
            (from, to) if from == to => true,
            (Int64, Numeric | Float64) | (Numeric, Float64) | (Date, Datetime) => true,
            (Float64, Numeric) | (String, Date | Datetime | Time | Timestamp) => self.is_literal,
            (Array(from), Array(to)) => {
                Self { kind: Kind::clone(from), is_literal: self.is_literal }.fits(to)
            }
            (Struct(from), Struct(to)) => {
                from.len() == to.len()
                    && from.iter().zip(to).all(|((_, from), (_, to))| {
                        Self { kind: from.clone(), is_literal: self.is_literal }.fits(to)
                    })
            }
            _ => false,
        }
    }
}

/// The type that all values coerce to.
pub(super) fn common<'a>(values: impl Iterator<Item = &'a Typed> + Clone) -> Option<Typed> {
    let mut best: Option<&Typed> = None;
    for value in values.clone() {
        if value.kind == Kind::Unknown {
            return Some(Kind::Unknown.into());
        }
        let wins = match best {
            None => true,
            Some(best) if best.kind == Kind::Null => true,
            Some(best) => match (best.fits(&value.kind), value.fits(&best.kind)) {
                (true, false) => true,
                // Both ways: a literal takes the type of what is none.
                (true, true) => {
                    best.is_literal && !value.is_literal && !matches!(best.kind, Kind::Struct(_))
                }
                (false, _) => false,
            },
        };
        if wins {
            best = Some(value);
        }
    }
    let best = best?;
    let all_literals = values.clone().all(|value| value.is_literal);
    let fits = values.clone().all(|value| value.fits(&best.kind));
    fits.then(|| Typed { kind: best.kind.clone(), is_literal: all_literals })
}

impl Kind {
    pub(super) fn array(element: Self) -> Self {
        Self::Array(Box::new(element))
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Int64 | Self::Float64 | Self::Numeric | Self::Unknown | Self::Null)
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown | Self::Null)
    }

    /// The type of a column.
    pub(crate) fn of_field(field: &Field) -> Self {
        let one = match field.kind {
            FieldType::Integer => Self::Int64,
            FieldType::Float => Self::Float64,
            FieldType::Numeric => Self::Numeric,
            FieldType::Boolean => Self::Bool,
            FieldType::String => Self::String,
            FieldType::Bytes => Self::Bytes,
            FieldType::Date => Self::Date,
            FieldType::Datetime => Self::Datetime,
            FieldType::Time => Self::Time,
            FieldType::Timestamp => Self::Timestamp,
            FieldType::Json => Self::Json,
            FieldType::Record => Self::Struct(
                field.fields.iter().map(|f| (f.name.clone(), Self::of_field(f))).collect(),
            ),
        };
        match field.mode {
            Mode::Repeated => Self::array(one),
            Mode::Nullable | Mode::Required => one,
        }
    }

    /// The type that a CAST names; unknown for one without a column type.
    pub(super) fn of_data_type(data_type: &DataType) -> Self {
        match data_type {
            DataType::Interval { .. } => Self::Interval,
            _ => {
                columns::field("", data_type).map_or(Self::Unknown, |field| Self::of_field(&field))
            }
        }
    }

    /// The type of a query parameter.
    pub(super) fn of_parameter(kind: &Value) -> Self {
        match kind["type"].as_str().unwrap_or_default() {
            "ARRAY" => Self::array(Self::of_parameter(&kind["arrayType"])),
            "STRUCT" => {
                let members = kind["structTypes"].as_array().map_or(&[][..], Vec::as_slice);
                let member = |member: &Value| {
                    let name = member["name"].as_str().unwrap_or_default().to_owned();
                    (name, Self::of_parameter(&member["type"]))
                };
                Self::Struct(members.iter().map(member).collect())
            }
            name => serde_json::from_value::<FieldType>(Value::String(name.into()))
                .map_or(Self::Unknown, |kind| Self::of_field(&Field::new("", kind))),
        }
    }

    /// Whether CAST knows the way.
    pub(super) fn casts_to(&self, to: &Self) -> bool {
        use Kind::{
            Array, Bool, Bytes, Date, Datetime, Float64, Int64, Interval, Null, Numeric, String,
            Struct, Time, Timestamp, Unknown,
        };
        match (self, to) {
            (Unknown | Null, _) | (_, Unknown) => true,
            (from, to) if from == to => true,
            (Int64, Bool | Float64 | Numeric | String) | (Bool, Int64 | String) => true,
            (Float64, Int64 | Numeric | String) | (Numeric, Int64 | Float64 | String) => true,
            (
                String,
                Int64 | Float64 | Numeric | Bool | Bytes | Date | Datetime | Time | Timestamp
                | Interval,
            ) => true,
            (Bytes | Time | Interval, String) => true,
            (Date, String | Datetime | Timestamp) => true,
            (Datetime, String | Date | Time | Timestamp) => true,
            (Timestamp, String | Date | Time | Datetime) => true,
            (Array(from), Array(to)) => from.casts_to(to),
            (Struct(from), Struct(to)) => {
                from.len() == to.len()
                    && from.iter().zip(to).all(|((_, from), (_, to))| from.casts_to(to))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Unknown => "ANY",
            Self::Null => "NULL",
            Self::Int64 => "INT64",
            Self::Float64 => "FLOAT64",
            Self::Numeric => "NUMERIC",
            Self::Bool => "BOOL",
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Date => "DATE",
            Self::Datetime => "DATETIME",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
            Self::Interval => "INTERVAL",
            Self::Json => "JSON",
            Self::Array(element) => return write!(f, "ARRAY<{element}>"),
            Self::Struct(fields) => {
                let field = |(name, kind): &(String, Self)| {
                    format!("{name} {kind}").trim_start().to_owned()
                };
                let fields: Vec<String> = fields.iter().map(field).collect();
                return write!(f, "STRUCT<{}>", fields.join(", "));
            }
        };
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common_of(values: &[Typed]) -> Option<Kind> {
        common(values.iter()).map(|typed| typed.kind)
    }

    #[test]
    fn numbers_widen_and_literals_become_dates() {
        assert_eq!(common_of(&[Kind::Int64.into(), Kind::Numeric.into()]), Some(Kind::Numeric));
        assert_eq!(common_of(&[Kind::Float64.into(), Kind::Int64.into()]), Some(Kind::Float64));
        let text = Typed::literal(Kind::String);
        assert_eq!(common_of(&[text.clone(), Kind::Date.into()]), Some(Kind::Date));
        assert_eq!(common_of(&[Kind::Date.into(), text.clone()]), Some(Kind::Date));
        assert_eq!(common_of(&[Kind::String.into(), Kind::Date.into()]), None);
        assert_eq!(common_of(&[text, Kind::Int64.into()]), None);
        assert_eq!(
            common_of(&[Kind::Null.into(), Kind::Bool.into(), Kind::Null.into()]),
            Some(Kind::Bool)
        );
    }
}
