//! Which right is missing when BigQuery denies access, as far as its words tell.

/// A role and what it is needed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) role: &'static str,
    pub(super) on: String,
}

/// Words of Google's message, and the role that holds the right. The first that fits is meant: rights to write stand before
/// those to read, because both are named by some messages.
const ROLES: [(&str, &str); 14] = [
    ("bigquery.jobs.create", "roles/bigquery.jobUser"),
    ("bigquery.jobs.", "roles/bigquery.user"),
    ("bigquery.datasets.create", "roles/bigquery.user"),
    ("bigquery.tables.create", "roles/bigquery.dataEditor"),
    ("bigquery.tables.update", "roles/bigquery.dataEditor"),
    ("bigquery.tables.delete", "roles/bigquery.dataEditor"),
    ("bigquery.datasets.update", "roles/bigquery.dataOwner"),
    ("bigquery.tables.get", "roles/bigquery.dataViewer"),
    ("bigquery.datasets.get", "roles/bigquery.dataViewer"),
    ("permission to query table", "roles/bigquery.dataViewer"),
    ("bigquery.reservation", "roles/bigquery.resourceEditor"),
    ("storage.objects.create", "roles/storage.objectAdmin"),
    ("storage.objects.delete", "roles/storage.objectAdmin"),
    ("storage.", "roles/storage.objectViewer"),
];

/// Words of a message about a Google Sheet that a table shows: no role opens it.
const SHEET: &str = "Drive credentials";

/// The missing right; `None` if the words do not tell.
pub(super) fn missing(words: &str) -> Option<Missing> {
    let (_, role) = ROLES.iter().find(|(part, _)| words.contains(part))?;
    let on = thing(words).unwrap_or_else(|| "what the error names".to_owned());
    Some(Missing { role, on })
}

/// Whether a sheet must be shared instead.
pub(super) fn is_sheet(words: &str) -> bool {
    words.contains(SHEET)
}

/// `table p:d.t` of "Access Denied: Table p:d.t: User does not have ...".
fn thing(words: &str) -> Option<String> {
    let (_, behind) = words.split_once("Access Denied: ")?;
    let (kind, name) = behind.split_once(' ')?;
    let kind = match kind {
        "Table" => "table",
        "Dataset" => "dataset",
        "Project" => "GCP project",
        "View" => "view",
        "Routine" => "routine",
        _ => return None,
    };
    let (name, _) = name.split_once(": ")?;
    // The names of some GCP projects hold a colon themselves.
    let name = match (kind, name.rsplit_once(':')) {
        ("GCP project", _) | (_, None) => name.to_owned(),
        (_, Some((project, name))) => format!("{project}.{name}"),
    };
    Some(format!("{kind} `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_and_its_object_are_read_from_the_message() {
        let rows = [
            (
                "Access Denied: Project game-a: User does not have bigquery.jobs.create permission in project game-a.",
                "roles/bigquery.jobUser",
                "GCP project `game-a`",
            ),
            (
                "Access Denied: Table game-a:raw_log.access: User does not have permission to query table game-a:raw_log.access, or perhaps it does not exist.",
                "roles/bigquery.dataViewer",
                "table `game-a.raw_log.access`",
            ),
            (
                "Access Denied: Table game-a:summary.access: Permission bigquery.tables.updateData denied on table game-a:summary.access (or it may not exist).",
                "roles/bigquery.dataEditor",
                "table `game-a.summary.access`",
            ),
            (
                "Access Denied: Dataset game-a:summary: Permission bigquery.tables.create denied on dataset game-a:summary (or it may not exist).",
                "roles/bigquery.dataEditor",
                "dataset `game-a.summary`",
            ),
            (
                "Access Denied: BigQuery BigQuery: Permission denied: a@b does not have storage.objects.get access to the object.",
                "roles/storage.objectViewer",
                "what the error names",
            ),
            (
                "Access Denied: Dataset google.com:games:summary: Permission bigquery.datasets.get denied",
                "roles/bigquery.dataViewer",
                "dataset `google.com:games.summary`",
            ),
        ];

        for (words, role, on) in rows {
            let found = missing(words);
            assert_eq!(found, Some(Missing { role, on: on.to_owned() }), "{words}");
        }
    }

    #[test]
    fn nothing_is_made_up_when_the_words_do_not_tell() {
        assert_eq!(missing("Access Denied: no"), None);
        assert_eq!(missing(""), None);
    }
}
