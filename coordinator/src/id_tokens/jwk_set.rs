//! A JWK set (RFC 7517), read: which of its keys may sign ID tokens, and how.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// A key, and the one way of signing that it is for.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// The keys that ID tokens may be signed with. A set may hold others as well, of kinds that nobody knows here.
pub(super) fn keys_of(bytes: &[u8]) -> Result<Vec<Key>, String> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }

    let set: Set = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no JWK set (RFC 7517): {error}"))?;
    let read = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
    let keys: Vec<Key> = read.filter_map(|key: Jwk| key_of(&key)).collect();
    match keys.is_empty() {
        true => Err("it has no key for signatures with RS256 or ES256".to_owned()),
        false => Ok(keys),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "foreign lists of which few are wanted: what is added there must not become a key here"
)]
fn key_of(key: &Jwk) -> Option<Key> {
    let algorithm = match &key.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        // Above all no secret, with which whoever knows it may sign.
        _ => return None,
    };
    match (key.common.key_algorithm, algorithm) {
        (None, _)
        | (Some(KeyAlgorithm::RS256), Algorithm::RS256)
        | (Some(KeyAlgorithm::ES256), Algorithm::ES256) => {}
        _ => return None,
    }
    match &key.common.public_key_use {
        None | Some(PublicKeyUse::Signature) => {}
        Some(_) => return None,
    }
    let decoding = DecodingKey::from_jwk(key).ok()?;
    Some(Key { id: key.common.key_id.clone(), algorithm, decoding })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_keys_for_the_known_ways_of_signing_are_taken() {
        let set = json!({"keys": [
            {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ", "kid": "good", "use": "sig"},
            {"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": "also", "alg": "RS256"},
            {"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": "other way", "alg": "PS256"},
            {"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": "unknown way", "alg": "XY1"},
            {"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": "for secrets", "use": "enc"},
            {"kty": "EC", "crv": "P-384", "x": "AQ", "y": "AQ", "kid": "other curve"},
            {"kty": "oct", "k": "AQ", "kid": "a secret", "alg": "HS256"},
            {"kty": "new", "kid": "unknown kind"},
            "no key at all",
        ]});

        let keys = keys_of(set.to_string().as_bytes()).unwrap();

        let ids: Vec<_> = keys.iter().map(|key| (key.id.as_deref(), key.algorithm)).collect();
        let (es, rs) = (Algorithm::ES256, Algorithm::RS256);
        assert_eq!(ids, [(Some("good"), es), (Some("also"), rs)]);
    }

    #[test]
    fn a_set_without_a_key_says_what_is_missing() {
        let secret = json!({"keys": [{"kty": "oct", "k": "AQ"}]}).to_string();

        assert!(keys_of(secret.as_bytes()).unwrap_err().contains("RS256 or ES256"));
        assert!(keys_of(b"<html>").unwrap_err().contains("no JWK set"));
    }
}
