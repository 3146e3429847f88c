//! `configuration.load`.

use serde_json::Value;

use super::{Destination, WriteDisposition, integer, missing, optional};
use crate::buckets::Uri;
use crate::error::BqError;
use crate::schema::Field;

/// What a load job reads, and where it goes.
#[derive(Debug, Clone)]
pub(crate) struct LoadConfig {
    pub(crate) destination: Destination,
    /// Columns; when missing, those of the table, or those that the rows show.
    pub(crate) fields: Option<Vec<Field>>,
    /// `autodetect`.
    pub(crate) detects: bool,
    pub(crate) format: SourceFormat,
    /// Files; none when the rows are uploaded.
    pub(crate) uris: Vec<Uri>,
    pub(crate) ignore_unknown: bool,
    /// Rows that may be left out.
    pub(crate) bad_max: i64,
}

/// How rows are written.
#[derive(Debug, Clone)]
pub(crate) enum SourceFormat {
    Csv(CsvDialect),
    /// One JSON object a line.
    Json,
    Parquet,
}

/// How a CSV file is written.
#[derive(Debug, Clone)]
pub(crate) struct CsvDialect {
    /// Missing: a comma, or what the first lines show when columns are detected.
    pub(crate) delimiter: Option<char>,
    /// None: no character quotes.
    pub(crate) quote: Option<char>,
    /// Missing: none, or one when columns are detected and the first line looks like their names.
    pub(crate) skip: Option<usize>,
    /// The text that means NULL.
    pub(crate) null: Option<String>,
    pub(crate) encoding: Encoding,
    /// Whether a quoted value may hold line breaks.
    pub(crate) quoted_newlines: bool,
    /// Whether columns at the end may be missing.
    pub(crate) jagged: bool,
}

/// How a text is written in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Latin1,
}

impl LoadConfig {
    pub(super) fn parse(config: &Value, project: &str) -> Result<Self, BqError> {
        let format = match config["sourceFormat"].as_str().unwrap_or("CSV") {
            "CSV" => SourceFormat::Csv(CsvDialect::parse(config)?),
            "NEWLINE_DELIMITED_JSON" => SourceFormat::Json,
            "PARQUET" => SourceFormat::Parquet,
            other => return Err(BqError::not_implemented(format_args!("Loading {other}"))),
        };
        let destination = Destination::parse(config, project, WriteDisposition::Append)?
            .ok_or_else(|| missing("configuration.load.destinationTable"))?;
        let uris = config["sourceUris"].as_array().map(Vec::as_slice).unwrap_or_default();
        let uris = uris.iter().map(|uri| Uri::parse(uri.as_str().unwrap_or_default()));
        Ok(Self {
            destination,
            fields: optional(&config["schema"], "fields")?,
            detects: config["autodetect"] == Value::Bool(true),
            format,
            uris: uris.collect::<Result<_, _>>()?,
            ignore_unknown: config["ignoreUnknownValues"] == Value::Bool(true),
            bad_max: integer(config, "maxBadRecords")?.unwrap_or(0),
        })
    }
}

impl CsvDialect {
    fn parse(config: &Value) -> Result<Self, BqError> {
        let skip = integer(config, "skipLeadingRows")?.map(usize::try_from).transpose();
        let encoding = config["encoding"].as_str().unwrap_or("UTF-8");
        Ok(Self {
            delimiter: match config["fieldDelimiter"].as_str() {
                None => None,
                Some("\\t" | "tab") => Some('\t'),
                Some(text) => Some(one_character("fieldDelimiter", text)?),
            },
            quote: match config["quote"].as_str() {
                None => Some('"'),
                Some("") => None,
                Some(text) => Some(one_character("quote", text)?),
            },
            skip: skip.map_err(|_| BqError::invalid("Invalid value for: skipLeadingRows"))?,
            null: config["nullMarker"].as_str().filter(|text| !text.is_empty()).map(str::to_owned),
            encoding: match encoding.to_ascii_uppercase().as_str() {
                "UTF-8" => Encoding::Utf8,
                "ISO-8859-1" => Encoding::Latin1,
                other => {
                    let what = format_args!("The encoding {other} (use UTF-8 or ISO-8859-1)");
                    return Err(BqError::not_implemented(what));
                }
            },
            quoted_newlines: config["allowQuotedNewlines"] == Value::Bool(true),
            jagged: config["allowJaggedRows"] == Value::Bool(true),
        })
    }
}

pub(super) fn one_character(key: &str, text: &str) -> Result<char, BqError> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(BqError::invalid(format!("Invalid value for: {key}: one character is needed"))),
    }
}
