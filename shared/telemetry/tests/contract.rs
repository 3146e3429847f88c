//! The contract keeps its own rules, and its page is the one in the repository.

use std::collections::BTreeSet;
use std::path::Path;

use himekuri_telemetry::metrics::SECTIONS;
use himekuri_telemetry::{Metric, document};

fn all() -> impl Iterator<Item = &'static Metric> {
    SECTIONS.iter().flat_map(|(_, metrics)| *metrics)
}

#[test]
fn the_page_in_the_repository_is_the_contract() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    if std::env::var_os("HIMEKURI_BLESS").is_some() {
        std::fs::write(&path, document()).unwrap();
    }

    let page = std::fs::read_to_string(path).unwrap();

    assert_eq!(page, document(), "run `HIMEKURI_BLESS=1 cargo test -p himekuri-telemetry`");
}

#[test]
fn no_name_stands_twice() {
    let names: BTreeSet<String> = all().map(Metric::prometheus_name).collect();

    assert_eq!(names.len(), all().count());
}

#[test]
fn no_label_is_a_date_an_attempt_or_a_task() {
    for metric in all() {
        for label in metric.labels {
            let is_many = ["date", "attempt", "task", "session", "job", "worker"].contains(label);
            assert!(!is_many, "{} has label {label}", metric.name);
        }
    }
}
