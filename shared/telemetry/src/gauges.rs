//! What is so at the moment. Whoever knows a gauge replaces all of its series at once, so that a title that is gone, or a state
//! that no task is in, has no series left over.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use opentelemetry::metrics::ObservableGauge;
use opentelemetry::{KeyValue, global};

use crate::metric::{Kind, Metric};
use crate::metrics::SECTIONS;

/// One series: its labels and its value.
pub type Series = (Vec<KeyValue>, f64);

/// By name of the metric.
static BOARD: Mutex<BTreeMap<&'static str, Vec<Series>>> = Mutex::new(BTreeMap::new());

/// Replaces all series of a gauge.
pub fn replace(metric: &Metric, series: Vec<Series>) {
    BOARD.lock().unwrap_or_else(PoisonError::into_inner).insert(metric.name, series);
}

/// Sets a gauge that has no labels.
pub fn set(metric: &Metric, value: f64) {
    replace(metric, vec![(Vec::new(), value)]);
}

/// Lets every gauge of the contract be read from the board.
pub(crate) fn observe() -> Vec<ObservableGauge<f64>> {
    let all = SECTIONS.iter().flat_map(|(_, metrics)| *metrics);
    all.filter(|metric| metric.kind == Kind::Gauge).map(observed).collect()
}

fn observed(metric: &'static Metric) -> ObservableGauge<f64> {
    let name = metric.name;
    global::meter("himekuri")
        .f64_observable_gauge(name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_callback(move |observer| {
            let board = BOARD.lock().unwrap_or_else(PoisonError::into_inner);
            for (labels, value) in board.get(name).into_iter().flatten() {
                observer.observe(*value, labels);
            }
        })
        .build()
}
