//! The whole pool as processes, on a real RabbitMQ and Redis: what the tests in `tests/` share.
//!
//! The programs come from the target folder that these tests were built into; `make test` builds them first.

pub mod chaos;
mod clock;
mod collector;
mod pool;
mod process;
mod prometheus;
mod proxy;
mod wait;
mod warehouse;

pub use clock::Clock;
pub use collector::{Collector, ReceivedSpan};
pub use pool::{Pool, Task};
pub use process::{Process, Signal, program, repository};
pub use prometheus::{Questioner, Rule, Series, Target};
pub use proxy::{Proxy, Side};
pub use wait::until;
pub use warehouse::{Execution, FullJob, Job, Partition, Times, WarehouseProcess};
