//! The local BigQuery: a REST endpoint over an embedded SQL engine.

mod buckets;
mod bytes;
mod calls;
mod catalog;
mod cells;
mod copy;
mod duck;
mod error;
mod extract;
mod faults;
mod ids;
mod insert_ids;
mod jobs;
mod load;
mod partition;
mod partitions;
mod query;
mod ranges;
mod rest;
mod schema;
mod serve;
mod sql;
mod statements;
mod udf;
mod warehouse;
mod write;

pub use buckets::Buckets;
pub use faults::{FaultsError, Setup as FaultsSetup};
pub use serve::serve;
pub use warehouse::{OpenError, Setup, Warehouse};
