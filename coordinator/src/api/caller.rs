//! Who asks: every request but those of probes has a caller, and every handler says what the caller must be.

use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use headers::authorization::{Basic, Bearer};
use headers::{Authorization, HeaderMapExt};

use super::problem::Problem;
use crate::access::{Access, Identity, Person, Refused, Role};
use crate::id_tokens::{Denied, IdTokens};

/// Requests a second of one caller; a command that shows progress needs one.
const REQUESTS: NonZeroU32 = match NonZeroU32::new(500) {
    Some(requests) => requests,
    None => NonZeroU32::MIN,
};

/// Where Google's IAP puts what it has found out. Without its signature anybody could write it.
const IAP_ASSERTION: HeaderName = HeaderName::from_static("x-goog-iap-jwt-assertion");

/// Who is let in, which may change while the API is served, and how often. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    access: Arc<RwLock<Access>>,
    id_tokens: Arc<IdTokens>,
    rates: Arc<DefaultKeyedRateLimiter<String>>,
}

impl Guard {
    /// Lets in whom `access` lets in.
    #[must_use]
    pub fn new(access: Access) -> Self {
        let rates = RateLimiter::keyed(Quota::per_second(REQUESTS));
        let access = Arc::new(RwLock::new(access));
        Self { access, id_tokens: Arc::default(), rates: Arc::new(rates) }
    }

    /// Lets in those as well whom others have identified, if `access` knows them. Without, no header but `Authorization` is
    /// looked at.
    #[must_use]
    pub fn with_id_tokens(self, id_tokens: IdTokens) -> Self {
        Self { id_tokens: Arc::new(id_tokens), ..self }
    }

    /// With another number of requests a second for each caller.
    #[must_use]
    pub fn with_rate(self, requests: NonZeroU32) -> Self {
        let rates = Arc::new(RateLimiter::keyed(Quota::per_second(requests)));
        Self { rates, ..self }
    }

    /// From now on, lets in whom `access` lets in.
    pub fn replace(&self, access: Access) {
        *self.access.write().unwrap_or_else(PoisonError::into_inner) = access;
    }

    /// Reads the keys of ID tokens again that are old: to be called now and then.
    pub async fn refresh_keys(&self) {
        self.id_tokens.refresh().await;
    }

    async fn identify(&self, headers: &HeaderMap) -> Result<Identity, Problem> {
        let token = token(headers);
        let known = self.access(|access| match &token {
            Some(token) => access.of_token(token),
            None => access.of_nobody(),
        });
        let identity = match known {
            Some(identity) => identity,
            None => self.identify_person(token.as_deref(), headers).await?,
        };
        self.rates.check_key(&identity.name).map_err(|_| too_many(&identity.name))?;
        Ok(identity)
    }

    async fn identify_person(
        &self,
        token: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Identity, Problem> {
        let iap = headers.get(IAP_ASSERTION).and_then(|value| value.to_str().ok());
        let person = self.id_tokens.person(token, iap).await.ok_or_else(unknown)??;
        self.access(|access| access.of_person(&person)).ok_or_else(|| not_listed(&person))
    }

    fn access<T>(&self, look: impl FnOnce(&Access) -> T) -> T {
        look(&self.access.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// `Authorization: Bearer TOKEN`, or the password of `Basic`, which is what digdag's clients can send.
fn token(headers: &HeaderMap) -> Option<String> {
    if let Some(bearer) = headers.typed_get::<Authorization<Bearer>>() {
        return Some(bearer.token().to_owned());
    }
    let basic = headers.typed_get::<Authorization<Basic>>()?;
    Some(basic.password().to_owned())
}

/// Finds out who asks, turns away whom nobody knows, and writes down who changed what.
pub(super) async fn identify(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    let identity = match guard.identify(request.headers()).await {
        Ok(identity) => identity,
        Err(problem) => return problem.into_response(),
    };
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    request.extensions_mut().insert(Caller { identity: identity.clone() });
    let response = next.run(request).await;
    if !matches!(method, Method::GET | Method::HEAD) {
        let status = response.status().as_u16();
        tracing::info!(
            target: "himekuri::audit",
            who = %identity.name, role = %identity.role, %method, path, route, status,
            "{} asked for {method} {path}: {status}",
            identity.name
        );
    }
    response
}

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    identity: Identity,
}

impl Caller {
    /// For what is written down beside a change.
    pub(super) fn name(&self) -> &str {
        &self.identity.name
    }

    /// Must be an operator of the title.
    pub(super) fn operates(&self, title: &str) -> Result<(), Problem> {
        Ok(self.identity.check(Role::Operator, title)?)
    }

    /// Must be an admin of the title.
    pub(super) fn governs(&self, title: &str) -> Result<(), Problem> {
        Ok(self.identity.check(Role::Admin, title)?)
    }

    /// Must be allowed to see the title.
    pub(super) fn looks_at(&self, title: &str) -> Result<(), Problem> {
        Ok(self.identity.check(Role::Viewer, title)?)
    }

    /// Must be allowed to see all titles.
    pub(super) fn looks_at_all(&self) -> Result<(), Problem> {
        Ok(self.identity.check_pool(Role::Viewer)?)
    }

    /// Whether lists may show something of the title.
    pub(super) fn sees(&self, title: &str) -> bool {
        self.identity.sees(title)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// A route that `identify` does not guard has no caller, and lets nobody in.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unknown)
    }
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "say who you are: `Authorization: Bearer TOKEN`; for the command line, set HIMEKURI_TOKEN. An admin makes tokens with `himekuri token`",
    )
}

fn not_listed(person: &Person) -> Problem {
    let email = person.email.to_ascii_lowercase();
    let entry = serde_json::json!({"email": email, "role": "viewer"});
    let detail = format!(
        "you are `{email}`, and the list of those who are let in has no entry for you; ask an admin for one, such as {entry}"
    );
    Problem::new(StatusCode::FORBIDDEN, detail)
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match &denied {
            Denied::Token(_) => Self::new(StatusCode::UNAUTHORIZED, denied.to_string()),
            Denied::NoKeys { .. } => Self::passing(denied.to_string()),
        }
    }
}

fn too_many(name: &str) -> Problem {
    let detail = format!("`{name}` asks too often; wait a second");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::new(StatusCode::FORBIDDEN, refused.to_string())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    fn token_of(value: &str) -> Option<String> {
        let headers =
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
        token(&headers)
    }

    #[test]
    fn a_token_comes_as_a_bearer_or_as_a_password() {
        assert_eq!(token_of("Bearer one"), Some("one".to_owned()));
        // `kim:one`
        assert_eq!(token_of("Basic a2ltOm9uZQ=="), Some("one".to_owned()));
        assert_eq!(token_of("Basic %%%"), None);
        assert_eq!(token_of("Digest one"), None);
        assert_eq!(token_of("one"), None);
    }
}
