//! Chaos: the whole pool as processes under load, while one kind of fault strikes again and again.
//!
//! Each [`Scenario`] has its own RabbitMQ, Redis and warehouse, two coordinators and three workers. A seed draws what is started,
//! what is killed and when faults strike. Then everything is healed, all attempts have to end, and the ledger counts
//! what must never happen ([`Counters`]). It trusts the warehouse's own times and executions, and not what the programs
//! say of themselves.
//!
//! | Module | Holds |
//! |---|---|
//! | `scenario` | which faults belong together |
//! | `run` | one scenario from start to verdict |
//! | `rig` | servers, links and processes of a scenario |
//! | `supervisor` | starts a process again whenever it ends, as Kubernetes would |
//! | `link` | a TCP proxy that cuts, swallows, holds and slows |
//! | `faults` | strikes and heals |
//! | `client` | calls of the API, at whichever coordinator answers |
//! | `workload` | starts, backfills and kills |
//! | `watch` | what the API tells while all this goes on |
//! | `prepared` | logs, and what a quiet run makes of them |
//! | `evidence`, `ledger` | what is there at the end, and what is wrong with it |
//! | `report` | the table, and JSON |

mod client;
mod evidence;
mod faults;
mod ledger;
mod link;
mod prepared;
mod report;
mod rig;
mod run;
mod scenario;
mod supervisor;
mod watch;
mod workload;

pub use ledger::Counters;
pub use prepared::Prepared;
pub use report::{json, table};
pub use run::{Outcome, Settings, run};
pub use scenario::Scenario;

/// The titles of the workload; both are under `examples/`.
const TITLES: [&str; 2] = ["title_a", "title_b"];

/// The workflow of each title.
const WORKFLOW: &str = "summary";

/// The tables that a session writes, each for each of its dates.
const MARTS: [&str; 5] = ["access", "consume", "install", "session", "battle"];

/// The GCP project of a title.
fn gcp_project(title: &str) -> String {
    title.replace('_', "-")
}
