//! What a whole workflow is known to define: stores of operators, exports, and whether anything else may.

use std::collections::{BTreeMap, BTreeSet};

use himekuri_workflow::{Position, Reachable, TaskDefinition, TaskKind};
use serde_json::Value;

/// Operators that store nothing.
const STORE_NOTHING: &[&str] = &[
    "call",
    "loop",
    "for_each",
    "for_range",
    "if",
    "fail",
    "echo",
    "wait",
    "require",
    "notify",
    "sh",
    "mail",
    "embulk",
    "bq_ddl",
];

/// Operators with the one variable under which they store.
const STORE_UNDER: &[(&str, &str)] = &[
    ("bq", "bq"),
    ("bq_load", "bq"),
    ("bq_extract", "bq"),
    ("gcs_wait", "gcs_wait"),
    ("http", "http"),
    ("s3_wait", "s3"),
    ("pg", "pg"),
    ("redshift", "redshift"),
    ("redshift_load", "redshift"),
    ("redshift_unload", "redshift"),
    ("emr", "emr"),
    ("td", "td"),
    ("td_run", "td"),
    ("td_ddl", "td"),
    ("td_load", "td"),
    ("td_wait", "td"),
    ("td_wait_table", "td"),
    ("td_table_export", "td"),
    ("td_result_export", "td"),
    ("td_for_each", "td"),
];

/// Variables that every session has (digdag `RuntimeParams`, `AttemptBuilder`).
pub(super) const SESSION_VARIABLES: &[&str] = &[
    "timezone",
    "project_id",
    "project_name",
    "session_id",
    "attempt_id",
    "session_uuid",
    "session_time",
    "session_date",
    "session_date_compact",
    "session_local_time",
    "session_tz_offset",
    "session_unixtime",
    "task_name",
    "last_executed_session_time",
    "last_executed_session_date",
    "last_executed_session_date_compact",
    "last_executed_session_local_time",
    "last_executed_session_tz_offset",
    "last_executed_session_unixtime",
];

/// Variables that only sessions of a schedule have.
pub(super) const SCHEDULE_VARIABLES: &[&str] = &[
    "last_session_time",
    "last_session_date",
    "last_session_date_compact",
    "last_session_local_time",
    "last_session_tz_offset",
    "last_session_unixtime",
    "next_session_time",
    "next_session_date",
    "next_session_date_compact",
    "next_session_local_time",
    "next_session_tz_offset",
    "next_session_unixtime",
];

/// Variable that only repeated attempts have.
pub(super) const RETRY_VARIABLE: &str = "retry_attempt_name";

/// What all trees of a workflow define.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Names that operators store.
    pub(super) stored: BTreeSet<String>,
    /// Names that any `_export` defines, with a place.
    pub(super) exported: BTreeMap<String, Option<Position>>,
    /// Something may define any name: a script, a called file that is not known.
    pub(super) is_open: bool,
}

impl Facts {
    pub(super) fn of(reachable: &Reachable) -> Self {
        let mut facts = Facts { is_open: !reachable.problems.is_empty(), ..Facts::default() };
        for tree in &reachable.trees {
            facts.add(&tree.tree);
        }
        facts
    }

    fn add(&mut self, task: &TaskDefinition) {
        for name in task.export.keys() {
            let position = task.positions.key(&format!("/_export/{}", escape(name)));
            self.exported.entry(name.clone()).or_insert(position);
        }
        if let TaskKind::Operator { operator, command, .. } = &task.kind {
            self.add_operator(operator, command);
        }
        for child in task.children() {
            self.add(child);
        }
    }

    fn add_operator(&mut self, operator: &str, command: &Value) {
        if let Some((_, name)) = STORE_UNDER.iter().find(|(known, _)| *known == operator) {
            self.stored.insert((*name).to_owned());
        } else if !STORE_NOTHING.contains(&operator) {
            self.is_open = true;
        }
        let is_dynamic = command.as_str().is_some_and(|target| target.contains("${"));
        // Of such a file nothing is known, of such a loop not even its variables.
        self.is_open |= operator == "call" && is_dynamic;
        self.is_open |= operator == "for_each" && !command.is_object();
    }
}

/// A key as one step of a JSON pointer (RFC 6901).
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
