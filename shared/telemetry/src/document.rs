//! The contract as a page for people.

use std::fmt::Write as _;

use crate::metric::{Kind, Metric};
use crate::metrics::SECTIONS;

const HEAD: &str = "\
# Metrics

Every program of the pool answers `GET /metrics` for Prometheus, and sends the same by OTLP if it is told where to. The tables are
made from `shared/telemetry/src/metrics.rs`; after a change there, run
`HIMEKURI_BLESS=1 cargo test -p himekuri-telemetry`.

Labels have few values: titles, workflows, marts (`dataset.table`), and fixed words. No metric has a date, an attempt or a task in a
label: those stand in logs and traces. Counters start at 0 with each process; `rate()` and `increase()` know that.
";

/// What the exporter for Prometheus tells by itself.
const PROGRAMS: &str = "
## Programs

| Prometheus | OpenTelemetry | Kind, unit | Labels | Says |
|---|---|---|---|---|
| `target_info` | attributes of the resource | gauge, `1` | `service_name` `service_namespace` `service_version` `service_instance_id` `telemetry_sdk_language` `telemetry_sdk_name` `telemetry_sdk_version` | 1; which program this is, of which version, and its name |
";

/// `docs/metrics.md`.
#[must_use]
pub fn document() -> String {
    let mut page = HEAD.to_owned();
    for (title, metrics) in SECTIONS {
        // Writing to a string does not fail.
        let _ = write!(
            page,
            "\n## {title}\n\n| Prometheus | OpenTelemetry | Kind, unit | Labels | Says |\n|---|---|---|---|---|\n"
        );
        for metric in *metrics {
            page.push_str(&row(metric));
        }
    }
    page.push_str(PROGRAMS);
    page
}

fn row(metric: &Metric) -> String {
    let labels: Vec<String> =
        metric.labels.iter().map(|label| format!("`{}`", label.replace('.', "_"))).collect();
    let behind = if matches!(metric.kind, Kind::Histogram(_)) { "_bucket" } else { "" };
    format!(
        "| `{}{behind}` | `{}` | {}, `{}` | {} | {} |\n",
        metric.prometheus_name(),
        metric.name,
        metric.kind.name(),
        metric.unit,
        labels.join(" "),
        metric.description,
    )
}
