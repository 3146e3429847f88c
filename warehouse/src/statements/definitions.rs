//! CREATE, DROP, TRUNCATE, ALTER: data and catalog change in one commit.

use duckdb::Connection;
use serde_json::{Map, Value, json};

use super::{ChangedRows, Effect, Finish, Runner};
use crate::catalog::{self, Catalog, Dataset, Table};
use crate::duck::locked;
use crate::error::{BqError, Reason};
use crate::ids::{DatasetId, TableId, quote};
use crate::jobs::record::now_ms;
use crate::query;
use crate::sql::{self, ColumnChange, Definition, Existing};

impl Runner<'_> {
    pub(super) fn define(
        &mut self,
        definition: Definition,
        finish: Finish<'_>,
    ) -> Result<Effect, BqError> {
        match definition {
            Definition::CreateTable { id, table, existing } if id.is_of_session() => {
                self.create_temporary(&id, &table.fields, existing == Existing::Replaced)?;
                Ok(Effect::of("CREATE_TABLE"))
            }
            Definition::CreateTable { id, table, existing } => {
                self.create("CREATE_TABLE", &id, existing, finish, |c, _| {
                    catalog::create(c, &id, &table)?;
                    Ok(table)
                })
            }
            Definition::CreateLike { id, from, with_rows, existing } => {
                self.create("CREATE_TABLE", &id, existing, finish, |c, catalog| {
                    let mut table = catalog.table(&from)?.clone();
                    (table.created_ms, table.modified_ms) = (now_ms(), now_ms());
                    catalog::create(c, &id, &table)?;
                    if with_rows {
                        let copy = format!("INSERT INTO {} FROM {}", id.duck(), from.duck());
                        c.execute_batch(&copy)?;
                    }
                    Ok(table)
                })
            }
            Definition::CreateView { id, query, other, existing } => {
                let table = self.view(&id, query, other)?;
                self.create("CREATE_VIEW", &id, existing, finish, |_, _| Ok(table))
            }
            Definition::DropTable { id, .. } if id.is_of_session() => {
                self.session.tables.remove(&id.table);
                self.connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", id.duck()))?;
                Ok(Effect::of("DROP_TABLE"))
            }
            Definition::DropTable { id, is_view, if_exists } => {
                self.drop_table(&id, is_view, if_exists, finish)
            }
            Definition::Truncate { id } => self.truncate(&id, finish),
            Definition::CreateDataset { id, location, other, if_missing } => {
                self.create_dataset(&id, location, other, if_missing, finish)
            }
            Definition::DropDataset { id, cascade, if_exists } => {
                self.drop_dataset(&id, cascade, if_exists, finish)
            }
            Definition::AlterTable { id, changes } => self.alter(&id, changes, finish),
        }
    }

    fn create(
        &self,
        statement: &str,
        id: &TableId,
        existing: Existing,
        finish: Finish<'_>,
        make: impl FnOnce(&Connection, &Catalog) -> Result<Table, BqError>,
    ) -> Result<Effect, BqError> {
        let lock = self.warehouse.write_lock(id);
        let _only_writer = locked(&lock);
        self.warehouse.change(self.connection, |c, catalog| {
            let tables = &catalog.dataset(&id.dataset_id())?.tables;
            let old = tables.get(&id.table).map(|old| old.view().is_some());
            let operation = match (old, existing) {
                (None, _) => "CREATE",
                (Some(_), Existing::Refused) => {
                    return Err(BqError::already_exists(format_args!("Table {id}")));
                }
                (Some(_), Existing::Kept) => "SKIP",
                (Some(is_view), Existing::Replaced) if is_view == (statement == "CREATE_VIEW") => {
                    "REPLACE"
                }
                (Some(_), Existing::Replaced) => {
                    return Err(BqError::query(format!(
                        "{id} is not of the kind that {statement} replaces"
                    )));
                }
            };
            let effect = Effect {
                definition: Some((operation.into(), Some(id.clone()))),
                ..Effect::of(statement)
            };
            if operation != "SKIP" {
                catalog::drop_table(c, id)?;
                let table = make(c, catalog)?;
                catalog::put_table(c, id, &table)?;
                put(catalog, id, table);
            }
            finish(c, &effect)?;
            Ok(effect)
        })
    }

    /// The entry of a view; its columns are those of its query now.
    fn view(
        &self,
        id: &TableId,
        text: String,
        mut other: Map<String, Value>,
    ) -> Result<Table, BqError> {
        let steps = sql::read(&text)?;
        let fields = match sql::only_statement(&steps) {
            Some((sqlparser::ast::Statement::Query(query), text, session)) => {
                let catalog = self.warehouse.catalog();
                let scope = sql::Scope {
                    catalog: &catalog,
                    project: &id.project,
                    default_dataset: None,
                    parameters: &[],
                    session: &session,
                };
                query::plan(self.connection, query, text, &scope, self.location)?.fields
            }
            _ => Vec::new(),
        };
        other.insert("view".into(), json!({ "query": text, "useLegacySql": false }));
        let now = now_ms();
        Ok(Table { fields, partitioning: None, created_ms: now, modified_ms: now, other })
    }

    fn drop_table(
        &self,
        id: &TableId,
        is_view: bool,
        if_exists: bool,
        finish: Finish<'_>,
    ) -> Result<Effect, BqError> {
        let lock = self.warehouse.write_lock(id);
        let _only_writer = locked(&lock);
        self.warehouse.change(self.connection, |c, catalog| {
            let found = catalog.find(id).map(|table| table.view().is_some());
            let operation = match found {
                Some(other) if other != is_view => {
                    return Err(BqError::query(format!(
                        "{id} is a {}; use DROP {0}",
                        if other { "VIEW" } else { "TABLE" }
                    )));
                }
                Some(_) => "DROP",
                None if if_exists => "SKIP",
                None => {
                    return Err(catalog.table(id).err().unwrap_or_else(|| BqError::not_found(id)));
                }
            };
            catalog::drop_table(c, id)?;
            if let Some(dataset) = catalog.datasets.get_mut(&id.dataset_id()) {
                dataset.tables.remove(&id.table);
            }
            let statement = if is_view { "DROP_VIEW" } else { "DROP_TABLE" };
            let effect = Effect {
                definition: Some((operation.into(), Some(id.clone()))),
                ..Effect::of(statement)
            };
            finish(c, &effect)?;
            Ok(effect)
        })
    }

    fn truncate(&self, id: &TableId, finish: Finish<'_>) -> Result<Effect, BqError> {
        let lock = self.warehouse.write_lock(id);
        let _only_writer = locked(&lock);
        let catalog = self.warehouse.catalog();
        if !id.is_of_session() && catalog.table(id)?.view().is_some() {
            return Err(BqError::query(format!("A view cannot be truncated: {id}")));
        }
        let effect = crate::warehouse::in_transaction(self.connection, |c| {
            let deleted = c.execute(&format!("DELETE FROM {}", id.duck()), [])?;
            let deleted = i64::try_from(deleted).unwrap_or(i64::MAX);
            let rows = Some(ChangedRows { deleted, ..ChangedRows::default() });
            let effect = Effect { rows, ..Effect::of("TRUNCATE_TABLE") };
            finish(c, &effect)?;
            Ok(effect)
        })?;
        if !id.is_of_session() {
            self.warehouse.touch(id, now_ms());
        }
        Ok(effect)
    }

    fn create_dataset(
        &self,
        id: &DatasetId,
        location: Option<String>,
        other: Map<String, Value>,
        if_missing: bool,
        finish: Finish<'_>,
    ) -> Result<Effect, BqError> {
        let location = location.unwrap_or_else(|| self.location.to_owned()).to_uppercase();
        self.warehouse.change(self.connection, |c, catalog| {
            let operation = match (catalog.datasets.contains_key(id), if_missing) {
                (false, _) => "CREATE",
                (true, true) => "SKIP",
                (true, false) => {
                    return Err(BqError::already_exists(format_args!("Dataset {id}")));
                }
            };
            if operation == "CREATE" {
                let tables = std::collections::BTreeMap::new();
                let dataset = Dataset { location, created_ms: now_ms(), other, tables };
                catalog::put_dataset(c, id, &dataset)?;
                catalog.datasets.insert(id.clone(), dataset);
            }
            let effect = Effect {
                definition: Some((operation.into(), None)),
                ..Effect::of("CREATE_SCHEMA")
            };
            finish(c, &effect)?;
            Ok(effect)
        })
    }

    fn drop_dataset(
        &self,
        id: &DatasetId,
        cascade: bool,
        if_exists: bool,
        finish: Finish<'_>,
    ) -> Result<Effect, BqError> {
        self.warehouse.change(self.connection, |c, catalog| {
            let operation = match catalog.datasets.get(id) {
                Some(dataset) if !dataset.tables.is_empty() && !cascade => {
                    let why = format!("Dataset {id} is still in use");
                    return Err(BqError::new(Reason::ResourceInUse, why));
                }
                Some(_) => "DROP",
                None if if_exists => "SKIP",
                None => return Err(BqError::not_found(format_args!("Dataset {id}"))),
            };
            catalog::drop_dataset(c, id)?;
            catalog.datasets.remove(id);
            let effect =
                Effect { definition: Some((operation.into(), None)), ..Effect::of("DROP_SCHEMA") };
            finish(c, &effect)?;
            Ok(effect)
        })
    }

    fn alter(
        &self,
        id: &TableId,
        changes: Vec<ColumnChange>,
        finish: Finish<'_>,
    ) -> Result<Effect, BqError> {
        let lock = self.warehouse.write_lock(id);
        let _only_writer = locked(&lock);
        self.warehouse.change(self.connection, |c, catalog| {
            let mut table = catalog.table(id)?.clone();
            for change in changes {
                if let Some(sql) = altered(id, &mut table, change)? {
                    c.execute_batch(&sql)?;
                }
            }
            table.modified_ms = now_ms();
            catalog::put_table(c, id, &table)?;
            put(catalog, id, table);
            let effect = Effect {
                definition: Some(("ALTER".into(), Some(id.clone()))),
                ..Effect::of("ALTER_TABLE")
            };
            finish(c, &effect)?;
            Ok(effect)
        })
    }
}

fn put(catalog: &mut Catalog, id: &TableId, table: Table) {
    if let Some(dataset) = catalog.datasets.get_mut(&id.dataset_id()) {
        dataset.tables.insert(id.table.clone(), table);
    }
}

/// Changes the entry; DuckDB's text for the same change, if there is any.
fn altered(
    id: &TableId,
    table: &mut Table,
    change: ColumnChange,
) -> Result<Option<String>, BqError> {
    let at = |table: &Table, name: &str| {
        table.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name))
    };
    let missing =
        |name: &str| BqError::query(format!("Column {name} is not present in table {id}"));
    let decides = |table: &Table, name: &str| {
        let key = table.partitioning.as_ref().and_then(|p| p.field.as_deref());
        key.is_some_and(|key| key.eq_ignore_ascii_case(name))
    };
    match change {
        ColumnChange::Add { column, if_missing } => {
            match (at(table, &column.name), if_missing) {
                (Some(_), true) => return Ok(None),
                (Some(_), false) => {
                    return Err(BqError::query(format!("Column already exists: {}", column.name)));
                }
                (None, _) => {}
            }
            let sql = format!("ALTER TABLE {} ADD COLUMN {}", id.duck(), column.duck_column());
            table.fields.push(column);
            Ok(Some(sql))
        }
        ColumnChange::Drop { name, if_exists } => match at(table, &name) {
            Some(_) if decides(table, &name) => {
                Err(BqError::query(format!("The partitioning column {name} cannot be dropped")))
            }
            Some(index) => {
                let column = table.fields.remove(index);
                Ok(Some(format!("ALTER TABLE {} DROP COLUMN {}", id.duck(), quote(&column.name))))
            }
            None if if_exists => Ok(None),
            None => Err(missing(&name)),
        },
        ColumnChange::Rename { from, to } => {
            if at(table, &to).is_some() {
                return Err(BqError::query(format!("Column already exists: {to}")));
            }
            if decides(table, &from) {
                return Err(BqError::query(format!(
                    "The partitioning column {from} cannot be renamed"
                )));
            }
            let index = at(table, &from).ok_or_else(|| missing(&from))?;
            let column = table.fields.get_mut(index).ok_or_else(|| missing(&from))?;
            let sql = format!(
                "ALTER TABLE {} RENAME COLUMN {} TO {}",
                id.duck(),
                quote(&column.name),
                quote(&to)
            );
            column.name = to;
            Ok(Some(sql))
        }
    }
}
