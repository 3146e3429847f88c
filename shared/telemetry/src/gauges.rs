//! What is so at the moment. Whoever knows a gauge replaces all of its series at once, so that a title that is gone, or a state
//! that no task is in, has no series left over.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use opentelemetry::metrics::ObservableGauge;
use opentelemetry::{KeyValue, global};

use crate::instruments::METER;
use crate::metric::{Kind, Metric};
use crate::metrics::SECTIONS;

/// One series: its labels and its value.
pub type Series = (Vec<KeyValue>, f64);

/// What a gauge shows.
enum Shown {
    /// What somebody put there.
    Series(Vec<Series>),
    /// What it is when somebody looks.
    Value(Box<dyn Fn() -> f64 + Send>),
}

/// By name of the metric.
static BOARD: Mutex<BTreeMap<&'static str, Shown>> = Mutex::new(BTreeMap::new());

/// Replaces all series of a gauge.
pub fn replace(metric: &Metric, series: Vec<Series>) {
    show(metric, Shown::Series(series));
}

/// Sets a gauge that has no labels.
pub fn set(metric: &Metric, value: f64) {
    replace(metric, vec![(Vec::new(), value)]);
}

/// Lets a gauge without labels show what `value` says whenever somebody looks.
pub fn follow(metric: &Metric, value: impl Fn() -> f64 + Send + 'static) {
    show(metric, Shown::Value(Box::new(value)));
}

fn show(metric: &Metric, shown: Shown) {
    BOARD.lock().unwrap_or_else(PoisonError::into_inner).insert(metric.name, shown);
}

/// Lets every gauge of the contract be read from the board.
pub(crate) fn observe() -> Vec<ObservableGauge<f64>> {
    let all = SECTIONS.iter().flat_map(|(_, metrics)| *metrics);
    all.filter(|metric| metric.kind == Kind::Gauge).map(observed).collect()
}

fn observed(metric: &'static Metric) -> ObservableGauge<f64> {
    let name = metric.name;
    global::meter(METER)
        .f64_observable_gauge(name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_callback(move |observer| {
            let board = BOARD.lock().unwrap_or_else(PoisonError::into_inner);
            match board.get(name) {
                Some(Shown::Series(series)) => {
                    series.iter().for_each(|(labels, value)| observer.observe(*value, labels));
                }
                Some(Shown::Value(value)) => observer.observe(value(), &[]),
                None => {}
            }
        })
        .build()
}
