//! An issuer of ID tokens: it has keys, shows them over HTTP, and signs whatever a test wants.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use himekuri_coordinator::{Issuer, IssuerConfig, KeyRules, KeySource};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "himekuri-client";

/// Made for this test; nobody trusts it.
const RSA: &str = include_str!("rsa-pkcs8.base64");

pub(crate) enum Key {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    pub(crate) fn ec() -> Self {
        let (how, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let made = EcdsaKeyPair::generate_pkcs8(how, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(how, made.as_ref(), &random).unwrap())
    }

    pub(crate) fn rsa() -> Self {
        let der = STANDARD.decode(RSA.split_whitespace().collect::<String>()).unwrap();
        Self::Rsa(RsaKeyPair::from_pkcs8(&der).unwrap())
    }

    /// As a JWK with this id.
    pub(crate) fn public(&self, id: &str) -> Value {
        match self {
            Self::Ec(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id,
                       "x": text_of(x), "y": text_of(y)})
            }
            Self::Rsa(key) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id,
                       "n": text_of(&public.n), "e": text_of(&public.e)})
            }
        }
    }

    const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ec(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    pub(crate) fn sign(&self, id: &str, claims: &Value) -> String {
        let head = json!({"alg": self.algorithm(), "kid": id, "typ": "JWT"});
        let message = message(&head, claims);
        let random = SystemRandom::new();
        let signature = match self {
            Self::Ec(key) => key.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let signed =
                    key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature);
                signed.unwrap();
                signature
            }
        };
        format!("{message}.{}", text_of(&signature))
    }
}

/// What is signed of a token.
pub(crate) fn message(head: &Value, claims: &Value) -> String {
    let part = |json: &Value| text_of(json.to_string().as_bytes());
    format!("{}.{}", part(head), part(claims))
}

pub(crate) fn text_of(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a good token of somebody says, with some of it replaced; `null` leaves something out.
pub(crate) fn claims(email: &str, other: Value) -> Value {
    let now = Timestamp::now().as_second();
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "1", "email": email, "email_verified": true,
        "iat": now, "exp": now + 300,
    });
    for (name, value) in other.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

/// Shows keys over HTTP.
#[derive(Clone, Default)]
pub(crate) struct KeyServer {
    /// `None`: it is down.
    keys: Arc<Mutex<Option<Vec<Value>>>>,
    asked: Arc<AtomicUsize>,
}

impl KeyServer {
    pub(crate) fn show(&self, keys: &[Value]) {
        *self.keys.lock().unwrap() = Some(keys.to_vec());
    }

    pub(crate) fn fail(&self) {
        *self.keys.lock().unwrap() = None;
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub(crate) async fn open(&self) -> KeySource {
        let router = axum::Router::new().route("/keys", get(keys)).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/keys", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address.parse().unwrap()
    }
}

async fn keys(State(server): State<KeyServer>) -> Result<Json<Value>, StatusCode> {
    server.asked.fetch_add(1, Ordering::Relaxed);
    let keys = server.keys.lock().unwrap().clone();
    keys.map(|keys| Json(json!({ "keys": keys }))).ok_or(StatusCode::BAD_GATEWAY)
}

pub(crate) async fn issuer(issuer: &str, keys: KeySource, rules: KeyRules) -> Issuer {
    let (issuer, audiences) = (issuer.to_owned(), vec!["other".to_owned(), AUDIENCE.to_owned()]);
    Issuer::open(IssuerConfig { issuer, audiences, keys, rules }).await.unwrap()
}
