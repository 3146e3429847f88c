//! `configuration.extract`.

use serde_json::Value;

use super::copy::Source;
use super::load::one_character;
use super::missing;
use crate::buckets::Uri;
use crate::error::BqError;

/// What an extract job reads, and the files that it writes.
#[derive(Debug, Clone)]
pub(crate) struct ExtractConfig {
    pub(crate) source: Source,
    /// With `*` where the number of a file goes.
    pub(crate) uri: Uri,
    pub(crate) format: ExtractFormat,
    /// `compression: GZIP`.
    pub(crate) gzip: bool,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtractFormat {
    Csv {
        delimiter: char,
        /// Whether the first line holds the names of the columns.
        header: bool,
    },
    /// One JSON object a line.
    Json,
}

impl ExtractConfig {
    pub(super) fn parse(config: &Value, project: &str) -> Result<Self, BqError> {
        if !config["sourceTable"].is_object() {
            return Err(missing("configuration.extract.sourceTable"));
        }
        let path = "configuration.extract.sourceTable";
        let source = Source::parse(&config["sourceTable"], project, path)?;
        let format = match config["destinationFormat"].as_str().unwrap_or("CSV") {
            "CSV" => ExtractFormat::Csv {
                delimiter: match config["fieldDelimiter"].as_str() {
                    None => ',',
                    Some("\\t" | "tab") => '\t',
                    Some(text) => one_character("fieldDelimiter", text)?,
                },
                header: config["printHeader"] != Value::Bool(false),
            },
            "NEWLINE_DELIMITED_JSON" => ExtractFormat::Json,
            other => return Err(BqError::not_implemented(format_args!("An extract as {other}"))),
        };
        let gzip = match config["compression"].as_str().unwrap_or("NONE") {
            "NONE" => false,
            "GZIP" => true,
            other => return Err(BqError::not_implemented(format_args!("The compression {other}"))),
        };
        let uris = config["destinationUris"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut uris: Vec<&str> = uris.iter().filter_map(Value::as_str).collect();
        uris.extend(config["destinationUri"].as_str());
        let uri = match uris.as_slice() {
            [uri] => Uri::parse(uri)?,
            [] => return Err(missing("configuration.extract.destinationUris")),
            _ => return Err(BqError::not_implemented("An extract with more than one pattern")),
        };
        Ok(Self { source, uri, format, gzip })
    }
}
