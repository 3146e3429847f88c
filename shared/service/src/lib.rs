//! What every program of the pool does the same way: logs, signals, one error at the end.

mod failure;
mod logs;
mod stop;

pub use failure::report;
pub use logs::{LogFormat, init_logs};
pub use stop::stop_on_signal;
