//! What every program of the pool does the same way: logs, signals, logins, one error at the end.

mod failure;
mod health;
mod login;
mod logs;
mod program;
mod stop;
mod telemetry;

pub use failure::report;
pub use health::{health, metrics};
pub use login::{AmqpLogin, RedisLogin, Secret, TlsArguments, file, password_in};
pub use logs::{LogFormat, init_logs};
pub use program::run;
pub use stop::stop_on_signal;
pub use telemetry::{TelemetryArguments, shut_down};
