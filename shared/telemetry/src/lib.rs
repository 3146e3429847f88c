//! What the pool tells about itself.
//!
//! `metrics.rs` is the contract: nothing else names a metric. Libraries count with the instruments made from it, which do nothing
//! until a program [starts](export::start) telemetry.

mod document;
pub mod export;
pub mod gauges;
mod instruments;
mod metric;
pub mod metrics;
mod otlp;
pub mod trace;

pub use document::document;
pub use instruments::{counter, counter_f64, followed_counter, histogram};
pub use metric::{Kind, Metric};
pub use opentelemetry::metrics::{BoundHistogram, Counter, Histogram, ObservableCounter};
pub use opentelemetry::trace::{SpanId, SpanKind, TraceId};
pub use opentelemetry::{KeyValue, StringValue};
