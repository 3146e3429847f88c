//! ID tokens: somebody else has found out who asks, and has signed it. An issuer of OpenID Connect signs what callers send as a
//! bearer token, Google's IAP what it puts into a header of its own.
//!
//! A token says how it is signed; that is never believed. The key says it, and a key is good for one way only.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

use crate::access::Person;

mod jwk_set;
mod keys;
mod signatures;

pub use keys::{KeyError, KeyRules, KeySource};

use keys::Keys;

/// Seconds that the clocks of issuer and coordinator may differ.
const LEEWAY: u64 = 30;

/// Who signs, and for whom.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// `iss` of its tokens.
    pub issuer: String,
    /// What `aud` of its tokens must name one of.
    pub audiences: Vec<String>,
    /// Where its keys are.
    pub keys: KeySource,
    /// When they are read again.
    pub rules: KeyRules,
}

/// Somebody whose tokens are believed.
#[derive(Debug)]
pub struct Issuer {
    config: IssuerConfig,
    keys: Keys,
}

/// Why a token is not believed; for the one who sent it. Nothing of the token is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is not as it must be.
    #[error("the ID token is not accepted: {0}")]
    Token(String),
    /// Nobody can say whether it is: there are no keys.
    #[error(
        "the keys of `{issuer}` cannot be read at the moment, and nobody can be identified by its tokens; ask again in a minute"
    )]
    NoKeys {
        /// Whose.
        issuer: String,
    },
}

/// What is read of a token. Times, issuer and audience are checked by the library.
#[derive(Deserialize)]
struct Claims {
    email: Option<String>,
    email_verified: Option<Value>,
    hd: Option<String>,
    groups: Option<Value>,
}

impl Issuer {
    /// Reads the keys for the first time. A server that does not answer is asked again later.
    ///
    /// # Errors
    /// The keys are in a file, and it cannot be used; or no HTTP client can be made.
    pub async fn open(config: IssuerConfig) -> Result<Self, KeyError> {
        signatures::use_ring();
        let keys = Keys::new(config.issuer.clone(), config.keys.clone(), config.rules)?;
        let read = keys.read().await;
        match &config.keys {
            KeySource::File(_) => read?,
            // It has been logged.
            KeySource::Url(_) => drop(read),
        }
        Ok(Self { config, keys })
    }

    /// Who the token is of.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn verify(&self, token: &str) -> Result<Person, Denied> {
        let head = decode_header(token).map_err(|error| self.denied(error.kind()))?;
        if head.crit.is_some() {
            return Err(token_is("it has extensions that are not known"));
        }
        let Some(key) = self.keys.find(head.kid.as_deref()).await else {
            return Err(match self.keys.is_empty() {
                true => Denied::NoKeys { issuer: self.config.issuer.clone() },
                false => token_is(format!("no key of `{}` has signed it", self.config.issuer)),
            });
        };
        let mut rules = Validation::new(key.algorithm);
        rules.leeway = LEEWAY;
        rules.validate_nbf = true;
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        rules.set_issuer(&[&self.config.issuer]);
        rules.set_audience(&self.config.audiences);
        let read = decode::<Claims>(token, &key.decoding, &rules);
        read.map_err(|error| self.denied(error.kind()))?.claims.person()
    }

    /// The library's reasons, without what it cites.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a foreign list that grows; the last arm is for what nobody sends by mistake"
    )]
    fn denied(&self, error: &ErrorKind) -> Denied {
        token_is(match error {
            ErrorKind::ExpiredSignature => "it has expired; get a new one".to_owned(),
            ErrorKind::ImmatureSignature => "it is not valid yet; check the clocks".to_owned(),
            ErrorKind::InvalidIssuer => format!("it is not from `{}`", self.config.issuer),
            ErrorKind::InvalidAudience => {
                let audiences = self.config.audiences.join("` or `");
                format!("it is for another audience; get one for `{audiences}`")
            }
            ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
                format!("it has no `{claim}` that can be read")
            }
            ErrorKind::InvalidSignature => "its signature is wrong".to_owned(),
            ErrorKind::InvalidAlgorithm => {
                "it is signed in a way that its key is not for".to_owned()
            }
            _ => "it cannot be read".to_owned(),
        })
    }
}

fn token_is(why: impl Into<String>) -> Denied {
    Denied::Token(why.into())
}

impl Claims {
    fn person(self) -> Result<Person, Denied> {
        let Some(email) = self.email else {
            return Err(token_is("it names no `email`; ask the issuer for the scope `email`"));
        };
        match self.email_verified {
            None | Some(Value::Bool(true)) => {}
            Some(Value::String(text)) if text == "true" => {}
            Some(_) => return Err(token_is("its issuer has not verified its `email`")),
        }
        let groups = self.groups.as_ref().and_then(Value::as_array).into_iter().flatten();
        let groups = groups.filter_map(|group| group.as_str().map(str::to_owned));
        Ok(Person { email, groups: groups.collect(), domain: self.hd })
    }
}

/// Whose tokens are believed, and where they may stand.
#[derive(Debug, Default)]
pub struct IdTokens {
    /// In `Authorization`.
    pub bearer: Option<Issuer>,
    /// In the header of Google's IAP.
    pub iap: Option<Issuer>,
}

impl IdTokens {
    /// Who asks, by what came in `Authorization` and in the header of IAP; `None` when neither is something to look at.
    pub async fn person(
        &self,
        bearer: Option<&str>,
        iap: Option<&str>,
    ) -> Option<Result<Person, Denied>> {
        let mut denied = None;
        let jwt = bearer.filter(|token| token.matches('.').count() == 2);
        for (issuer, token) in [(&self.bearer, jwt), (&self.iap, iap)] {
            let Some((issuer, token)) = issuer.as_ref().zip(token) else { continue };
            match issuer.verify(token).await {
                Ok(person) => return Some(Ok(person)),
                Err(error) => denied = Some(Err(error)),
            }
        }
        denied
    }

    /// Reads keys again that are old.
    pub async fn refresh(&self) {
        for issuer in [&self.bearer, &self.iap].into_iter().flatten() {
            issuer.keys.refresh().await;
        }
    }
}
