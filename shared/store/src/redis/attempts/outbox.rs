//! Outbox entries as Redis holds them: `<order>:<length of queue>:<queue><body>`.

use crate::{OutboxEntry, StoreError};

/// The entries in the order in which they were committed.
pub(super) fn in_order(
    entries: Vec<(String, String)>,
    operation: impl Fn() -> String,
) -> Result<Vec<OutboxEntry>, StoreError> {
    let mut ordered = Vec::with_capacity(entries.len());
    for (id, value) in entries {
        let (order, queue, body) = split(&value).ok_or_else(|| StoreError::Corrupt {
            operation: operation(),
            detail: format!("outbox entry `{id}`"),
        })?;
        ordered.push((order, OutboxEntry { queue: queue.to_owned(), body: body.to_owned(), id }));
    }
    ordered.sort_by_key(|(order, _)| *order);
    Ok(ordered.into_iter().map(|(_, entry)| entry).collect())
}

fn split(value: &str) -> Option<(u64, &str, &str)> {
    let (order, rest) = value.split_once(':')?;
    let (length, rest) = rest.split_once(':')?;
    let (queue, body) = rest.split_at_checked(length.parse().ok()?)?;
    Some((order.parse().ok()?, queue, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_in_queue_and_body_are_no_separators() {
        assert_eq!(split("12:5:a:b:c{\"d\":1}"), Some((12, "a:b:c", "{\"d\":1}")));
        assert_eq!(split("1:0:"), Some((1, "", "")));
    }

    #[test]
    fn an_unknown_form_is_refused_with_the_entry_named() {
        let entries = vec![("task-1".to_owned(), "nonsense".to_owned())];

        let error = in_order(entries, || "read attempt 7".to_owned()).unwrap_err();

        assert!(error.to_string().contains("`task-1`"), "{error}");
    }
}
