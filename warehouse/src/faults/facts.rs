//! What rules look at: a job's id, its labels, its table.

use serde_json::Value;

use crate::jobs::record::JobRecord;

/// What is known of the job that a call is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) project: String,
    pub(crate) job: Option<String>,
    labels: Vec<(String, String)>,
    /// Full names with decorators, `project.dataset.table$20261101`.
    tables: Vec<String>,
}

/// What a rule asks for; all that is given must fit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) job: Option<&'a str>,
    pub(crate) label: Option<&'a str>,
    pub(crate) table: Option<&'a str>,
}

impl Facts {
    /// A job that exists.
    pub(crate) fn of_record(record: &JobRecord) -> Self {
        let key = &record.key;
        Self::of_configuration(&key.project, Some(&key.job_id), &record.configuration)
    }

    /// A job that is asked for, or a call that names none.
    pub(crate) fn of_configuration(
        project: &str,
        job: Option<&str>,
        configuration: &Value,
    ) -> Self {
        let labels = configuration["labels"].as_object().into_iter().flatten();
        let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())));
        let tables = ["query", "load", "copy"]
            .into_iter()
            .filter_map(|kind| {
                let table = &configuration[kind]["destinationTable"];
                table_name(
                    project,
                    table["projectId"].as_str(),
                    table["datasetId"].as_str()?,
                    table["tableId"].as_str()?,
                )
            })
            .collect();
        Self {
            project: project.into(),
            job: job.map(str::to_owned),
            labels: labels.collect(),
            tables,
        }
    }

    /// A call about a table.
    pub(crate) fn of_table(project: &str, dataset: &str, table: &str) -> Self {
        let tables = table_name(project, None, dataset, table).into_iter().collect();
        Self { project: project.into(), tables, ..Self::default() }
    }

    /// Whether all that is wanted fits.
    pub(crate) fn fits(&self, wanted: &Wanted<'_>) -> bool {
        let job = |pattern| self.job.as_deref().is_some_and(|job| fits(pattern, job));
        let label = |pattern: &str| {
            let (key, value) = pattern.split_once('=').unwrap_or((pattern, "*"));
            self.labels.iter().any(|(name, text)| name == key && fits(value, text))
        };
        let table = |pattern: &str| {
            self.tables.iter().any(|name| {
                // The project may be left out.
                let short = name.split_once('.').map_or(name.as_str(), |(_, short)| short);
                fits(pattern, name) || fits(pattern, short)
            })
        };
        wanted.job.is_none_or(job)
            && wanted.label.is_none_or(label)
            && wanted.table.is_none_or(table)
    }
}

fn table_name(default: &str, project: Option<&str>, dataset: &str, table: &str) -> Option<String> {
    Some(format!("{}.{dataset}.{table}", project.unwrap_or(default)))
}

/// Whether a text is as the pattern says, where `*` stands for any characters.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(before) else {
        return false;
    };
    let starts = (0..=rest.len()).filter(|at| rest.is_char_boundary(*at));
    starts.into_iter().any(|at| fits(after, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("kpi", "kpi", true),
            ("kpi", "kpi2", false),
            ("*", "", true),
            ("kpi*", "kpi$20261101", true),
            ("*$2026*01", "kpi$20261101", true),
            ("*$2026*02", "kpi$20261101", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn all_that_a_rule_asks_for_must_fit() {
        let configuration = json!({
            "labels": { "task": "daily" },
            "query": { "destinationTable": { "datasetId": "mart", "tableId": "kpi$20261101" } },
        });
        let facts = Facts::of_configuration("title-a", Some("j1"), &configuration);
        let fits = |job, label, table| facts.fits(&Wanted { job, label, table });

        assert!(fits(None, None, None));
        assert!(fits(Some("j*"), Some("task=d*"), Some("mart.kpi$*")));
        assert!(fits(None, Some("task"), Some("title-a.mart.*")));
        assert!(!fits(Some("k*"), None, None));
        assert!(!fits(None, Some("task=hourly"), None));
        assert!(!fits(None, None, Some("other.mart.*")));
    }
}
