//! The local BigQuery: a REST endpoint over an embedded SQL engine.

mod bytes;
mod catalog;
mod cells;
mod duck;
mod error;
mod ids;
mod jobs;
mod load;
mod partition;
mod partitions;
mod query;
mod rest;
mod schema;
mod sql;
mod statements;
mod udf;
mod warehouse;
mod write;

pub use rest::router;
pub use warehouse::{OpenError, Warehouse};
