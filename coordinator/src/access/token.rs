//! Tokens: random, shown once, and kept as a hash. They have 256 bits, so a plain hash cannot be turned round.

use std::fmt;

use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

/// What tokens begin with, so that scanners for secrets find them.
const PREFIX: &str = "himekuri_";

/// A new token. Shown by nobody but its display, which is for the one who asked for it.
pub struct Token(String);

impl Token {
    /// One that nobody has had.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn random() -> Result<Self, rand::rand_core::OsError> {
        let mut bytes = [0; 32];
        OsRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(format!("{PREFIX}{}", hex(&bytes))))
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// SHA-256 of a token, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenHash(String);

impl TokenHash {
    /// Of a token as its holder sends it.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(hex(&Sha256::digest(token.as_bytes())))
    }
}

impl TryFrom<String> for TokenHash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => Ok(Self(text.to_ascii_lowercase())),
            false => {
                Err("`sha256` has 64 hexadecimal digits; `himekuri token` makes it".to_owned())
            }
        }
    }
}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        hash.0
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_another_one_each_time() {
        let [one, other] = [Token::random().unwrap(), Token::random().unwrap()];

        assert_eq!(one.to_string().len(), PREFIX.len() + 64);
        assert_ne!(one.to_string(), other.to_string());
        assert_eq!(format!("{one:?}"), "Token(..)");
    }

    #[test]
    fn the_hash_is_that_of_every_other_tool() {
        let hash = TokenHash::of("abc");

        // `printf abc | sha256sum`
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash, TokenHash::try_from(known.to_uppercase()).unwrap());
        assert!(TokenHash::try_from("abc".to_owned()).is_err());
    }
}
