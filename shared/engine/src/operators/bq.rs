//! The operators of BigQuery and Cloud Storage (digdag `S/operator/gcp`): parameters become jobs with an id of our own
//! (design D5), changes of tables, or something to wait for.

mod ddl;
mod extract;
mod job;
mod load;
mod names;
mod query;
mod query_parameters;
mod schema;
mod settings;
mod wait;

pub(crate) use ddl::ddl;
pub(crate) use extract::extract_job;
pub(crate) use load::load_job;
pub(crate) use query::query_job;
pub(crate) use wait::{object_wait, table_wait};
