//! What a program tells is what the contract says: names, kinds, labels.

use himekuri_telemetry::export::{Settings, start};
use himekuri_telemetry::metrics::SECTIONS;
use himekuri_telemetry::{KeyValue, Kind, counter, gauges, histogram};

#[tokio::test]
async fn every_metric_comes_under_its_name_with_its_labels_and_without_what_is_gone() {
    let settings = Settings {
        service: "himekuri-test",
        version: "0.0.0",
        instance: "one".to_owned(),
        otlp: None,
        otlp_metrics: false,
    };
    let telemetry = start(settings, tokio::runtime::Handle::current()).unwrap();
    let all: Vec<_> = SECTIONS.iter().flat_map(|(_, metrics)| *metrics).collect();

    for metric in &all {
        let labels: Vec<KeyValue> =
            metric.labels.iter().map(|label| KeyValue::new(*label, "x")).collect();
        match metric.kind {
            Kind::Counter => counter(metric).add(1, &labels),
            Kind::Histogram(_) => histogram(metric).record(0.5, &labels),
            Kind::Gauge => gauges::replace(metric, vec![(labels, 1.5)]),
        }
    }

    let text = telemetry.prometheus_text().unwrap();
    for metric in &all {
        let name = metric.prometheus_name();
        let line = format!("# TYPE {name} {}", metric.kind.name());
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        let series = text.lines().find(|line| line.starts_with(&name)).unwrap();
        for label in metric.labels {
            assert!(series.contains(&format!("{}=\"x\"", label.replace('.', "_"))), "{series}");
        }
    }
    assert!(text.contains("service_instance_id=\"one\""), "{text}");
    let gauge = all.iter().find(|metric| metric.kind == Kind::Gauge).unwrap();
    gauges::replace(gauge, Vec::new());
    let series = format!("\n{}{{", gauge.prometheus_name());
    assert!(!telemetry.prometheus_text().unwrap().contains(&series));
}
