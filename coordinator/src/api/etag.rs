//! `ETag` and `If-None-Match` (RFC 9110): who asks again for what has not changed gets 304 and no body. The tag is a hash of the
//! answer, which saves the way to the caller and not the work here; a revision's files have the revision as theirs.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use sha2::{Digest, Sha256};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{HeaderBuilder, Object, OpenApi, RefOr, ResponseBuilder, Type};

use super::problem::Problem;

/// Where answers have tags.
const TAGGED: &str = "/v1/";

/// Whoever keeps an answer must ask whether it is still the same, and must not show it to others: callers see different titles.
const CACHING: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Tags answers that have none yet, and leaves out a body that the caller has.
pub(super) async fn tagged(request: Request, next: Next) -> Response {
    if request.method() != Method::GET || !request.uri().path().starts_with(TAGGED) {
        return next.run(request).await;
    }
    let known: Option<IfNoneMatch> = request.headers().typed_get();
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (tag, mut response) = match response.headers().typed_get::<ETag>() {
        Some(tag) => (tag, response),
        None => match hashed(response).await {
            Ok((Some(tag), response)) => (tag, response),
            Ok((None, response)) => return response,
            Err(problem) => return problem.into_response(),
        },
    };
    if known.is_some_and(|known| !known.precondition_passes(&tag)) {
        response = StatusCode::NOT_MODIFIED.into_response();
    }
    let headers = response.headers_mut();
    headers.typed_insert(tag);
    headers.insert(header::CACHE_CONTROL, CACHING);
    response
}

/// The hash of an answer; none of one that may go on for ever.
async fn hashed(response: Response) -> Result<(Option<ETag>, Response), Problem> {
    if !is_json(response.headers()) {
        return Ok((None, response));
    }
    let (head, body) = response.into_parts();
    // The handler had it in memory as a whole.
    let body = to_bytes(body, usize::MAX).await.map_err(|error| {
        let detail = format!("the answer ended too early: {error}");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    })?;
    let hash = Sha256::digest(&body);
    let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ok((tag(&hash), Response::from_parts(head, Body::from(body))))
}

/// A tag with these words, which must not need escapes.
pub(super) fn tag(words: &str) -> Option<ETag> {
    format!("\"{words}\"").parse().ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json")
}

/// Writes into the description what [`tagged`] adds.
pub(super) fn describe(description: &mut OpenApi) {
    let paths = description.paths.paths.iter_mut().filter(|(path, _)| path.starts_with(TAGGED));
    for operation in paths.filter_map(|(_, item)| item.get.as_mut()) {
        operation.parameters.get_or_insert_default().push(RefOr::T(if_none_match()));
        let responses = &mut operation.responses.responses;
        let unchanged = ResponseBuilder::new()
            .description("The caller has it already: one of the tags of `If-None-Match` is its own")
            .build();
        responses.insert("304".to_owned(), RefOr::T(unchanged));
        if let Some(RefOr::T(found)) = responses.get_mut("200") {
            let tag = HeaderBuilder::new()
                .schema(Some(Object::with_type(Type::String)))
                .description(Some("Another one when the answer is another"))
                .build();
            found.headers.insert("ETag".to_owned(), tag.into());
        }
    }
}

fn if_none_match() -> Parameter {
    ParameterBuilder::new()
        .name("if-none-match")
        .parameter_in(ParameterIn::Header)
        .description(Some("`ETag` of an answer that the caller has"))
        .schema(Some(Object::with_type(Type::String)))
        .build()
}
