//! The local BigQuery: a REST endpoint over an embedded SQL engine.
