//! The projects of the pool, beside the example title.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// A project: its name, and its files.
type Project = (&'static str, &'static [(&'static str, &'static str)]);

/// Fails and is late in every way.
const TROUBLE: Project = (
    "trouble",
    &[
        (
            "broken.dig",
            "+bad:\n  bq>: bad.sql\n  destination_table: summary.broken$${session_date_compact}\n  write_disposition: WRITE_TRUNCATE\n",
        ),
        ("bad.sql", "SELECT missing AS day\n"),
        (
            "flaky.dig",
            "+once:\n  bq>: one.sql\n  destination_table: summary.flaky$${session_date_compact}\n  write_disposition: WRITE_TRUNCATE\n",
        ),
        ("one.sql", "SELECT 1 AS n\n"),
        ("late.dig", "sla:\n  duration: 00:00:01\n+wait:\n  wait>: 1h\n"),
        // The first session fails, so that the second waits for ever.
        (
            "waiting.dig",
            "schedule:\n  seconds_interval>: 1\n  depends_on_previous: true\n+fail:\n  fail>: on purpose\n",
        ),
        (
            "costly.dig",
            "+read:\n  bq>: read.sql\n  destination_table: summary.costly$${session_date_compact}\n  write_disposition: WRITE_TRUNCATE\n",
        ),
        ("read.sql", READ),
        ("quick.dig", "+all:\n  loop>: 12\n  _parallel: true\n  _do:\n    echo>: ${i}\n"),
        ("busy.dig", SLOW),
        ("slow.sql", "SELECT 1 AS n\n"),
    ],
);

/// One task at a time may be out.
const NARROW: Project = ("narrow", &[("slow.dig", SLOW), ("slow.sql", "SELECT 1 AS n\n")]);

/// Is billed.
const READ: &str = "SELECT COUNT(DISTINCT user_id) AS n FROM raw_log.access\n";

/// Jobs that run for longer than the test.
const SLOW: &str = "
+all:
  loop>: 12
  _parallel: true
  _do:
    bq>: slow.sql
    destination_table: summary.slow_${i}$${session_date_compact}
    write_disposition: WRITE_TRUNCATE
";

/// May be billed less than its first job is.
const SPENDER: Project = (
    "spender",
    &[
        (
            "wf.dig",
            "+first:\n  bq>: read.sql\n  destination_table: summary.first$${session_date_compact}\n  write_disposition: WRITE_TRUNCATE\n+second:\n  bq>: read.sql\n  destination_table: summary.second$${session_date_compact}\n  write_disposition: WRITE_TRUNCATE\n",
        ),
        ("read.sql", READ),
    ],
);

/// The folders of all projects, with their GCP projects: what runs for long writes nobody else's partitions.
pub(crate) fn write(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let projects = [(TROUBLE, "title-b"), (NARROW, "title-a"), (SPENDER, "title-b")];
    let written = projects.map(|((name, files), gcp_project)| {
        let project = folder.join(name);
        std::fs::create_dir(&project).unwrap();
        for (file, text) in files {
            std::fs::write(project.join(file), text).unwrap();
        }
        (project, gcp_project)
    });
    written.to_vec()
}

/// How long jobs of the local BigQuery take, and what goes wrong with them.
pub(crate) fn faults() -> Value {
    json!({
        "latency": [{"table": "summary.slow*", "running": "10m"}, {"running": "100ms"}],
        "rules": [
            {"method": "insert", "table": "summary.flaky*", "times": 1, "answer": {"status": 503}},
            {"table": "summary.flaky*", "times": 1, "end": {"reason": "backendError"}},
        ],
    })
}
