//! Expressions without JavaScript: `${name}` and `${a.b}`, looked up.

use himekuri_engine::{Config, Evaluate, EvaluateError, SessionClock};
use serde_json::Value;

/// Counts its work, so that a test can say how often something was evaluated.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    pub(crate) evaluations: usize,
}

impl Evaluate for Lookup {
    fn evaluate(
        &mut self,
        _clock: SessionClock<'_>,
        params: &Config,
        local: &Config,
    ) -> Result<Config, EvaluateError> {
        self.evaluations += 1;
        let mut scope = params.clone();
        scope.extend(local.clone());
        for key in scope.keys().cloned().collect::<Vec<_>>() {
            if key != "_do" {
                let evaluated = value(&scope[&key], &scope, &format!("/{key}"))?;
                scope.insert(key, evaluated);
            }
        }
        Ok(scope)
    }

    fn render(
        &mut self,
        _clock: SessionClock<'_>,
        text: &str,
        params: &Config,
    ) -> Result<String, EvaluateError> {
        substitute(text, params, "")
    }
}

fn value(raw: &Value, scope: &Config, pointer: &str) -> Result<Value, EvaluateError> {
    match raw {
        Value::String(text) => substitute(text, scope, pointer).map(Value::from),
        Value::Array(items) => items.iter().map(|item| value(item, scope, pointer)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| {
                Ok((key.clone(), value(field, scope, &format!("{pointer}/{key}"))?))
            })
            .collect::<Result<Config, _>>()
            .map(Value::Object),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(raw.clone()),
    }
}

fn substitute(text: &str, scope: &Config, pointer: &str) -> Result<String, EvaluateError> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').expect("the test closes its expressions");
        if name.starts_with("secret:") {
            out = format!("{out}{before}${{{name}}}");
            rest = behind;
            continue;
        }
        let path = format!("/{}", name.replace('.', "/"));
        let scope = Value::Object(scope.clone());
        let found = scope.pointer(&path).ok_or_else(|| EvaluateError {
            pointer: pointer.to_owned(),
            offset: text.len() - rest.len() + before.len(),
            message: format!("`{name}` is not defined"),
        })?;
        out.push_str(before);
        match found {
            Value::String(text) => out.push_str(text),
            other => out.push_str(&other.to_string()),
        }
        rest = behind;
    }
    Ok(out + rest)
}
