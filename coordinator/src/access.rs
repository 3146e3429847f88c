//! Who may do what with which title. Pure: tokens come in as text, and the answer is a decision.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

mod entries;
mod token;

pub use entries::{AccessError, Entries, Entry, Who};
pub use token::{Token, TokenHash};

/// What somebody may do. Each may do what the ones before may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Pushes, starts, retries, kills, backfills, and turns schedules off and on.
    Operator,
    /// Says in which GCP project a title's jobs run, and sees who did what.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        })
    }
}

/// Somebody who is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// For the audit log.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// With which titles; `None`: with all.
    pub titles: Option<BTreeSet<String>>,
}

/// Somebody as an issuer of ID tokens knows them. Whether they are let in, and as what, a list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their address.
    pub email: String,
    /// Groups that the issuer says they are in.
    pub groups: Vec<String>,
    /// The domain of Google Workspace that they are managed in.
    pub domain: Option<String>,
}

/// Why something is not allowed; for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The role does not reach.
    #[error("`{name}` is {has}, and this needs {needs}; ask an admin for that role")]
    Role {
        /// Who asks.
        name: String,
        /// What they are.
        has: Role,
        /// What they would have to be.
        needs: Role,
    },
    /// Another title's.
    #[error("`{name}` may not see the title `{title}`; ask an admin to add it to your entry")]
    Title {
        /// Who asks.
        name: String,
        /// Of which title.
        title: String,
    },
    /// Something of the whole pool.
    #[error("`{name}` is for single titles, and this concerns all of them")]
    WholePool {
        /// Who asks.
        name: String,
    },
}

impl Identity {
    /// Where nobody has to say who they are.
    #[must_use]
    pub fn everybody() -> Self {
        Self { name: "anybody".to_owned(), role: Role::Admin, titles: None }
    }

    /// Whether they may see anything of a title.
    #[must_use]
    pub fn sees(&self, title: &str) -> bool {
        self.titles.as_ref().is_none_or(|titles| titles.contains(title))
    }

    /// Whether they may do with a title what `needs` may.
    ///
    /// # Errors
    /// Why not. The title first: its existence is not told by the answer.
    pub fn check(&self, needs: Role, title: &str) -> Result<(), Refused> {
        let name = || self.name.clone();
        if !self.sees(title) {
            return Err(Refused::Title { name: name(), title: title.to_owned() });
        }
        if self.role < needs {
            return Err(Refused::Role { name: name(), has: self.role, needs });
        }
        Ok(())
    }

    /// Whether they may do with all titles what `needs` may.
    ///
    /// # Errors
    /// Why not.
    pub fn check_pool(&self, needs: Role) -> Result<(), Refused> {
        let name = || self.name.clone();
        if self.titles.is_some() {
            return Err(Refused::WholePool { name: name() });
        }
        if self.role < needs {
            return Err(Refused::Role { name: name(), has: self.role, needs });
        }
        Ok(())
    }
}

/// Who is let in.
#[derive(Clone, Debug)]
pub enum Access {
    /// Whoever reaches the API may do everything.
    Open,
    /// Those who are in a list.
    Listed(Entries),
}

impl Access {
    /// Who has this token.
    #[must_use]
    pub fn of_token(&self, token: &str) -> Option<Identity> {
        match self {
            Self::Open => Some(Identity::everybody()),
            Self::Listed(entries) => entries.of_token(token),
        }
    }

    /// What somebody is whom an issuer of ID tokens knows.
    #[must_use]
    pub fn of_person(&self, person: &Person) -> Option<Identity> {
        match self {
            Self::Open => Some(Identity::everybody()),
            Self::Listed(entries) => entries.of_person(person),
        }
    }

    /// Who comes without a token.
    #[must_use]
    pub fn of_nobody(&self) -> Option<Identity> {
        match self {
            Self::Open => Some(Identity::everybody()),
            Self::Listed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(role: Role, titles: Option<&[&str]>) -> Identity {
        let titles = titles.map(|titles| titles.iter().map(|title| (*title).to_owned()).collect());
        Identity { name: "kim".to_owned(), role, titles }
    }

    #[test]
    fn a_role_may_what_lower_ones_may_and_no_more() {
        let roles = [Role::Viewer, Role::Operator, Role::Admin];
        for has in roles {
            for needs in roles {
                let one = identity(has, None);
                assert_eq!(one.check(needs, "title_a").is_ok(), has >= needs);
                assert_eq!(one.check_pool(needs).is_ok(), has >= needs);
            }
        }
    }

    #[test]
    fn who_is_for_a_title_is_for_no_other_and_not_for_the_pool() {
        let one = identity(Role::Admin, Some(&["title_a"]));

        assert!(one.check(Role::Admin, "title_a").is_ok());
        let refused = Refused::Title { name: "kim".to_owned(), title: "title_b".to_owned() };
        assert_eq!(one.check(Role::Viewer, "title_b"), Err(refused));
        let refused = Refused::WholePool { name: "kim".to_owned() };
        assert_eq!(one.check_pool(Role::Viewer), Err(refused));
    }

    #[test]
    fn a_refusal_says_what_to_ask_for() {
        let refused = identity(Role::Viewer, None).check(Role::Operator, "title_a").unwrap_err();

        assert_eq!(
            refused.to_string(),
            "`kim` is viewer, and this needs operator; ask an admin for that role"
        );
    }
}
