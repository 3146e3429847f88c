//! Which column, table or variable a name means.

use std::collections::BTreeSet;

use sqlparser::ast::{Expr, Ident};

use super::kinds::{Kind, Typed};
use super::signatures::nearest;
use super::{Analyzer, place};
use crate::error::BqError;
use crate::schema::Field;
use crate::sql::duck_variable;

/// A column of a source or of a result.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Empty for one without a name.
    pub(super) name: String,
    pub(super) typed: Typed,
}

/// None when not all are known.
pub(super) type Columns = Option<Vec<Column>>;

/// Something in FROM.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) alias: Option<String>,
    pub(super) columns: Columns,
    /// Columns that `*` leaves out.
    pub(super) hidden: Vec<Column>,
    /// The alias of an UNNEST is a value and no table.
    pub(super) value: Option<Kind>,
    /// Whether the fields of an array of records are columns in DuckDB too.
    pub(super) is_flat: bool,
    /// The table and its partitioning columns, when it must not be read without a condition on them.
    pub(super) filter_needed: Option<(String, Vec<String>)>,
}

/// The sources of one SELECT.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub(super) sources: Vec<Source>,
    /// Columns of USING, in lower case: one for several sources.
    pub(super) merged: BTreeSet<String>,
    /// Names given in SELECT, once they may be used.
    pub(super) aliases: Vec<Column>,
}

impl Source {
    pub(super) fn of_fields(alias: &str, fields: &[Field], is_ingestion_time: bool) -> Self {
        let column = |name: &str, kind: Kind| Column { name: name.into(), typed: kind.into() };
        let columns = fields.iter().map(|f| column(&f.name, Kind::of_field(f))).collect();
        let hidden = match is_ingestion_time {
            true => vec![
                column("_PARTITIONTIME", Kind::Timestamp),
                column("_PARTITIONDATE", Kind::Date),
            ],
            false => Vec::new(),
        };
        Self {
            alias: Some(alias.into()),
            columns: Some(columns),
            hidden,
            value: None,
            is_flat: false,
            filter_needed: None,
        }
    }

    fn column(&self, name: &str) -> Vec<&Column> {
        let all = self.columns.iter().flatten().chain(&self.hidden);
        all.filter(|column| column.name.eq_ignore_ascii_case(name)).collect()
    }

    fn is_named(&self, name: &str) -> bool {
        self.alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(name))
    }

    /// The whole row, or the value of an UNNEST.
    fn whole(&self) -> Kind {
        match (&self.value, &self.columns) {
            (Some(value), _) => value.clone(),
            (None, Some(columns)) => {
                let field = |column: &Column| (column.name.clone(), column.typed.kind.clone());
                Kind::Struct(columns.iter().map(field).collect())
            }
            (None, None) => Kind::Unknown,
        }
    }
}

/// What a name was found to be.
enum Found {
    Value(Typed),
    /// Not in this frame.
    No,
}

impl Analyzer<'_> {
    /// The type of a name with its fields. A variable takes its value's place.
    pub(super) fn name(&self, path: &[Ident], whole: &mut Expr) -> Result<Typed, BqError> {
        let Some((first, rest)) = path.split_first() else {
            return Ok(Kind::Unknown.into());
        };
        for frame in self.frames.iter().rev() {
            if let Found::Value(typed) = in_frame(frame, first, rest)? {
                return Ok(typed);
            }
        }
        if let Some(typed) = self.variable(first, rest, whole)? {
            return Ok(typed);
        }
        let all = self.frames.iter().flat_map(|frame| {
            let columns = frame.sources.iter().flat_map(|source| source.columns.iter().flatten());
            columns.map(|column| column.name.as_str()).filter(|name| !name.is_empty())
        });
        let hint = nearest(&first.value, all).map(|name| format!("; Did you mean {name}?"));
        Err(BqError::query(format!(
            "Unrecognized name: {}{}{}",
            first.value,
            hint.unwrap_or_default(),
            at(first)
        )))
    }

    fn variable(
        &self,
        first: &Ident,
        rest: &[Ident],
        whole: &mut Expr,
    ) -> Result<Option<Typed>, BqError> {
        let session = self.scope.session;
        if first.value.eq_ignore_ascii_case("@@error") {
            let is_message = rest.first().is_some_and(|f| f.value.eq_ignore_ascii_case("message"));
            let text = session.error.as_ref().filter(|_| is_message && rest.len() == 1);
            let Some(text) = text else {
                return Err(BqError::not_implemented(format_args!(
                    "This use of @@error{}",
                    at(first)
                )));
            };
            *whole = crate::sql::rewrite::raw(crate::ids::literal(text));
            return Ok(Some(Kind::String.into()));
        }
        let Some(field) = session.variables.get(&first.value.to_lowercase()) else {
            return Ok(None);
        };
        let mut text =
            format!("CAST(getvariable('{}') AS {})", duck_variable(&field.name), field.duck_type());
        let mut kind = Kind::of_field(field);
        for name in rest {
            kind = member(&kind, name)?;
            text = format!("({text}).{}", crate::ids::quote(&name.value));
        }
        *whole = crate::sql::rewrite::raw(text);
        Ok(Some(kind.into()))
    }

    /// The array that `FROM t, t.items` names; none when the words are those of a table.
    pub(super) fn array_in_scope(&self, words: &[String]) -> Option<Kind> {
        let path: Vec<Ident> = words.iter().map(Ident::new).collect();
        let (first, rest) = path.split_first().filter(|(_, rest)| !rest.is_empty())?;
        self.frames.iter().rev().find_map(|frame| {
            let named = frame.sources.iter().any(|source| source.is_named(&first.value));
            match in_frame(frame, first, rest) {
                Ok(Found::Value(typed)) if named => Some(typed.kind),
                Ok(Found::Value(_) | Found::No) | Err(_) => None,
            }
        })
    }
}

fn in_frame(frame: &Frame, first: &Ident, rest: &[Ident]) -> Result<Found, BqError> {
    let name = &first.value;
    if let Some(alias) = frame.aliases.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    {
        return fields(alias.typed.clone(), rest);
    }
    let mut found: Vec<&Column> = Vec::new();
    for source in &frame.sources {
        found.extend(source.column(name));
    }
    let tables: Vec<&Source> =
        frame.sources.iter().filter(|source| source.is_named(name)).collect();
    if let Some(table) = tables.first() {
        // A qualified column: its table is meant, unless only a column of that name has the field.
        if let Some((column, deeper)) = rest.split_first() {
            if let Some(value) = table.column(&column.value).first() {
                return fields(value.typed.clone(), deeper);
            }
            if table.columns.is_none() {
                return Ok(Found::Value(Kind::Unknown.into()));
            }
            if let Some(value) = &table.value {
                return fields(value.clone().into(), rest);
            }
            if found.is_empty() {
                return Err(BqError::query(format!(
                    "Name {} not found inside {name}{}",
                    column.value,
                    at(column)
                )));
            }
        } else if found.is_empty() || table.value.is_some() {
            return Ok(Found::Value(table.whole().into()));
        }
    }
    let is_merged = frame.merged.contains(&name.to_lowercase());
    match found.as_slice() {
        [] => {
            let unknown = frame.sources.iter().any(|source| source.columns.is_none());
            Ok(if unknown { Found::Value(Kind::Unknown.into()) } else { Found::No })
        }
        [column] => fields(column.typed.clone(), rest),
        [column, ..] if is_merged => fields(column.typed.clone(), rest),
        [_, _, ..] => Err(BqError::query(format!("Column name {name} is ambiguous{}", at(first)))),
    }
}

fn fields(typed: Typed, rest: &[Ident]) -> Result<Found, BqError> {
    let Some((first, deeper)) = rest.split_first() else {
        return Ok(Found::Value(typed));
    };
    fields(member(&typed.kind, first)?.into(), deeper)
}

/// The type of a field of a value.
pub(super) fn member(kind: &Kind, name: &Ident) -> Result<Kind, BqError> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other types have no fields")]
    match kind {
        Kind::Unknown | Kind::Null => Ok(Kind::Unknown),
        Kind::Json => Ok(Kind::Json),
        Kind::Struct(fields) => {
            let field = fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(&name.value));
            field.map(|(_, kind)| kind.clone()).ok_or_else(|| {
                BqError::query(format!(
                    "Field name {} does not exist in {kind}{}",
                    name.value,
                    at(name)
                ))
            })
        }
        other => Err(BqError::query(format!(
            "Cannot access field {} on a value with type {other}{}",
            name.value,
            at(name)
        ))),
    }
}

pub(super) fn at(name: &Ident) -> String {
    place(&Expr::Identifier(name.clone()))
}
