//! The list of those who are let in: a JSON file, such as a secret of Kubernetes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Identity, Role, TokenHash};

/// One who is let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// For the audit log.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// With which titles; with all when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub titles: Option<BTreeSet<String>>,
    /// Hash of their token.
    pub sha256: TokenHash,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    by_hash: BTreeMap<TokenHash, Identity>,
}

/// Why a list is none.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Not JSON of this form.
    #[error(
        "line {line}, column {column}: {detail}; `himekuri token` prints an entry as it must be"
    )]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong.
        detail: String,
    },
    /// A name or a token twice.
    #[error("two entries have {what}; each needs its own")]
    Twice {
        /// What they have in common. Never a hash.
        what: String,
    },
    /// Nobody could come in.
    #[error("the list is empty, and nobody could come in; `himekuri token` makes an entry")]
    Empty,
}

impl Entries {
    /// Reads the list.
    ///
    /// # Errors
    /// See [`AccessError`].
    pub fn read(json: &str) -> Result<Self, AccessError> {
        let entries: Vec<Entry> =
            serde_json::from_str(json).map_err(|error| AccessError::Json {
                line: error.line(),
                column: error.column(),
                detail: words_of(&error),
            })?;
        let mut names = BTreeSet::new();
        let mut by_hash = BTreeMap::new();
        for Entry { name, role, titles, sha256 } in entries {
            if !names.insert(name.clone()) {
                return Err(AccessError::Twice { what: format!("the name `{name}`") });
            }
            let identity = Identity { name: name.clone(), role, titles };
            if let Some(other) = by_hash.insert(sha256, identity) {
                let what = format!("the same token, `{}` and `{name}`", other.name);
                return Err(AccessError::Twice { what });
            }
        }
        match by_hash.is_empty() {
            true => Err(AccessError::Empty),
            false => Ok(Self { by_hash }),
        }
    }

    /// Who has this token. What is compared are hashes: how long it takes tells nothing of a token.
    #[must_use]
    pub fn of_token(&self, token: &str) -> Option<Identity> {
        self.by_hash.get(&TokenHash::of(token)).cloned()
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// Never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_hash.is_empty()
    }
}

/// Without the place, which is told beside it.
fn words_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, token: &str) -> Entry {
        let titles = Some(["title_a".to_owned()].into());
        Entry { name: name.to_owned(), role: Role::Operator, titles, sha256: TokenHash::of(token) }
    }

    fn list(entries: &[Entry]) -> String {
        serde_json::to_string(entries).unwrap()
    }

    #[test]
    fn a_token_says_who_has_it() {
        let entries = Entries::read(&list(&[entry("kim", "one"), entry("lee", "two")])).unwrap();

        assert_eq!(entries.of_token("two").map(|one| one.name), Some("lee".to_owned()));
        assert_eq!(entries.of_token("three"), None);
        assert_eq!(entries.of_token(""), None);
        let hash: String = TokenHash::of("two").into();
        assert_eq!(entries.of_token(&hash), None);
    }

    #[test]
    fn a_list_that_means_two_things_is_refused_without_a_hash() {
        let names = Entries::read(&list(&[entry("kim", "one"), entry("kim", "two")]));
        let tokens = Entries::read(&list(&[entry("kim", "one"), entry("lee", "one")]));

        assert_eq!(
            names.unwrap_err().to_string(),
            "two entries have the name `kim`; each needs its own"
        );
        let told = tokens.unwrap_err().to_string();
        assert_eq!(told, "two entries have the same token, `kim` and `lee`; each needs its own");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let told = Entries::read("[\n  {\"name\": \"kim\", \"role\": \"king\"}]").unwrap_err();

        let told = told.to_string();
        assert!(told.starts_with("line 2, column "), "{told}");
        assert!(told.contains("unknown variant `king`"), "{told}");
        assert!(matches!(Entries::read("[]"), Err(AccessError::Empty)));
    }

    #[test]
    fn a_key_that_nobody_reads_is_refused() {
        let mut json: serde_json::Value = serde_json::from_str(&list(&[entry("a", "b")])).unwrap();
        json[0]["title"] = "title_a".into();

        let told = Entries::read(&json.to_string()).unwrap_err().to_string();
        assert!(told.contains("unknown field `title`"), "{told}");
    }
}
