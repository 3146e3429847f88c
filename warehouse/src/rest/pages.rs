//! Pages of lists: `maxResults` and `pageToken`, the number of the first entry.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::number;
use crate::error::BqError;

/// Entries of a page when the request does not say.
const PAGE_DEFAULT: usize = 50;

/// Puts one page of a list under `key`, and the token of the next one if there is one.
///
/// # Errors
/// `invalid` for parameters that are no numbers.
pub(super) fn page(
    params: &HashMap<String, String>,
    mut answer: Value,
    key: &str,
    entries: impl ExactSizeIterator<Item = Value>,
) -> Result<Value, BqError> {
    let start = number(params, "pageToken")?.and_then(|start| usize::try_from(start).ok());
    let length = number(params, "maxResults")?.and_then(|length| usize::try_from(length).ok());
    let (start, length) = (start.unwrap_or(0), length.unwrap_or(PAGE_DEFAULT));
    let next = start.saturating_add(length);
    if next < entries.len() && length > 0 {
        answer["nextPageToken"] = json!(next.to_string());
    }
    answer[key] = entries.skip(start).take(length).collect();
    Ok(answer)
}

/// Whether labels are as a `filter` says: `labels.key:value` and `labels.key`, joined by blanks.
///
/// # Errors
/// `invalid` for another filter.
pub(super) fn fits_labels(filter: Option<&str>, labels: &Value) -> Result<bool, BqError> {
    let mut fits = true;
    for term in filter.unwrap_or_default().split_whitespace().filter(|term| *term != "AND") {
        let wanted = term.strip_prefix("labels.").ok_or_else(|| {
            BqError::invalid(format!("Invalid value for: filter: '{term}' (use labels.KEY:VALUE)"))
        })?;
        let (key, value) = match wanted.split_once(':') {
            Some((key, value)) => (key, Some(value.trim_matches('"'))),
            None => (wanted, None),
        };
        let found = labels[key].as_str();
        fits &= match value {
            Some("*") | None => found.is_some(),
            Some(value) => found == Some(value),
        };
    }
    Ok(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_asks_for_labels_with_or_without_their_value() {
        let labels = json!({ "team": "data", "tier": "" });

        for (filter, expected) in [
            (None, true),
            (Some("labels.team:data"), true),
            (Some("labels.team:game"), false),
            (Some("labels.tier labels.team:*"), true),
            (Some("labels.owner"), false),
        ] {
            assert_eq!(fits_labels(filter, &labels), Ok(expected), "{filter:?}");
        }
        assert!(fits_labels(Some("name:x"), &labels).is_err());
    }
}
