//! Jobs: what was asked, how far it is, what came out.

pub(crate) mod config;
pub(crate) mod ledger;
pub(crate) mod record;
pub(crate) mod registry;
pub(crate) mod request;
pub(crate) mod run;
mod statements;
