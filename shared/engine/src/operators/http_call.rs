//! `http_call>`: what a worker asks a server for (digdag `HttpOperatorFactory`).

use himekuri_protocol::{HttpBody, HttpRequest, TaskError, Work};
use serde_json::Value;

use super::Parameters;
use super::parameters::shown;

/// Characters of a method (RFC 9110, `token`, as far as anybody uses it).
const METHOD_MAX: usize = 20;

pub(crate) fn http_request(parameters: &Parameters<'_>) -> Result<Work, TaskError> {
    let key = parameters.command_key("http_call>");
    let Some(uri) = parameters.text(key)?.filter(|uri| !uri.is_empty()) else {
        return Err(parameters.error(key, "`http_call>` needs the address of a workflow"));
    };
    refuse_secrets(parameters, key, &uri)?;
    let method = method(parameters)?;
    let is_safe = matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE");
    Ok(Work::HttpCall(Box::new(HttpRequest {
        uri,
        query: query(parameters)?,
        headers: headers(parameters)?,
        body: body(parameters)?,
        follow_redirects: parameters.boolean("follow_redirects")?.unwrap_or(true),
        // digdag's default: what changes nothing may be asked twice.
        retry: parameters.boolean("retry")?.unwrap_or(is_safe),
        content_type_override: parameters.text("content_type_override")?,
        method,
    })))
}

/// They would stand in a message, and there is nobody to fill them in.
fn refuse_secrets(parameters: &Parameters<'_>, key: &str, text: &str) -> Result<(), TaskError> {
    if text.contains("${secret:") {
        let message = "secrets are not filled in here; let the server know the workers by their network, or fetch the file before";
        return Err(parameters.error(key, message));
    }
    Ok(())
}

fn method(parameters: &Parameters<'_>) -> Result<String, TaskError> {
    let Some(method) = parameters.text("method")? else {
        return Ok("GET".to_owned());
    };
    let is_token = (1..=METHOD_MAX).contains(&method.len())
        && method.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    if !is_token {
        let message = format!("`method` must be one of HTTP, such as `GET`, not `{method}`");
        return Err(parameters.error("method", message));
    }
    Ok(method.to_ascii_uppercase())
}

/// A mapping, its JSON text, or `a=1&b=2`.
fn query(parameters: &Parameters<'_>) -> Result<Vec<(String, String)>, TaskError> {
    match parameters.get("query") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) if parameters.nested("query").is_err() => {
            refuse_secrets(parameters, "query", text)?;
            let pairs = text.split('&').filter(|pair| !pair.is_empty());
            Ok(pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect())
        }
        Some(_) => {
            let query = parameters.nested("query")?;
            query
                .iter()
                .map(|(name, value)| {
                    let value = scalar(parameters, "query", value)?;
                    refuse_secrets(parameters, "query", &value)?;
                    Ok((name.clone(), value))
                })
                .collect()
        }
    }
}

/// A list of mappings with one key each.
fn headers(parameters: &Parameters<'_>) -> Result<Vec<(String, String)>, TaskError> {
    let wrong = || {
        let message = "`headers` must be a list of `- NAME: VALUE`";
        parameters.error("headers", message)
    };
    let list = match parameters.get("headers") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong()),
    };
    let header = |entry: &Value| {
        let fields = entry.as_object().filter(|fields| fields.len() == 1);
        let (name, value) = fields.and_then(|fields| fields.iter().next()).ok_or_else(wrong)?;
        let value = scalar(parameters, "headers", value)?;
        refuse_secrets(parameters, "headers", &value)?;
        Ok((name.clone(), value))
    };
    list.iter().map(header).collect()
}

fn body(parameters: &Parameters<'_>) -> Result<Option<HttpBody>, TaskError> {
    let Some(content) = parameters.get("content") else {
        return Ok(None);
    };
    let is_tree = content.is_object() || content.is_array();
    let format = parameters.text("content_format")?.map(|format| format.to_lowercase());
    let format = format.as_deref().unwrap_or(if is_tree { "json" } else { "text" });
    let (text, content_type) = match format {
        "text" => (scalar(parameters, "content", content)?, "text/plain;charset=utf-8"),
        "json" => (content.to_string(), "application/json"),
        "form" => (form(parameters)?, "application/x-www-form-urlencoded"),
        other => {
            let message =
                format!("`content_format` must be `text`, `json` or `form`, not `{other}`");
            return Err(parameters.error("content_format", message));
        }
    };
    let content_type = parameters.text("content_type")?.unwrap_or_else(|| content_type.to_owned());
    refuse_secrets(parameters, "content", &text)?;
    Ok(Some(HttpBody { text, content_type }))
}

fn form(parameters: &Parameters<'_>) -> Result<String, TaskError> {
    let fields = parameters.nested("content")?;
    let pairs = fields.iter().map(|(name, value)| {
        let value = scalar(parameters, "content", value)?;
        Ok(format!("{}={}", url_encoded(name), url_encoded(&value)))
    });
    Ok(pairs.collect::<Result<Vec<_>, TaskError>>()?.join("&"))
}

fn scalar(parameters: &Parameters<'_>, key: &str, value: &Value) -> Result<String, TaskError> {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(shown(value)),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(parameters.error(key, format!("`{key}` must hold texts, not `{}`", shown(value))))
        }
    }
}

/// As forms are encoded: everything but letters, digits and `-._*`; a blank becomes `+`.
fn url_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
