//! What the programs tell Prometheus is what `docs/metrics.md` says, and reads as Prometheus wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use himekuri_integration_tests::repository;

use crate::rig::Rig;

/// Series of histograms have these behind their names.
const HISTOGRAM: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Names and labels of all metrics.
type Contract = BTreeMap<String, BTreeSet<String>>;

/// Every way in which it is broken.
pub(crate) async fn broken(rig: &Rig) -> Vec<String> {
    let (contract, mut wrong) = (of_the_page(), BTreeSet::new());
    for (program, text) in rig.texts().await {
        wrong.extend(lint(program, &text));
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (name, labels) = series(line);
            let Some(known) = contract.get(&name) else {
                wrong.insert(format!("docs/metrics.md lacks {name} of {program}"));
                continue;
            };
            let unknown = labels.difference(known);
            wrong.extend(unknown.map(|label| format!("docs/metrics.md: {name} lacks {label}")));
        }
    }
    let told = rig.prometheus.metrics().await.unwrap();
    let told: BTreeSet<&str> = told.iter().map(|name| base(name)).collect();
    let never = contract.keys().filter(|name| !told.contains(name.as_str()));
    wrong.extend(never.map(|name| format!("nobody ever told {name}")));
    wrong.into_iter().collect()
}

/// What Prometheus's own tool finds in a text.
fn lint(program: &str, text: &str) -> Vec<String> {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let checked = promtool.wait_with_output().unwrap();
    let said = [checked.stdout, checked.stderr].concat();
    let said = format!("promtool about {program}: {}", String::from_utf8_lossy(&said));
    if checked.status.success() { Vec::new() } else { vec![said] }
}

/// The tables of `docs/metrics.md`.
fn of_the_page() -> Contract {
    let page = std::fs::read_to_string(repository().join("docs/metrics.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let metrics = rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let labels = cells[3].split('`').skip(1).step_by(2).map(str::to_owned);
        let mut labels: BTreeSet<String> = labels.collect();
        if cells[2].starts_with("histogram") {
            labels.insert("le".to_owned());
        }
        (base(cells[0].trim_matches('`')).to_owned(), labels)
    });
    metrics.collect()
}

/// Name and labels of a line such as `a_total{b="c"} 1`.
fn series(line: &str) -> (String, BTreeSet<String>) {
    let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
    let mut labels = BTreeSet::new();
    let mut outside = rest.strip_prefix('{').unwrap_or_default();
    while let Some((label, value)) = outside.split_once("=\"") {
        labels.insert(label.trim_start_matches(',').to_owned());
        let end = value
            .char_indices()
            .find(|(place, character)| *character == '"' && !value[..*place].ends_with('\\'));
        outside = &value[end.unwrap().0 + 1..];
    }
    (base(name).to_owned(), labels)
}

fn base(name: &str) -> &str {
    HISTOGRAM.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

#[test]
fn a_line_has_a_name_and_labels() {
    let labels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();

    assert_eq!(series("a_total 1"), ("a_total".to_owned(), BTreeSet::new()));
    assert_eq!(
        series(r#"a_bucket{b="c",d="e=\"f,",le="+Inf"} 1"#),
        ("a".to_owned(), labels(&["b", "d", "le"]))
    );
}
