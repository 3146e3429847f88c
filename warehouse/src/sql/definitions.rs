//! Statements that make, change or remove tables, views and datasets.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many statements and options; what GoogleSQL lacks is refused"
)]

use serde_json::{Map, Value, json};
use sqlparser::ast::{
    AlterTable, AlterTableOperation, CreateTable, CreateTableLikeKind, CreateView, ObjectName,
    ObjectType, SchemaName, SqlOption, Statement,
};

use super::{Scope, columns, create, names, place, script};
use crate::catalog::{Table, TimePartitioning};
use crate::error::BqError;
use crate::ids::{DatasetId, TableId};
use crate::jobs::record::now_ms;
use crate::schema::Field;

/// What such a statement does.
#[derive(Debug)]
pub(crate) enum Definition {
    CreateTable {
        id: TableId,
        table: Table,
        existing: Existing,
    },
    /// `CREATE TABLE … LIKE / CLONE`.
    CreateLike {
        id: TableId,
        from: TableId,
        with_rows: bool,
        existing: Existing,
    },
    CreateView {
        id: TableId,
        query: String,
        other: Map<String, Value>,
        existing: Existing,
    },
    DropTable {
        id: TableId,
        is_view: bool,
        if_exists: bool,
    },
    Truncate {
        id: TableId,
    },
    CreateDataset {
        id: DatasetId,
        location: Option<String>,
        other: Map<String, Value>,
        if_missing: bool,
    },
    DropDataset {
        id: DatasetId,
        cascade: bool,
        if_exists: bool,
    },
    AlterTable {
        id: TableId,
        changes: Vec<ColumnChange>,
    },
}

/// What happens to a table of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Refused,
    /// `OR REPLACE`.
    Replaced,
    /// `IF NOT EXISTS`.
    Kept,
}

/// One change of ALTER TABLE.
#[derive(Debug)]
pub(crate) enum ColumnChange {
    Add { column: Field, if_missing: bool },
    Drop { name: String, if_exists: bool },
    Rename { from: String, to: String },
}

/// Reads such a statement; `None` for any other.
///
/// # Errors
/// `notImplemented` for a part that is not supported, `invalidQuery` for an impossible name.
pub(crate) fn definition(
    statement: &Statement,
    text: &str,
    scope: &Scope<'_>,
) -> Result<Option<Definition>, BqError> {
    Ok(Some(match statement {
        Statement::CreateTable(create) if create.query.is_none() => create_table(create, scope)?,
        Statement::CreateView(create) => create_view(create, text, scope)?,
        Statement::Drop { object_type, if_exists, names, cascade, .. } => {
            let [name] = names.as_slice() else {
                return Err(BqError::query("Syntax error: Expected one name after DROP"));
            };
            drop(object_type, name, *if_exists, *cascade, scope)?
        }
        Statement::Truncate(truncate) => {
            let [target] = truncate.table_names.as_slice() else {
                return Err(BqError::query(
                    "Syntax error: Expected one table after TRUNCATE TABLE",
                ));
            };
            Definition::Truncate { id: names::target(scope, &target.name)? }
        }
        Statement::CreateSchema {
            schema_name, if_not_exists, options, or_replace: false, ..
        } => create_dataset(schema_name, *if_not_exists, options.as_deref(), scope)?,
        Statement::AlterTable(alter) => alter_table(alter, scope)?,
        _ => return Ok(None),
    }))
}

fn existing(replaces: bool, if_missing: bool) -> Existing {
    match (replaces, if_missing) {
        (true, _) => Existing::Replaced,
        (false, true) => Existing::Kept,
        (false, false) => Existing::Refused,
    }
}

fn create_table(create: &CreateTable, scope: &Scope<'_>) -> Result<Definition, BqError> {
    let id = match create.temporary {
        true => TableId::of_session(&names::parts(&create.name).join(".")),
        false => names::target(scope, &create.name)?,
    };
    let existing = existing(create.or_replace, create.if_not_exists);
    let from = match (&create.like, &create.clone) {
        (Some(CreateTableLikeKind::Plain(like)), _) => Some((&like.name, false)),
        (_, Some(name)) => Some((name, true)),
        (Some(CreateTableLikeKind::Parenthesized(_)), None) => {
            return Err(BqError::query("Syntax error: Unexpected LIKE"));
        }
        (None, None) => None,
    };
    if let Some((name, with_rows)) = from {
        let from = names::target(scope, name)?;
        return Ok(Definition::CreateLike { id, from, with_rows, existing });
    }
    if !create.constraints.is_empty() {
        return Err(BqError::not_implemented("A constraint in CREATE TABLE"));
    }
    let fields: Vec<Field> =
        create.columns.iter().map(columns::column).collect::<Result<_, _>>()?;
    for (index, field) in fields.iter().enumerate() {
        if fields[..index].iter().any(|other| other.name.eq_ignore_ascii_case(&field.name)) {
            return Err(BqError::query(format!(
                "Duplicate column name {} in CREATE TABLE",
                field.name
            )));
        }
    }
    let (partitioning, other) = create::layout(create)?;
    check_partitioning(&fields, partitioning.as_ref())?;
    let now = now_ms();
    let table = Table { fields, partitioning, created_ms: now, modified_ms: now, other };
    Ok(Definition::CreateTable { id, table, existing })
}

fn check_partitioning(
    fields: &[Field],
    partitioning: Option<&TimePartitioning>,
) -> Result<(), BqError> {
    let Some(name) = partitioning.and_then(|partitioning| partitioning.field.as_ref()) else {
        return Ok(());
    };
    let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    let field = field.ok_or_else(|| BqError::query(format!("Unrecognized name: {name}")))?;
    match field.kind.is_of_time() && field.mode != crate::schema::Mode::Repeated {
        true => Ok(()),
        false => Err(BqError::query(format!(
            "PARTITION BY expression must be of type DATE, DATETIME or TIMESTAMP; {name} is {}",
            field.kind.name()
        ))),
    }
}

fn create_view(create: &CreateView, text: &str, scope: &Scope<'_>) -> Result<Definition, BqError> {
    if create.materialized || create.temporary || !create.columns.is_empty() {
        return Err(BqError::not_implemented(
            "A view that is materialized, temporary, or has a list of columns",
        ));
    }
    let query = script::after_as(text).unwrap_or_default().trim().to_owned();
    create::view_query(&query)?;
    let (other, _) = columns::table_options(&create.options)?;
    Ok(Definition::CreateView {
        id: names::target(scope, &create.name)?,
        query,
        other,
        existing: existing(create.or_replace, create.if_not_exists),
    })
}

fn drop(
    kind: &ObjectType,
    name: &ObjectName,
    if_exists: bool,
    cascade: bool,
    scope: &Scope<'_>,
) -> Result<Definition, BqError> {
    match kind {
        ObjectType::Table => {
            Ok(Definition::DropTable { id: names::target(scope, name)?, is_view: false, if_exists })
        }
        ObjectType::View => {
            Ok(Definition::DropTable { id: names::target(scope, name)?, is_view: true, if_exists })
        }
        ObjectType::Schema => {
            Ok(Definition::DropDataset { id: names::dataset(scope, name)?, cascade, if_exists })
        }
        other => Err(BqError::not_implemented(format_args!("DROP {other}{}", place(name)))),
    }
}

fn create_dataset(
    name: &SchemaName,
    if_missing: bool,
    options: Option<&[SqlOption]>,
    scope: &Scope<'_>,
) -> Result<Definition, BqError> {
    let SchemaName::Simple(name) = name else {
        return Err(BqError::query("Syntax error: Unexpected AUTHORIZATION"));
    };
    let id = names::dataset(scope, name)?;
    let mut location = None;
    let mut other = Map::new();
    for (name, value) in columns::pairs(options.unwrap_or_default())? {
        match (name.as_str(), value) {
            ("location", Value::String(place)) => location = Some(place),
            ("description", Value::String(text)) => {
                other.insert("description".into(), json!(text));
            }
            ("friendly_name", Value::String(text)) => {
                other.insert("friendlyName".into(), json!(text));
            }
            _ => return Err(BqError::not_implemented(format_args!("The dataset option {name}"))),
        }
    }
    Ok(Definition::CreateDataset { id, location, other, if_missing })
}

fn alter_table(alter: &AlterTable, scope: &Scope<'_>) -> Result<Definition, BqError> {
    let mut changes = Vec::new();
    for operation in &alter.operations {
        match operation {
            AlterTableOperation::AddColumn { if_not_exists, column_def, .. } => {
                let column = columns::column(column_def)?;
                if column.mode == crate::schema::Mode::Required {
                    return Err(BqError::query(format!(
                        "Cannot add required columns to an existing table: {}",
                        column.name
                    )));
                }
                changes.push(ColumnChange::Add { column, if_missing: *if_not_exists });
            }
            AlterTableOperation::DropColumn { column_names, if_exists, .. } => {
                changes.extend(column_names.iter().map(|name| ColumnChange::Drop {
                    name: name.value.clone(),
                    if_exists: *if_exists,
                }));
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                changes.push(ColumnChange::Rename {
                    from: old_column_name.value.clone(),
                    to: new_column_name.value.clone(),
                });
            }
            other => {
                return Err(BqError::not_implemented(format_args!("ALTER TABLE … {other}")));
            }
        }
    }
    Ok(Definition::AlterTable { id: names::target(scope, &alter.name)?, changes })
}
