//! A job's `configuration`, read once and checked before the job exists.

mod copy;
mod extract;
mod load;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::TimePartitioning;
use crate::error::{BqError, Reason};
use crate::ids::{DatasetId, TableId};
use crate::partition::split_decorator;
use crate::ranges;
use crate::sql::{self, CreateAs};

pub(crate) use copy::CopyConfig;
pub(crate) use extract::{ExtractConfig, ExtractFormat};
pub(crate) use load::{CsvDialect, Encoding, LoadConfig, SourceFormat};

/// What a job does.
#[derive(Debug, Clone)]
pub(crate) enum JobKind {
    /// SELECT, with or without a destination.
    Query(Box<QueryConfig>),
    /// Rows of an upload, or of files in buckets.
    Load(Box<LoadConfig>),
    /// Tables, or partitions of them, into a table.
    Copy(Box<CopyConfig>),
    /// A table into files of a bucket.
    Extract(Box<ExtractConfig>),
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
    /// `schemaUpdateOptions: ALLOW_FIELD_RELAXATION`.
    pub(crate) required_fields: RequiredFields,
    /// What happens to a table of that name.
    pub(crate) table_change: TableChange,
    /// Clustering, ranges and properties of a table that has to be created.
    pub(crate) other: Map<String, Value>,
    /// Arrival times of rows in an ingestion-time table.
    pub(crate) arrival: Arrival,
}

/// Which `_PARTITIONTIME` new rows get in an ingestion-time table without decorator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// That of now.
    Now,
    /// Their own: the rows carry it.
    Kept,
}

/// What happens to required columns of the table that the new rows may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequiredFields {
    Kept,
    Relaxed,
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

    /// A destination that must exist.
    pub(crate) fn into_table(
        table: TableId,
        decorator: Option<&str>,
        write: WriteDisposition,
    ) -> Self {
        Self {
            table,
            decorator: decorator.map(str::to_owned),
            write,
            create: CreateDisposition::Never,
            partitioning: None,
            new_fields: NewFields::Refused,
            required_fields: RequiredFields::Kept,
            table_change: TableChange::Kept,
            other: Map::new(),
            arrival: Arrival::Now,
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
            required_fields: RequiredFields::Kept,
            table_change,
            other: create.other,
            arrival: Arrival::Now,
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
        let has = |name: &str| options.is_some_and(|all| all.iter().any(|one| one == name));
        let relaxes = has("ALLOW_FIELD_RELAXATION");
        Ok(Some(Self {
            table: TableId::new(project, dataset, table)?,
            decorator: decorator.map(str::to_owned),
            write: optional(config, "writeDisposition")?.unwrap_or(default),
            create: optional(config, "createDisposition")?.unwrap_or(CreateDisposition::IfNeeded),
            partitioning: optional(config, "timePartitioning")?,
            new_fields: match has("ALLOW_FIELD_ADDITION") {
                true => NewFields::Added,
                false => NewFields::Refused,
            },
            required_fields: if relaxes { RequiredFields::Relaxed } else { RequiredFields::Kept },
            table_change: TableChange::Kept,
            other: properties(config)?,
            arrival: Arrival::Now,
        }))
    }
}

/// What is kept of a destination that has to be created, beside its partitions in time.
fn properties(config: &Value) -> Result<Map<String, Value>, BqError> {
    let mut other = Map::new();
    if config["clustering"].is_object() {
        other.insert("clustering".into(), config["clustering"].clone());
    }
    if config["rangePartitioning"].is_object() {
        if config["timePartitioning"].is_object() {
            let why = "Only one of timePartitioning and rangePartitioning should be specified";
            return Err(BqError::invalid(why));
        }
        ranges::Ranges::parse(&config["rangePartitioning"])?;
        other.insert(ranges::KEY.into(), config["rangePartitioning"].clone());
    }
    for key in ["description", "friendlyName", "labels"] {
        let value = &config["destinationTableProperties"][key];
        if !value.is_null() {
            other.insert(key.into(), value.clone());
        }
    }
    Ok(other)
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
            return LoadConfig::parse(&configuration["load"], project)
                .map(|load| Self::Load(Box::new(load)));
        }
        if configuration["copy"].is_object() {
            return CopyConfig::parse(&configuration["copy"], project)
                .map(|copy| Self::Copy(Box::new(copy)));
        }
        if configuration["extract"].is_object() {
            return ExtractConfig::parse(&configuration["extract"], project)
                .map(|extract| Self::Extract(Box::new(extract)));
        }
        Err(BqError::new(
            Reason::Required,
            "Required parameter is missing: job configuration must contain exactly one job-specific \
             configuration object (e.g., query, load, extract, copy)",
        ))
    }

    /// The destination, if the caller named one.
    pub(crate) fn destination(&self) -> Option<&Destination> {
        match self {
            Self::Query(query) => query.destination.as_ref(),
            Self::Load(load) => Some(&load.destination),
            Self::Copy(copy) => Some(&copy.destination),
            Self::Extract(_) => None,
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

/// A whole number, which Google writes as a number or as text.
fn integer(config: &Value, key: &str) -> Result<Option<i64>, BqError> {
    let value = &config[key];
    if value.is_null() {
        return Ok(None);
    }
    let number = value.as_str().map_or_else(|| value.as_i64(), |text| text.parse().ok());
    number.map(Some).ok_or_else(|| BqError::invalid(format!("Invalid value for: {key}: {value}")))
}

fn missing(path: &str) -> BqError {
    BqError {
        reason: Reason::Required,
        message: format!("Required parameter is missing: {path}"),
        location: Some(path.into()),
    }
}
