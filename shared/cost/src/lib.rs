//! What a plan will cost, before anything of it is sent.
//!
//! Pure: the numbers come from BigQuery's dry runs, which somebody else makes (`himekuri-bigquery`).
//!
//! - [`Bytes`], [`Usd`] and [`Price`]: amounts, and what Google's price list makes of bytes;
//! - [`shape`]: queries that differ in their dates alone, which need not all be asked about;
//! - [`Budget`]: how often a table may be changed in a day;
//! - [`Spending`]: what a title was billed in the last 24 hours.

mod amounts;
mod budget;
mod price;
mod shape;
mod spending;
mod unasked;

pub use amounts::{AmountError, Bytes, Usd};
pub use budget::{Budget, Partitioning};
pub use price::Price;
pub use shape::shape;
pub use spending::Spending;
pub use unasked::{SAMPLES, Sampled, all_agree, samples};
