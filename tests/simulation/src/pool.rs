//! What the programs of the pool get in place of RabbitMQ, Redis and BigQuery.

mod broker;
mod jobs;
mod store;

pub(crate) use broker::SimBroker;
pub(crate) use jobs::{FAILURES_MAX, SimJobs};
pub(crate) use store::SimStore;
