//! The list of those who are let in: a JSON file, such as a secret of Kubernetes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Identity, Person, Role, TokenHash};

/// One who is let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Entry {
    /// How they are known.
    pub who: Who,
    /// What they may do.
    pub role: Role,
    /// With which titles; with all when missing.
    pub titles: Option<BTreeSet<String>>,
}

/// How somebody is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// By a token of ours.
    Token {
        /// For the audit log.
        name: String,
        /// Hash of the token.
        sha256: TokenHash,
    },
    /// By an ID token with this address.
    Email(String),
    /// By an ID token that says that they are in this group.
    Group(String),
    /// By an ID token of this domain of Google Workspace.
    Domain(String),
}

/// An entry as it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    titles: Option<BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<TokenHash>,
}

impl TryFrom<Written> for Entry {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, &'static str> {
        let Written { name, email, group, domain, role, titles, sha256 } = written;
        let who = match (name, sha256, email, group, domain) {
            (Some(name), Some(sha256), None, None, None) => Who::Token { name, sha256 },
            (None, None, Some(email), None, None) if email.contains('@') => Who::Email(email),
            (None, None, Some(_), None, None) => return Err("an `email` has an `@`"),
            (None, None, None, Some(group), None) => Who::Group(group),
            (None, None, None, None, Some(domain)) if domain.contains('@') => {
                return Err("a `domain` is what stands behind the `@`");
            }
            (None, None, None, None, Some(domain)) => Who::Domain(domain),
            _ => {
                return Err(
                    "an entry says who it is for in one way: `name` and `sha256`, `email`, `group`, or `domain`",
                );
            }
        };
        Ok(Self { who, role, titles })
    }
}

impl From<Entry> for Written {
    fn from(Entry { who, role, titles }: Entry) -> Self {
        let [name, email, group, domain] = [None, None, None, None];
        let none = Self { name, email, group, domain, role, titles, sha256: None };
        match who {
            Who::Token { name, sha256 } => Self { name: Some(name), sha256: Some(sha256), ..none },
            Who::Email(email) => Self { email: Some(email), ..none },
            Who::Group(group) => Self { group: Some(group), ..none },
            Who::Domain(domain) => Self { domain: Some(domain), ..none },
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    by_hash: BTreeMap<TokenHash, Identity>,
    by_email: BTreeMap<String, Identity>,
    /// Entries for many people, in the order of the file.
    shared: Vec<Entry>,
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
        let listed: Vec<Entry> = serde_json::from_str(json).map_err(|error| AccessError::Json {
            line: error.line(),
            column: error.column(),
            detail: words_of(&error),
        })?;
        let mut names = BTreeSet::new();
        let mut entries = Self::default();
        for entry in listed {
            let what = match &entry.who {
                Who::Token { name, .. } => format!("the name `{name}`"),
                Who::Email(email) => format!("the email `{}`", email.to_ascii_lowercase()),
                Who::Group(group) => format!("the group `{group}`"),
                Who::Domain(domain) => format!("the domain `{}`", domain.to_ascii_lowercase()),
            };
            if !names.insert(what.clone()) {
                return Err(AccessError::Twice { what });
            }
            entries.add(entry)?;
        }
        match entries.is_empty() {
            true => Err(AccessError::Empty),
            false => Ok(entries),
        }
    }

    fn add(&mut self, entry: Entry) -> Result<(), AccessError> {
        let Entry { who, role, titles } = entry;
        match who {
            Who::Token { name, sha256 } => {
                let identity = Identity { name: name.clone(), role, titles };
                if let Some(other) = self.by_hash.insert(sha256, identity) {
                    let what = format!("the same token, `{}` and `{name}`", other.name);
                    return Err(AccessError::Twice { what });
                }
            }
            Who::Email(email) => {
                let name = email.to_ascii_lowercase();
                self.by_email.insert(name.clone(), Identity { name, role, titles });
            }
            Who::Group(_) | Who::Domain(_) => self.shared.push(Entry { who, role, titles }),
        }
        Ok(())
    }

    /// Who has this token. What is compared are hashes: how long it takes tells nothing of a token.
    #[must_use]
    pub fn of_token(&self, token: &str) -> Option<Identity> {
        self.by_hash.get(&TokenHash::of(token)).cloned()
    }

    /// What somebody is whom an issuer of ID tokens knows: what the entry of their address says, or else the first of their
    /// groups or of their domain.
    #[must_use]
    pub fn of_person(&self, person: &Person) -> Option<Identity> {
        let name = person.email.to_ascii_lowercase();
        if let Some(identity) = self.by_email.get(&name) {
            return Some(identity.clone());
        }
        let entry = self.shared.iter().find(|entry| match &entry.who {
            Who::Group(group) => person.groups.contains(group),
            Who::Domain(domain) => {
                person.domain.as_ref().is_some_and(|of| of.eq_ignore_ascii_case(domain))
            }
            Who::Token { .. } | Who::Email(_) => false,
        })?;
        Some(Identity { name, role: entry.role, titles: entry.titles.clone() })
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_hash.len() + self.by_email.len() + self.shared.len()
    }

    /// Never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
        let who = Who::Token { name: name.to_owned(), sha256: TokenHash::of(token) };
        Entry { who, role: Role::Operator, titles }
    }

    fn person(email: &str, groups: &[&str], domain: Option<&str>) -> Person {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        Person { email: email.to_owned(), groups, domain: domain.map(str::to_owned) }
    }

    fn role_of(entries: &Entries, person: &Person) -> Option<Role> {
        entries.of_person(person).map(|identity| identity.role)
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

    #[test]
    fn a_person_is_what_their_address_says_or_else_the_first_entry_of_a_group_or_domain() {
        let entries = Entries::read(
            r#"[{"domain": "example.com", "role": "viewer", "titles": ["title_a"]},
                {"group": "data", "role": "operator"},
                {"email": "Kim@example.com", "role": "admin"}]"#,
        )
        .unwrap();
        let example = Some("example.com");

        let kim = entries.of_person(&person("kim@EXAMPLE.com", &["data"], example)).unwrap();
        assert_eq!((kim.name.as_str(), kim.role), ("kim@example.com", Role::Admin));
        let lee = entries.of_person(&person("lee@example.com", &["data"], example)).unwrap();
        assert_eq!((lee.name.as_str(), lee.role), ("lee@example.com", Role::Viewer));
        assert!(lee.sees("title_a") && !lee.sees("title_b"));
        assert_eq!(role_of(&entries, &person("b@x.com", &["data"], None)), Some(Role::Operator));
        // What an address ends with is no domain: only the issuer says it.
        assert_eq!(role_of(&entries, &person("lee@example.com", &[], None)), None);
        assert_eq!(entries.of_token("kim@example.com"), None);
    }

    #[test]
    fn an_entry_that_says_in_two_ways_or_in_none_who_it_is_for_is_refused() {
        for (entry, told) in [
            (r#"{"role": "viewer"}"#, "in one way"),
            (r#"{"name": "kim", "role": "viewer"}"#, "in one way"),
            (r#"{"name": "kim", "email": "k@x.com", "role": "viewer"}"#, "in one way"),
            (r#"{"email": "k@x.com", "domain": "x.com", "role": "viewer"}"#, "in one way"),
            (r#"{"email": "kim", "role": "viewer"}"#, "has an `@`"),
            (r#"{"domain": "kim@x.com", "role": "viewer"}"#, "behind the `@`"),
        ] {
            let refused = Entries::read(&format!("[{entry}]")).unwrap_err().to_string();
            assert!(refused.contains(told), "{entry}: {refused}");
        }
        let twice =
            r#"[{"email": "K@x.com", "role": "viewer"}, {"email": "k@x.com", "role": "admin"}]"#;
        let refused = Entries::read(twice).unwrap_err().to_string();
        assert_eq!(refused, "two entries have the email `k@x.com`; each needs its own");
    }
}
