//! Statements other than one SELECT: changes of rows, definitions, scripts.

mod changes;
mod definitions;
mod script;

use duckdb::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlparser::ast::{Query, Statement};

use crate::catalog::Catalog;
use crate::error::BqError;
use crate::ids::{TableId, quote};
use crate::jobs::config::{Destination, QueryConfig};
use crate::jobs::record::{Output, now_ms};
use crate::jobs::registry::Job;
use crate::query::{self, Plan, RESULT};
use crate::schema::Field;
use crate::sql::{self, Scope, Session, Step};
use crate::warehouse::Warehouse;
use crate::write::{self, Rows};

/// What a statement did, for the statistics of its job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Effect {
    /// BigQuery's `statementType`.
    pub(crate) statement: String,
    /// Rows it changed.
    pub(crate) rows: Option<ChangedRows>,
    /// Table it made or removed, and `CREATE`, `REPLACE`, `DROP`, `ALTER` or `SKIP`.
    pub(crate) definition: Option<(String, Option<TableId>)>,
    /// Statements of a script.
    pub(crate) children: i64,
}

impl Effect {
    /// An effect of this `statementType`.
    pub(crate) fn of(statement: &str) -> Self {
        Self { statement: statement.into(), ..Self::default() }
    }

    /// Whether its job has a result to read.
    pub(crate) fn has_rows(&self) -> bool {
        self.rows.is_none() && self.definition.is_none()
    }
}

/// `dmlStats`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangedRows {
    pub(crate) inserted: i64,
    pub(crate) updated: i64,
    pub(crate) deleted: i64,
}

impl ChangedRows {
    /// `numDmlAffectedRows`.
    pub(crate) fn total(self) -> i64 {
        self.inserted + self.updated + self.deleted
    }

    /// Google's JSON.
    pub(crate) fn resource(self) -> Value {
        json!({
            "insertedRowCount": self.inserted.to_string(),
            "updatedRowCount": self.updated.to_string(),
            "deletedRowCount": self.deleted.to_string(),
        })
    }
}

/// The rows of the last SELECT are in [`RESULT`].
#[derive(Debug, Default)]
pub(crate) struct LastRows {
    pub(crate) fields: Vec<Field>,
    pub(crate) bytes: i64,
}

/// Takes part in the commit of a statement.
pub(crate) type Finish<'a> = &'a dyn Fn(&Connection, &Effect) -> Result<(), BqError>;

/// Runs the statements of one job.
pub(crate) struct Runner<'a> {
    pub(crate) warehouse: &'a Warehouse,
    pub(crate) connection: &'a Connection,
    pub(crate) job: &'a Job,
    pub(crate) config: &'a QueryConfig,
    pub(crate) location: &'a str,
    pub(crate) project: &'a str,
    pub(crate) session: Session,
    pub(crate) last: Option<LastRows>,
}

/// What a text would do, without doing it.
///
/// # Errors
/// What is wrong with it. Of a script only the syntax is checked: later statements may need what
/// earlier ones make.
pub(crate) fn dry_run(
    connection: &Connection,
    catalog: &Catalog,
    config: &QueryConfig,
    project: &str,
    location: &str,
) -> Result<Output, BqError> {
    let steps = sql::read(&config.sql)?;
    let Some((statement, text, session)) = sql::only_statement(&steps) else {
        return Ok(Output { effect: Box::new(Effect::of("SCRIPT")), ..Output::default() });
    };
    let scope = Scope {
        catalog,
        project,
        default_dataset: config.default_dataset.as_ref(),
        parameters: &config.parameters,
        session: &session,
    };
    if let Some((query, text, _)) = sql::only_query(&steps) {
        let plan = query::plan(connection, query, text, &scope, location)?;
        return Ok(Output { fields: plan.fields, bytes: plan.bytes, ..Output::default() });
    }
    if let Some(change) = sql::change(statement, &scope)? {
        query::check_location(catalog, &change.reads, location)?;
        connection.prepare(&change.sql).map_err(|error| sql::from_duckdb(&error))?;
        let effect = Box::new(Effect::of(changes::name(change.kind)));
        return Ok(Output { effect, ..Output::default() });
    }
    sql::definition(statement, text, &scope)?;
    Ok(Output::default())
}

impl Runner<'_> {
    /// Runs a text that is one statement, or a script.
    ///
    /// # Errors
    /// The error of the first statement that fails; those before it stay done.
    pub(crate) fn run(&mut self, steps: &[Step], finish: Finish<'_>) -> Result<Effect, BqError> {
        let result = match sql::only_statement(steps) {
            Some((statement, text, session)) => {
                self.session = session;
                self.statement(statement, text, finish)
            }
            None => self.script(steps, finish),
        };
        self.forget();
        result
    }

    fn statement(
        &mut self,
        statement: &Statement,
        text: &str,
        finish: Finish<'_>,
    ) -> Result<Effect, BqError> {
        self.job.stopped().map_or(Ok(()), Err)?;
        let catalog = self.warehouse.catalog();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the parser knows many statements")]
        match statement {
            Statement::Query(query) => return self.select(query, text),
            Statement::CreateTable(create) => {
                if let Some(query) = &create.query {
                    let default = self.config.default_dataset.as_ref();
                    let table = sql::create_as_of(create, self.project, default)?;
                    return self.create_as(Destination::made_by(table), query, text, finish);
                }
            }
            Statement::CreateFunction(create) => {
                sql::define(create, &mut self.session)?;
                return Ok(Effect::of("CREATE_FUNCTION"));
            }
            _ => {}
        }
        let scope = self.scope(&catalog);
        if let Some(change) = sql::change(statement, &scope)? {
            return self.change(&change, finish);
        }
        if let Some(definition) = sql::definition(statement, text, &scope)? {
            return self.define(definition, finish);
        }
        let word = text.split_whitespace().next().unwrap_or_default().to_uppercase();
        Err(BqError::not_implemented(format_args!("The statement {word}")))
    }

    fn scope<'b>(&'b self, catalog: &'b Catalog) -> Scope<'b> {
        Scope {
            catalog,
            project: self.project,
            default_dataset: self.config.default_dataset.as_ref(),
            parameters: &self.config.parameters,
            session: &self.session,
        }
    }

    fn plan(&self, query: &Query, text: &str) -> Result<Plan, BqError> {
        let catalog = self.warehouse.catalog();
        query::plan(self.connection, query, text, &self.scope(&catalog), self.location)
    }

    fn select(&mut self, query: &Query, text: &str) -> Result<Effect, BqError> {
        let plan = self.plan(query, text)?;
        query::run(self.connection, &plan)?;
        query::set_aside(self.connection)?;
        self.last = Some(LastRows { fields: plan.fields, bytes: plan.bytes });
        Ok(Effect::of("SELECT"))
    }

    fn create_as(
        &mut self,
        destination: Destination,
        query: &Query,
        text: &str,
        finish: Finish<'_>,
    ) -> Result<Effect, BqError> {
        let plan = self.plan(query, text)?;
        query::run(self.connection, &plan)?;
        let rows = Rows { from: RESULT, fields: &plan.fields };
        let mut effect = Effect::of("CREATE_TABLE_AS_SELECT");
        if destination.table.is_of_session() {
            self.create_temporary(&destination.table, &plan.fields, true)?;
            let columns: Vec<String> = plan.fields.iter().map(|f| quote(&f.name)).collect();
            self.connection
                .execute_batch(&format!(
                    "INSERT INTO {} SELECT {} FROM {RESULT}",
                    destination.table.duck(),
                    columns.join(", ")
                ))
                .map_err(|error| sql::from_duckdb(&error))?;
            return Ok(effect);
        }
        effect.definition = Some(("CREATE".into(), Some(destination.table.clone())));
        write::write(self.warehouse, self.connection, &destination, &rows, &|c, _| {
            finish(c, &effect)
        })?;
        Ok(effect)
    }

    fn create_temporary(
        &mut self,
        id: &TableId,
        fields: &[Field],
        replaces: bool,
    ) -> Result<(), BqError> {
        if self.session.tables.contains_key(&id.table) && !replaces {
            return Err(BqError::already_exists(format_args!("Table {}", id.table)));
        }
        let columns: Vec<String> = fields.iter().map(Field::duck_column).collect();
        let table = id.duck();
        self.connection.execute_batch(&format!(
            "DROP TABLE IF EXISTS {table}; CREATE TEMP TABLE {table} ({})",
            columns.join(", ")
        ))?;
        let now = now_ms();
        let table = crate::catalog::Table {
            fields: fields.to_vec(),
            partitioning: None,
            created_ms: now,
            modified_ms: now,
            other: serde_json::Map::new(),
        };
        self.session.tables.insert(id.table.clone(), table);
        Ok(())
    }

    /// The connection serves other jobs afterwards.
    fn forget(&mut self) {
        let tables = self.session.tables.keys().map(|name| TableId::of_session(name).duck());
        let mut cleanup: Vec<String> =
            tables.map(|table| format!("DROP TABLE IF EXISTS {table}")).collect();
        let variables = self.session.variables.keys();
        cleanup
            .extend(variables.map(|name| format!("RESET VARIABLE {}", sql::duck_variable(name))));
        for statement in cleanup {
            // What stays is replaced when a later script makes one of the same name.
            let _ = self.connection.execute_batch(&statement);
        }
    }
}
