//! Those whom an issuer of OpenID Connect or Google's IAP has identified are let in as what the list says, and nobody else is.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod issuer;
mod served;

use std::time::Duration;

use himekuri_coordinator::{
    Access, Denied, Entries, Guard, IdTokens, Issuer, IssuerConfig, KeyRules, KeySource, Role,
};
use issuer::{AUDIENCE, ISSUER, Key, KeyServer, claims, message, text_of};
use reqwest::StatusCode;
use ring::hmac;
use serde_json::{Value, json};
use served::{Logged, Served, entry, say};

const IAP: &str = "x-goog-iap-jwt-assertion";
const IAP_ISSUER: &str = "https://cloud.google.com/iap";
const AT_ONCE: KeyRules = KeyRules { old_after: Duration::ZERO, pause: Duration::ZERO };

/// A list with a token, a person, a group and a domain.
fn list() -> Access {
    let list = json!([
        entry("airflow", Role::Operator, None, "himekuri_1"),
        {"email": "kim@example.com", "role": "operator", "titles": ["title_a"]},
        {"group": "data", "role": "viewer", "titles": ["title_b"]},
        {"domain": "studio.example", "role": "viewer"},
    ]);
    Access::Listed(Entries::read(&list.to_string()).unwrap())
}

/// A coordinator that believes the tokens of these issuers.
async fn served(bearer: Option<Issuer>, iap: Option<Issuer>) -> Served {
    Served::start_with(Guard::new(list()).with_id_tokens(IdTokens { bearer, iap })).await
}

/// A coordinator that believes an issuer with this key, called `k`.
async fn believing(key: &Key) -> Served {
    let server = KeyServer::default();
    server.show(&[key.public("k")]);
    served(Some(issuer::issuer(ISSUER, server.open().await, KeyRules::default()).await), None).await
}

/// Asks for what everybody on the list may see.
async fn ask(served: &Served, headers: &[(&str, &str)]) -> (StatusCode, Value) {
    ask_for(served, "GET", "/v1/projects", headers).await
}

async fn ask_for(
    served: &Served,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, Value) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let url = format!("http://{}{path}", served.address);
    let mut request = reqwest::Client::new().request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn ask_as(served: &Served, token: &str) -> (StatusCode, Value) {
    ask(served, &[("authorization", &format!("Bearer {token}"))]).await
}

/// What is told to somebody who is not let in.
async fn refusal(served: &Served, token: &str) -> String {
    let (status, answer) = ask_as(served, token).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{answer}");
    answer["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_good_token_of_either_kind_of_key_lets_in_whom_the_list_names() {
    for key in [Key::ec(), Key::rsa()] {
        let served = believing(&key).await;
        for audience in [json!(AUDIENCE), json!(["else", AUDIENCE])] {
            let token = key.sign("k", &claims("Kim@Example.com", json!({"aud": audience})));

            assert_eq!(ask_as(&served, &token).await.0, StatusCode::OK);
        }
        assert_eq!(ask_as(&served, "himekuri_1").await.0, StatusCode::OK, "our own tokens too");
    }
}

#[tokio::test]
async fn a_person_may_what_their_entry_says_and_no_more() {
    let key = Key::ec();
    let served = believing(&key).await;
    let bearer = |claims: Value| format!("Bearer {}", key.sign("k", &claims));
    let kim = bearer(claims("kim@example.com", json!({})));
    let of_data = bearer(claims("lee@else.example", json!({"groups": ["x", "data"]})));
    let of_studio = bearer(claims("ann@studio.example", json!({"hd": "studio.example"})));
    let disable = "/v1/schedules/title_a/wf/disable";
    // Allowed, and there is no such schedule.
    assert_eq!(
        ask_for(&served, "POST", disable, &[("authorization", &kim)]).await.0,
        StatusCode::NOT_FOUND
    );
    let (status, answer) =
        ask_for(&served, "POST", "/v1/schedules/title_b/wf/disable", &[("authorization", &kim)])
            .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(answer["detail"].as_str().unwrap().contains("`kim@example.com`"), "{answer}");
    let title = |title| format!("/v1/attempts?project={title}");
    let [a, b] = [title("title_a"), title("title_b")];
    let who = [("authorization", of_data.as_str())];
    assert_eq!(ask_for(&served, "GET", &a, &who).await.0, StatusCode::FORBIDDEN);
    assert_eq!(ask_for(&served, "GET", &b, &who).await.0, StatusCode::OK);
    let who = [("authorization", of_studio.as_str())];
    assert_eq!(ask_for(&served, "GET", &a, &who).await.0, StatusCode::OK);
    assert_eq!(ask_for(&served, "POST", disable, &who).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_person_without_an_entry_is_told_what_to_ask_for() {
    let key = Key::ec();
    let served = believing(&key).await;

    let (status, answer) = ask_as(&served, &key.sign("k", &claims("Eve@x.com", json!({})))).await;

    assert_eq!(status, StatusCode::FORBIDDEN);
    let told = answer["detail"].as_str().unwrap();
    assert!(told.contains("you are `eve@x.com`"), "{told}");
    assert!(told.contains(r#"{"email":"eve@x.com","role":"viewer"}"#), "{told}");
}

#[tokio::test]
async fn what_a_token_says_must_be_right() {
    let key = Key::ec();
    let served = believing(&key).await;
    let now = jiff::Timestamp::now().as_second();
    for (other, told) in [
        (json!({"aud": "another"}), "another audience; get one for `other` or `himekuri-client`"),
        (json!({"aud": null}), "no `aud`"),
        (json!({"iss": "https://evil.example"}), "not from `https://issuer.example`"),
        (json!({"iss": null}), "no `iss`"),
        (json!({"exp": now - 60}), "has expired"),
        (json!({"exp": null}), "no `exp`"),
        (json!({"exp": "tomorrow"}), "no `exp`"),
        (json!({"nbf": now + 120}), "not valid yet"),
        (json!({"nbf": "yesterday"}), "no `nbf`"),
        (json!({"email": null}), "no `email`"),
        (json!({"email_verified": false}), "not verified"),
        (json!({"email_verified": "false"}), "not verified"),
        (json!({"email_verified": 1}), "not verified"),
    ] {
        let refused = refusal(&served, &key.sign("k", &claims("kim@example.com", other))).await;
        assert!(refused.contains(told), "{told}: {refused}");
    }
    for other in [
        json!({"exp": now - 10}),
        json!({"nbf": now + 10}),
        json!({"email_verified": null}),
        json!({"email_verified": "true"}),
    ] {
        let token = key.sign("k", &claims("kim@example.com", other.clone()));
        assert_eq!(ask_as(&served, &token).await.0, StatusCode::OK, "{other}");
    }
}

#[tokio::test]
async fn nobody_gets_in_without_the_issuers_key() {
    let (key, other) = (Key::rsa(), Key::ec());
    let served = believing(&key).await;
    let good = claims("kim@example.com", json!({}));

    // No signature at all.
    for name in ["none", "None", "NONE"] {
        let unsigned = format!("{}.", message(&json!({"alg": name, "kid": "k"}), &good));
        assert!(refusal(&served, &unsigned).await.contains("cannot be read"));
    }
    // The public key as a secret, which everybody knows.
    let public = key.public("k");
    for secret in [public.to_string(), public["n"].as_str().unwrap().to_owned()] {
        let said = message(&json!({"alg": "HS256", "kid": "k"}), &good);
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = text_of(hmac::sign(&secret, said.as_bytes()).as_ref());
        let refused = refusal(&served, &format!("{said}.{signature}")).await;
        assert!(refused.contains("in a way that its key is not for"), "{refused}");
    }
    // Another key under the same name.
    assert!(refusal(&served, &other.sign("k", &good)).await.contains("its key is not for"));
    // What was signed and what is said differ.
    let (signed, lie) = (key.sign("k", &good), claims("kim@example.com", json!({"x": 1})));
    let signature = signed.rsplit('.').next().unwrap();
    let forged = format!("{}.{signature}", message(&json!({"alg": "RS256", "kid": "k"}), &lie));
    assert!(refusal(&served, &forged).await.contains("signature is wrong"));
    // A key that comes with the token.
    let head = json!({"alg": "ES256", "kid": "mine", "jwk": other.public("mine")});
    let brought = format!("{}.{signature}", message(&head, &good));
    assert!(refusal(&served, &brought).await.contains("no key of"));
    for nonsense in ["a.b.c", "..", "himekuri_1.x.y"] {
        assert!(refusal(&served, nonsense).await.contains("cannot be read"), "{nonsense}");
    }
}

#[tokio::test]
async fn no_header_is_looked_at_that_is_not_configured() {
    let key = Key::ec();
    let server = KeyServer::default();
    server.show(&[key.public("k")]);
    let iap = issuer::issuer(IAP_ISSUER, server.open().await, KeyRules::default()).await;
    let token = key.sign("k", &claims("kim@example.com", json!({"iss": IAP_ISSUER})));

    let neither = served(None, None).await;
    assert_eq!(ask(&neither, &[(IAP, &token)]).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask_as(&neither, &token).await.0, StatusCode::UNAUTHORIZED);
    let with_iap = served(None, Some(iap)).await;
    assert_eq!(ask(&with_iap, &[(IAP, &token)]).await.0, StatusCode::OK);
    assert_eq!(ask_as(&with_iap, &token).await.0, StatusCode::UNAUTHORIZED, "not as a bearer");
    // What IAP writes for those who do not check.
    let plain = [("x-goog-authenticated-user-email", "accounts.google.com:kim@example.com")];
    assert_eq!(ask(&with_iap, &plain).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn behind_iap_a_program_may_come_with_a_token_of_ours() {
    let key = Key::ec();
    let server = KeyServer::default();
    server.show(&[key.public("k")]);
    let iap = issuer::issuer(IAP_ISSUER, server.open().await, KeyRules::default()).await;
    let served = served(None, Some(iap)).await;
    let unlisted = key.sign("k", &claims("robot@x.com", json!({"iss": IAP_ISSUER})));
    let forged = Key::ec().sign("k", &claims("kim@example.com", json!({"iss": IAP_ISSUER})));

    let with = [(IAP, unlisted.as_str()), ("authorization", "Bearer himekuri_1")];
    assert_eq!(ask(&served, &with).await.0, StatusCode::OK);
    assert_eq!(ask(&served, &[(IAP, &unlisted)]).await.0, StatusCode::FORBIDDEN);
    let (status, answer) = ask(&served, &[(IAP, &forged)]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(answer["detail"].as_str().unwrap().contains("signature is wrong"), "{answer}");
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_used_and_an_old_one_is_forgotten() {
    let (old, new) = (Key::ec(), Key::rsa());
    let server = KeyServer::default();
    server.show(&[old.public("old")]);
    let issuer = issuer::issuer(ISSUER, server.open().await, AT_ONCE).await;
    let good = claims("kim@example.com", json!({}));
    assert!(issuer.verify(&old.sign("old", &good)).await.is_ok());
    assert_eq!(server.asked(), 1);

    server.show(&[new.public("new")]);

    assert!(issuer.verify(&new.sign("new", &good)).await.is_ok());
    assert_eq!(server.asked(), 2);
    let refused = issuer.verify(&old.sign("old", &good)).await.unwrap_err();
    assert!(refused.to_string().contains("no key of"), "{refused}");
}

#[tokio::test]
async fn whatever_tokens_come_the_keys_are_fetched_once_a_minute() {
    let key = Key::ec();
    let server = KeyServer::default();
    server.show(&[key.public("k")]);
    let issuer = issuer::issuer(ISSUER, server.open().await, KeyRules::default()).await;
    let good = claims("kim@example.com", json!({}));

    for n in 0..20 {
        assert!(issuer.verify(&key.sign(&format!("unknown{n}"), &good)).await.is_err());
    }

    assert_eq!(server.asked(), 1);
    assert!(issuer.verify(&key.sign("k", &good)).await.is_ok());
}

#[tokio::test]
async fn keys_stay_in_use_while_their_server_is_down() {
    let key = Key::ec();
    let server = KeyServer::default();
    server.show(&[key.public("k")]);
    let bearer = issuer::issuer(ISSUER, server.open().await, AT_ONCE).await;
    let id_tokens = IdTokens { bearer: Some(bearer), iap: None };
    let token = key.sign("k", &claims("kim@example.com", json!({})));

    server.fail();
    id_tokens.refresh().await;

    assert_eq!(server.asked(), 2);
    assert!(id_tokens.person(Some(&token), None).await.unwrap().is_ok());
    server.show(&[Key::ec().public("other")]);
    id_tokens.refresh().await;
    let person = id_tokens.person(Some(&token), None).await.unwrap();
    assert!(matches!(person, Err(Denied::Token(_))), "a key that was taken back: {person:?}");
}

#[tokio::test]
async fn a_server_that_is_down_at_the_start_is_asked_again() {
    let key = Key::ec();
    let server = KeyServer::default();
    let issuer = issuer::issuer(ISSUER, server.open().await, AT_ONCE).await;
    let token = key.sign("k", &claims("kim@example.com", json!({})));
    let denied = issuer.verify(&token).await;
    assert_eq!(denied, Err(Denied::NoKeys { issuer: ISSUER.to_owned() }));

    server.show(&[key.public("k")]);

    assert!(issuer.verify(&token).await.is_ok());
}

#[tokio::test]
async fn keys_in_a_file_are_read_again_and_must_be_good_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let (old, new) = (Key::ec(), Key::ec());
    let write = |key: &Key| {
        std::fs::write(&file, json!({"keys": [key.public("k")]}).to_string()).unwrap();
    };
    let open = || {
        let (issuer, audiences) = (ISSUER.to_owned(), vec![AUDIENCE.to_owned()]);
        let keys = KeySource::File(file.clone());
        Issuer::open(IssuerConfig { issuer, audiences, keys, rules: AT_ONCE })
    };
    assert!(open().await.unwrap_err().to_string().contains("could not read the keys"));
    std::fs::write(&file, "{}").unwrap();
    assert!(open().await.unwrap_err().to_string().contains("holds no keys"));
    write(&old);
    let id_tokens = IdTokens { bearer: Some(open().await.unwrap()), iap: None };

    write(&new);
    id_tokens.refresh().await;

    let token = new.sign("k", &claims("kim@example.com", json!({})));
    assert!(id_tokens.person(Some(&token), None).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_change_is_written_down_with_the_address_of_who_made_it_and_no_token_is() {
    let logged = Logged::begin();
    let key = Key::ec();
    let server = KeyServer::default();
    server.show(&[key.public("k")]);
    let source = server.open().await;
    let bearer = issuer::issuer(ISSUER, source.clone(), KeyRules::default()).await;
    let iap = issuer::issuer(IAP_ISSUER, source, KeyRules::default()).await;
    let served = served(Some(bearer), Some(iap)).await;
    let good = key.sign("k", &claims("kim@example.com", json!({"nonce": "logged"})));
    let wrong = key.sign("k", &claims("kim@example.com", json!({"aud": "nobody"})));
    let of_iap = key.sign("k", &claims("kim@example.com", json!({"iss": IAP_ISSUER})));
    let path = "/v1/schedules/title_a/logged/disable";

    for (name, value, status) in [
        ("authorization", format!("Bearer {good}"), "404"),
        ("authorization", format!("Bearer {wrong}"), "401"),
        (IAP, of_iap.clone(), "404"),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        let answer = say(&served, &format!("{head}{name}: {value}\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }

    let logged = logged.text();
    let is_audit = |line: &&str| line.contains("himekuri::audit") && line.contains(path);
    let audit: Vec<&str> = logged.lines().filter(is_audit).collect();
    assert_eq!(audit.len(), 2, "{audit:?}");
    assert!(audit.iter().all(|line| line.contains("who=kim@example.com")), "{audit:?}");
    for part in [good, wrong, of_iap].iter().flat_map(|token| token.split('.').skip(1)) {
        assert!(!logged.contains(part), "a token is in the log");
    }
}
