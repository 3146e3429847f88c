//! The operators that run on workers: one file each, one function each, an outcome as the value.

pub(crate) mod bq;
pub(crate) mod bq_ddl;
pub(crate) mod echo;
pub(crate) mod http_call;
pub(crate) mod waits;
