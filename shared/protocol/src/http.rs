//! A request over HTTP whose answer is a workflow, and that answer.

use serde::{Deserialize, Serialize};

/// Bytes that the document of an answer may have: digdag's limit for `http_call>`.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1_024;

/// A request, rendered. It holds no secrets: messages never do (design D10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// `http` or `https`, without the parameters of `query`.
    pub uri: String,
    /// Parameters behind the `?`, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// Headers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// What is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<HttpBody>,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Whether the same request may be sent again when the server could not be asked or did not know.
    pub retry: bool,
    /// Media type of the answer, whatever the server says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type_override: Option<String>,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpBody {
    /// The text.
    pub text: String,
    /// `Content-Type`.
    pub content_type: String,
}

/// The document that a server answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Media type without parameters, in small letters: `application/json`.
    pub media_type: String,
    /// The text, at most [`DOCUMENT_BYTES_MAX`].
    pub text: String,
}
