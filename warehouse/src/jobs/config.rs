//! A job's `configuration`, read once and checked before the job exists.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::TimePartitioning;
use crate::error::{BqError, Reason};
use crate::ids::{DatasetId, TableId};
use crate::partition::split_decorator;
use crate::schema::Field;
use crate::sql::{self, CreateAs};

/// What a job does.
#[derive(Debug, Clone)]
pub(crate) enum JobKind {
    /// SELECT, with or without a destination.
    Query(Box<QueryConfig>),
    /// Rows of an upload.
    Load(Box<LoadConfig>),
}

/// `configuration.query`.
#[derive(Debug, Clone)]
pub(crate) struct QueryConfig {
    pub(crate) sql: String,
    pub(crate) destination: Option<Destination>,
    pub(crate) default_dataset: Option<DatasetId>,
    pub(crate) parameters: Vec<Value>,
    /// `maximumBytesBilled`.
    pub(crate) bytes_max: Option<i64>,
}

/// `configuration.load`.
#[derive(Debug, Clone)]
pub(crate) struct LoadConfig {
    pub(crate) destination: Destination,
    /// Columns; when missing, those of the table.
    pub(crate) fields: Option<Vec<Field>>,
    pub(crate) ignore_unknown: bool,
}

/// Where rows go and what happens to those that are there.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) table: TableId,
    /// Digits after `$`.
    pub(crate) decorator: Option<String>,
    pub(crate) write: WriteDisposition,
    pub(crate) create: CreateDisposition,
    /// Partitions of a table that has to be created.
    pub(crate) partitioning: Option<TimePartitioning>,
    /// `schemaUpdateOptions: ALLOW_FIELD_ADDITION`.
    pub(crate) new_fields: NewFields,
    /// What happens to a table of that name.
    pub(crate) table_change: TableChange,
    /// Description, labels, clustering of a table that has to be created.
    pub(crate) other: Map<String, Value>,
}

/// What a job does to a table that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableChange {
    /// It stays; so the dispositions decide.
    Kept,
    /// `CREATE OR REPLACE TABLE`: it is made anew, with its partitioning.
    Replaced,
    /// `CREATE TABLE`: there must be none.
    Refused,
    /// `CREATE TABLE IF NOT EXISTS`: with one, nothing is done.
    Skipped,
}

/// What happens to the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum WriteDisposition {
    /// They are replaced, with the schema of the new ones when the whole table is meant.
    #[serde(rename = "WRITE_TRUNCATE")]
    Truncate,
    /// They are replaced, the schema stays.
    #[serde(rename = "WRITE_TRUNCATE_DATA")]
    TruncateData,
    /// They stay.
    #[serde(rename = "WRITE_APPEND")]
    Append,
    /// There must be none.
    #[serde(rename = "WRITE_EMPTY")]
    Empty,
}

/// Whether a missing table is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum CreateDisposition {
    #[serde(rename = "CREATE_IF_NEEDED")]
    IfNeeded,
    #[serde(rename = "CREATE_NEVER")]
    Never,
}

/// Whether columns that the table lacks are added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewFields {
    Refused,
    Added,
}

impl Destination {
    /// The destination with its decorator, as BigQuery's messages name it.
    pub(crate) fn name(&self) -> String {
        match &self.decorator {
            Some(decorator) => format!("{}${decorator}", self.table),
            None => self.table.to_string(),
        }
    }

    /// What `CREATE TABLE … AS SELECT` asks for.
    pub(crate) fn made_by(create: CreateAs) -> Self {
        let (write, table_change) = match (create.replaces, create.if_missing) {
            (true, _) => (WriteDisposition::Truncate, TableChange::Replaced),
            (false, true) => (WriteDisposition::Empty, TableChange::Skipped),
            (false, false) => (WriteDisposition::Empty, TableChange::Refused),
        };
        Self {
            table: create.table,
            decorator: None,
            write,
            create: CreateDisposition::IfNeeded,
            partitioning: create.partitioning,
            new_fields: NewFields::Refused,
            table_change,
            other: create.other,
        }
    }

    fn parse(
        config: &Value,
        default_project: &str,
        default: WriteDisposition,
    ) -> Result<Option<Self>, BqError> {
        let reference = &config["destinationTable"];
        if reference.is_null() {
            return Ok(None);
        }
        let project = reference["projectId"].as_str().unwrap_or(default_project);
        let dataset = required(reference, "datasetId", "destinationTable.datasetId")?;
        let (table, decorator) =
            split_decorator(required(reference, "tableId", "destinationTable.tableId")?);
        let options = config["schemaUpdateOptions"].as_array();
        let adds = options.is_some_and(|all| all.iter().any(|one| one == "ALLOW_FIELD_ADDITION"));
        Ok(Some(Self {
            table: TableId::new(project, dataset, table)?,
            decorator: decorator.map(str::to_owned),
            write: optional(config, "writeDisposition")?.unwrap_or(default),
            create: optional(config, "createDisposition")?.unwrap_or(CreateDisposition::IfNeeded),
            partitioning: optional(config, "timePartitioning")?,
            new_fields: if adds { NewFields::Added } else { NewFields::Refused },
            table_change: TableChange::Kept,
            other: Map::new(),
        }))
    }
}

impl JobKind {
    /// Reads `configuration` of a job of this project.
    ///
    /// # Errors
    /// `invalid` or `required` with the path of the field; `notImplemented` for other kinds of jobs.
    pub(crate) fn parse(configuration: &Value, project: &str) -> Result<Self, BqError> {
        if configuration["query"].is_object() {
            let config = &configuration["query"];
            if config["useLegacySql"] == Value::Bool(true) {
                return Err(BqError::not_implemented("Legacy SQL"));
            }
            let default_dataset = match config["defaultDataset"]["datasetId"].as_str() {
                Some(dataset) => {
                    let of = config["defaultDataset"]["projectId"].as_str().unwrap_or(project);
                    Some(DatasetId::new(of, dataset)?)
                }
                None => None,
            };
            let sql = required(config, "query", "configuration.query.query")?;
            let destination = Destination::parse(config, project, WriteDisposition::Empty)?;
            let create = sql::create_as(sql, project, default_dataset.as_ref())?;
            let destination = match (create, destination) {
                (Some(_), Some(_)) => {
                    let why = "Cannot set destination table in jobs with DDL statements";
                    return Err(BqError::new(Reason::InvalidQuery, why));
                }
                (Some(create), None) => Some(Destination::made_by(create)),
                (None, destination) => destination,
            };
            return Ok(Self::Query(Box::new(QueryConfig {
                sql: sql.to_owned(),
                destination,
                default_dataset,
                bytes_max: config["maximumBytesBilled"].as_str().and_then(|text| text.parse().ok()),
                parameters: config["queryParameters"].as_array().cloned().unwrap_or_default(),
            })));
        }
        if configuration["load"].is_object() {
            return Self::parse_load(&configuration["load"], project);
        }
        if configuration["copy"].is_object() || configuration["extract"].is_object() {
            return Err(BqError::not_implemented("A copy or extract job"));
        }
        Err(BqError::new(
            Reason::Required,
            "Required parameter is missing: job configuration must contain exactly one job-specific \
             configuration object (e.g., query, load, extract, copy)",
        ))
    }

    fn parse_load(config: &Value, project: &str) -> Result<Self, BqError> {
        let format = config["sourceFormat"].as_str().unwrap_or("CSV");
        if format != "NEWLINE_DELIMITED_JSON" {
            return Err(BqError::not_implemented(format_args!("Loading {format}")));
        }
        if config["sourceUris"].as_array().is_some_and(|uris| !uris.is_empty()) {
            return Err(BqError::not_implemented("Loading from Cloud Storage"));
        }
        let destination = Destination::parse(config, project, WriteDisposition::Append)?
            .ok_or_else(|| missing("configuration.load.destinationTable"))?;
        Ok(Self::Load(Box::new(LoadConfig {
            destination,
            fields: optional(&config["schema"], "fields")?,
            ignore_unknown: config["ignoreUnknownValues"] == Value::Bool(true),
        })))
    }

    /// The destination, if the caller named one.
    pub(crate) fn destination(&self) -> Option<&Destination> {
        match self {
            Self::Query(query) => query.destination.as_ref(),
            Self::Load(load) => Some(&load.destination),
        }
    }
}

fn optional<T: for<'de> Deserialize<'de>>(object: &Value, key: &str) -> Result<Option<T>, BqError> {
    let value = &object[key];
    if value.is_null() {
        return Ok(None);
    }
    T::deserialize(value)
        .map(Some)
        .map_err(|error| BqError::invalid(format!("Invalid value for: {key}: {error}")))
}

/// A text that must be there.
///
/// # Errors
/// `required` with the field's path.
pub(crate) fn required<'a>(object: &'a Value, key: &str, path: &str) -> Result<&'a str, BqError> {
    object[key].as_str().filter(|text| !text.is_empty()).ok_or_else(|| missing(path))
}

fn missing(path: &str) -> BqError {
    BqError {
        reason: Reason::Required,
        message: format!("Required parameter is missing: {path}"),
        location: Some(path.into()),
    }
}
