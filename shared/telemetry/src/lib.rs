//! What the pool tells about itself. `metrics.rs` is the contract; nothing else names a metric.

mod document;
mod metric;
pub mod metrics;

pub use document::document;
pub use metric::{Kind, Metric};
