//! The operators and their options: one table.
//!
//! Source: digdag's operator factories (`BqOperatorFactory`, `BqLoadOperatorFactory`,
//! `BqExtractOperatorFactory`, `BqDdlOperatorFactory`, `GcsWaitOperatorFactory`,
//! `HttpCallOperatorFactory` and those of the control flow), and BigQuery's REST reference for the closed sets of words.

/// What an option may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Anything, or a form that only run time can judge.
    Any,
    /// `true` or `false`, also as text.
    Boolean,
    /// A whole number, also as text.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or one that BigQuery has added since.
    KnownWord(&'static [&'static str]),
    /// A list of these words.
    Words(&'static [&'static str]),
    /// A mapping, or the path of a file.
    MappingOrFile,
}

/// An option.
#[derive(Clone, Copy, Debug)]
pub(super) struct OperatorOption {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// The operator cannot run without it.
    pub(super) required: bool,
}

/// An operator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operator {
    pub(super) name: &'static str,
    pub(super) options: &'static [OperatorOption],
    /// Key under which `_export` may hold defaults for all options: `bq` for `bq_load>`.
    pub(super) family: Option<&'static str>,
    /// Whether something must stand behind the `:` of the operator, and what.
    pub(super) command: Option<&'static str>,
}

const fn option(name: &'static str, form: Form) -> OperatorOption {
    OperatorOption { name, form, required: false }
}

const fn required(name: &'static str, form: Form) -> OperatorOption {
    OperatorOption { name, form, required: true }
}

const CREATE: Form = Form::Word(&["CREATE_IF_NEEDED", "CREATE_NEVER"]);
const WRITE: Form =
    Form::Word(&["WRITE_TRUNCATE", "WRITE_TRUNCATE_DATA", "WRITE_APPEND", "WRITE_EMPTY"]);
const PRIORITY: Form = Form::Word(&["INTERACTIVE", "BATCH"]);
const RERUN_ON: Form = Form::Word(&["none", "failed", "all"]);
const SOURCE_FORMAT: Form = Form::KnownWord(&[
    "CSV",
    "NEWLINE_DELIMITED_JSON",
    "AVRO",
    "PARQUET",
    "ORC",
    "DATASTORE_BACKUP",
    "GOOGLE_SHEETS",
    "BIGTABLE",
]);
const DESTINATION_FORMAT: Form =
    Form::KnownWord(&["CSV", "NEWLINE_DELIMITED_JSON", "AVRO", "PARQUET"]);
const COMPRESSION: Form = Form::KnownWord(&["NONE", "GZIP", "SNAPPY", "DEFLATE", "ZSTD"]);
const ENCODING: Form =
    Form::Word(&["UTF-8", "ISO-8859-1", "UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE"]);
const SCHEMA_UPDATE: Form = Form::Words(&["ALLOW_FIELD_ADDITION", "ALLOW_FIELD_RELAXATION"]);

/// Operators whose options are known, by name.
pub(super) const TABLE: &[Operator] = &[
    Operator {
        name: "bq",
        options: &[
            option("query", Form::Any),
            option("dataset", Form::Any),
            option("destination_table", Form::Any),
            option("location", Form::Any),
            option("create_disposition", CREATE),
            option("write_disposition", WRITE),
            option("priority", PRIORITY),
            option("use_legacy_sql", Form::Boolean),
            option("use_query_cache", Form::Boolean),
            option("allow_large_results", Form::Boolean),
            option("flatten_results", Form::Boolean),
            option("maximum_billing_tier", Form::Number),
            option("table_definitions", Form::Any),
            option("user_defined_function_resources", Form::Any),
            // Ours, here and below.
            option("query_parameters", Form::Any),
            option("maximum_bytes_billed", Form::Any),
            option("time_partitioning", Form::Any),
            option("range_partitioning", Form::Any),
            option("clustering", Form::Any),
            option("schema_update_options", SCHEMA_UPDATE),
            option("labels", Form::Any),
            option("reservation", Form::Any),
        ],
        family: Some("bq"),
        command: None,
    },
    Operator {
        name: "bq_load",
        options: &[
            required("destination_table", Form::Any),
            option("dataset", Form::Any),
            option("location", Form::Any),
            option("schema", Form::MappingOrFile),
            option("create_disposition", CREATE),
            option("write_disposition", WRITE),
            option("source_format", SOURCE_FORMAT),
            option("field_delimiter", Form::Any),
            option("skip_leading_rows", Form::Number),
            option("encoding", ENCODING),
            option("quote", Form::Any),
            option("max_bad_records", Form::Number),
            option("allow_quoted_newlines", Form::Boolean),
            option("allow_jagged_rows", Form::Boolean),
            option("ignore_unknown_values", Form::Boolean),
            option("projection_fields", Form::Any),
            option("autodetect", Form::Boolean),
            option("schema_update_options", SCHEMA_UPDATE),
            option("null_marker", Form::Any),
            option("time_partitioning", Form::Any),
            option("range_partitioning", Form::Any),
            option("clustering", Form::Any),
            option("hive_partitioning_options", Form::Any),
            option("labels", Form::Any),
            option("reservation", Form::Any),
        ],
        family: Some("bq"),
        command: Some("a `gs://` address or a list of them"),
    },
    Operator {
        name: "bq_extract",
        options: &[
            required("destination", Form::Any),
            option("dataset", Form::Any),
            option("location", Form::Any),
            option("print_header", Form::Boolean),
            option("field_delimiter", Form::Any),
            option("destination_format", DESTINATION_FORMAT),
            option("compression", COMPRESSION),
            option("use_avro_logical_types", Form::Boolean),
            option("labels", Form::Any),
            option("reservation", Form::Any),
        ],
        family: Some("bq"),
        command: Some("the table to extract"),
    },
    Operator {
        name: "bq_ddl",
        options: &[
            option("dataset", Form::Any),
            option("location", Form::Any),
            option("create_datasets", Form::Any),
            option("empty_datasets", Form::Any),
            option("delete_datasets", Form::Any),
            option("create_tables", Form::Any),
            option("empty_tables", Form::Any),
            option("delete_tables", Form::Any),
        ],
        family: Some("bq"),
        command: None,
    },
    Operator {
        name: "bq_wait",
        options: &[
            option("dataset", Form::Any),
            option("location", Form::Any),
            option("table", Form::Any),
        ],
        family: Some("bq"),
        command: None,
    },
    Operator {
        name: "gcs_wait",
        options: &[option("bucket", Form::Any), option("object", Form::Any)],
        family: Some("gcs"),
        command: None,
    },
    Operator { name: "call", options: &[], family: None, command: Some("the `.dig` file to call") },
    Operator {
        name: "require",
        options: &[
            option("session_time", Form::Any),
            option("project_id", Form::Any),
            option("project_name", Form::Any),
            option("rerun_on", RERUN_ON),
            option("ignore_failure", Form::Boolean),
            option("params", Form::Any),
            option("retry_attempt_name", Form::Any),
        ],
        family: None,
        command: Some("the workflow that must have run"),
    },
    Operator {
        name: "loop",
        options: &[option("count", Form::Number)],
        family: None,
        command: Some("the number of times, such as `loop>: 3`"),
    },
    Operator {
        name: "for_each",
        options: &[],
        family: None,
        command: Some("a mapping of variables to lists"),
    },
    Operator {
        name: "for_range",
        options: &[],
        family: None,
        command: Some("a mapping with `from`, `to` and `step` or `slices`"),
    },
    Operator { name: "if", options: &[], family: None, command: Some("a condition") },
    Operator { name: "fail", options: &[], family: None, command: Some("a message") },
    Operator { name: "echo", options: &[], family: None, command: Some("a message") },
    Operator {
        name: "http_call",
        options: &[
            option("method", Form::Any),
            option("query", Form::Any),
            option("headers", Form::Any),
            option("content", Form::Any),
            option("content_format", Form::Any),
            option("content_type", Form::Any),
            option("content_type_override", Form::Any),
            option("follow_redirects", Form::Boolean),
            option("retry", Form::Boolean),
            // digdag's, without effect here.
            option("insecure", Form::Boolean),
            option("proxy", Form::Any),
            option("store_content", Form::Boolean),
        ],
        family: Some("http"),
        command: Some("the address of a workflow"),
    },
    Operator {
        name: "wait",
        options: &[option("blocking", Form::Boolean), option("poll_interval", Form::Any)],
        family: None,
        command: Some("how long, such as `wait>: 10m`"),
    },
];

/// The operator `name`, without `>`.
pub(super) fn find(name: &str) -> Option<&'static Operator> {
    TABLE.iter().find(|operator| operator.name == name)
}
