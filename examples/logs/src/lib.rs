//! Raw logs of an invented game: the input of the marts under `examples/`.
//!
//! A day of logs depends on the seed, the title, the number of players and the date, and on nothing
//! else. So a range can be extended later, a day can be loaded again (it replaces itself), and a
//! result can be checked against a second computation over the same files.
//!
//! | Module | Holds |
//! |---|---|
//! | [`day`] | days in UTC and in Japan |
//! | [`table`] | the four log tables and their schemas |
//! | [`generate`] | the rows of one table and one UTC day |
//! | [`folder`] | writes them to files |
//! | [`load`] | loads them into BigQuery, or into the local warehouse |

pub mod day;
pub mod folder;
pub mod generate;
pub mod load;
pub mod table;

mod catalog;
mod draw;
mod player;
pub mod progress;
mod rows;
mod session;

pub use day::{Day, DayError};
pub use generate::{Battles, Logs, Title};
pub use progress::{Progress, Silent};
pub use table::Table;
