//! Instruments made from the contract. Until a program has [started](crate::export::start) telemetry they do nothing, so
//! libraries and tests need not care.

use opentelemetry::metrics::{Counter, Histogram, ObservableCounter};
use opentelemetry::{KeyValue, global};

use crate::metric::{Kind, Metric};

/// Name of the meter: one for the whole pool.
pub(crate) const METER: &str = "himekuri";

/// The counter of a metric. To be kept in a `LazyLock` of the module that counts.
#[must_use]
pub fn counter(metric: &Metric) -> Counter<u64> {
    let meter = global::meter(METER);
    let builder = meter.u64_counter(metric.name);
    builder.with_unit(metric.unit).with_description(metric.description).build()
}

/// The same for parts of a unit.
#[must_use]
pub fn counter_f64(metric: &Metric) -> Counter<f64> {
    let meter = global::meter(METER);
    let builder = meter.f64_counter(metric.name);
    builder.with_unit(metric.unit).with_description(metric.description).build()
}

/// The histogram of a metric, with the bounds of the contract.
#[must_use]
pub fn histogram(metric: &Metric) -> Histogram<f64> {
    let meter = global::meter(METER);
    let builder = meter.f64_histogram(metric.name);
    let builder = match metric.kind {
        Kind::Histogram(bounds) => builder.with_boundaries(bounds.to_vec()),
        Kind::Counter | Kind::Gauge => builder,
    };
    builder.with_unit(metric.unit).with_description(metric.description).build()
}

/// A counter that somebody else keeps, for what happens so often that counting it here would cost: it is read when somebody looks.
/// To be kept as long as it is to be seen.
#[must_use]
pub fn followed_counter(
    metric: &Metric,
    series: impl Fn() -> Vec<(Vec<KeyValue>, u64)> + Send + Sync + 'static,
) -> ObservableCounter<u64> {
    let meter = global::meter(METER);
    let builder = meter.u64_observable_counter(metric.name);
    let builder = builder.with_unit(metric.unit).with_description(metric.description);
    builder
        .with_callback(move |observer| {
            series().iter().for_each(|(labels, value)| observer.observe(*value, labels));
        })
        .build()
}
