//! The evaluator: texts and configurations, digdag's order and scope.

use std::collections::HashMap;
use std::rc::Rc;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::Params;
use crate::error::{EvaluateError, EvaluateErrorKind, Failure, StartError};
use crate::json;
use crate::limits::Limits;
use crate::names::Names;
use crate::script::Script;
use crate::template::{Expression, Piece, Template};

/// Templates kept. Texts above `CACHED_BYTES_MAX` are SQL files, which are rendered once per task.
const TEMPLATES_MAX: usize = 1_024;
/// Longest text that is kept, so that the kept ones together stay below 4 MiB.
const CACHED_BYTES_MAX: usize = 4 * 1_024;

/// What an expression sees of the world besides parameters.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The time that `moment()` and `Date` answer: the session's, not the wall clock's.
    pub now: Timestamp,
    /// The workflow's time zone: the local zone of `moment` and `Date`.
    pub time_zone: TimeZone,
}

/// Evaluates `${...}`. Holds a JavaScript context, so it belongs to one thread; one evaluator serves any number
/// of projects, and evaluations do not see each other.
pub struct Evaluator {
    script: Script,
    templates: HashMap<Box<str>, Rc<Template>>,
    limits: Limits,
}

/// How an object's values are treated.
#[derive(Debug, Clone, Copy)]
struct Context<'a> {
    scope: &'a Scope,
    /// Parameters before the task's own keys, not evaluated.
    outer: &'a Params,
}

impl Evaluator {
    /// Starts a JavaScript context, which takes some milliseconds.
    ///
    /// # Errors
    /// When the memory limit is too small for a context.
    pub fn new(limits: Limits) -> Result<Self, StartError> {
        Ok(Evaluator { script: Script::new(limits)?, templates: HashMap::new(), limits })
    }

    /// Evaluates every string of `params` (exports, stored values and variables, merged in digdag's order) and of the
    /// task's `local` keys, once, in order. Answers all of them.
    ///
    /// Source: digdag's `OperatorManager.evalConfig` and `ConfigEvalEngine`. A string sees the raw `params`, covered
    /// by the keys of its own object that stand before it. So objects within objects see raw values, and a
    /// local key is seen by later local keys only. `_do` and `_else_do` stay as they are at any depth; `_check` and `_error`
    /// of `local` are left out.
    ///
    /// # Errors
    /// The first expression that fails, even if the task does not use its key.
    pub fn evaluate(
        &mut self,
        scope: &Scope,
        params: &Params,
        local: &Params,
    ) -> Result<Params, EvaluateError> {
        let mut all = params.clone();
        for (key, value) in local {
            if key != "_check" && key != "_error" {
                merge(&mut all, key, value);
            }
        }
        let context = Context { scope, outer: params };
        self.object(context, all, &mut Vec::new())
    }

    /// Evaluates a text, such as an SQL file, with parameters that are already evaluated.
    ///
    /// # Errors
    /// The first expression that fails, or a result that is too long.
    pub fn render(
        &mut self,
        scope: &Scope,
        text: &str,
        params: &Params,
    ) -> Result<String, EvaluateError> {
        let names = Names { outer: params, inner: None };
        self.text(scope, text, &names).map_err(|failure| failure.at(String::new()))
    }

    /// Compiles what stands between `${` and `}` without running it.
    ///
    /// # Errors
    /// The expression is not JavaScript. `offset` is 0.
    pub fn check_syntax(&mut self, expression: &str) -> Result<(), EvaluateError> {
        self.script.check(expression).map_err(|kind| EvaluateError {
            pointer: String::new(),
            expression: expression.to_owned(),
            offset: 0,
            kind,
        })
    }

    fn object(
        &mut self,
        context: Context<'_>,
        object: Params,
        path: &mut Vec<String>,
    ) -> Result<Params, EvaluateError> {
        let mut built = Params::with_capacity(object.len());
        for (key, value) in object {
            let value = if key == "_do" || key == "_else_do" {
                value
            } else {
                path.push(key.clone());
                let value = self.value(context, value, &built, path)?;
                path.pop();
                value
            };
            built.insert(key, value);
        }
        Ok(built)
    }

    fn value(
        &mut self,
        context: Context<'_>,
        value: Value,
        built: &Params,
        path: &mut Vec<String>,
    ) -> Result<Value, EvaluateError> {
        Ok(match value {
            Value::String(text) => {
                let names = Names { outer: context.outer, inner: Some(built) };
                let evaluated = self.text(context.scope, &text, &names);
                Value::String(evaluated.map_err(|failure| failure.at(pointer(path)))?)
            }
            Value::Object(object) => Value::Object(self.object(context, object, path)?),
            Value::Array(items) => {
                let mut evaluated = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    path.push(index.to_string());
                    evaluated.push(self.value(context, item, built, path)?);
                    path.pop();
                }
                Value::Array(evaluated)
            }
            literal @ (Value::Null | Value::Bool(_) | Value::Number(_)) => literal,
        })
    }

    fn text(&mut self, scope: &Scope, text: &str, names: &Names<'_>) -> Result<String, Failure> {
        if !text.contains('$') {
            return Ok(text.to_owned());
        }
        let template = self.template(text);
        let output = match print_paths(&template, names) {
            Some(output) => output,
            None => self.run(scope, &template, names)?,
        };
        if output.len() > self.limits.output_bytes {
            let first = template.pieces.iter().find_map(Piece::expression);
            return Err(self.too_long(first));
        }
        Ok(output)
    }

    /// The error of a text that grew too long at an expression.
    fn too_long(&self, expression: Option<&Expression>) -> Failure {
        Failure {
            expression: expression.map_or_else(String::new, |found| found.source.to_string()),
            offset: expression.map_or(0, |found| found.offset),
            kind: EvaluateErrorKind::OutputLimit { limit: self.limits.output_bytes },
        }
    }

    /// Evaluates all expressions of a text with JavaScript.
    fn run(
        &mut self,
        scope: &Scope,
        template: &Template,
        names: &Names<'_>,
    ) -> Result<String, Failure> {
        #[expect(clippy::cast_precision_loss, reason = "jiff's range is below 2^53 milliseconds")]
        let now_ms = scope.now.as_millisecond() as f64;
        let expressions: Vec<&Expression> =
            template.pieces.iter().filter_map(Piece::expression).collect();
        let sources: Vec<&Rc<str>> =
            expressions.iter().map(|expression| &expression.source).collect();
        let results = self.script.run(now_ms, &scope.time_zone, &sources, &template.used, names);
        let results = results.map_err(|(index, kind)| Failure {
            expression: sources.get(index).map_or_else(String::new, |source| source.to_string()),
            offset: expressions.get(index).map_or(0, |expression| expression.offset),
            kind,
        })?;
        let mut results = results.into_iter();
        let mut output = String::new();
        for piece in &template.pieces {
            match piece {
                Piece::Literal(text) => output.push_str(text),
                Piece::Expression(expression) => {
                    output.push_str(&results.next().unwrap_or_default());
                    if output.len() > self.limits.output_bytes {
                        return Err(self.too_long(Some(expression)));
                    }
                }
            }
        }
        Ok(output)
    }

    fn template(&mut self, text: &str) -> Rc<Template> {
        if let Some(template) = self.templates.get(text) {
            return Rc::clone(template);
        }
        let template = Rc::new(Template::parse(text));
        if text.len() <= CACHED_BYTES_MAX {
            if self.templates.len() >= TEMPLATES_MAX {
                self.templates.clear();
            }
            self.templates.insert(text.into(), Rc::clone(&template));
        }
        template
    }
}

/// The whole text, if every expression only names a value that is there.
fn print_paths(template: &Template, names: &Names<'_>) -> Option<String> {
    let mut output = String::new();
    for piece in &template.pieces {
        match piece {
            Piece::Literal(text) => output.push_str(text),
            Piece::Expression(expression) => {
                json::print(expression.path.as_ref()?.resolve(names)?, &mut output);
            }
        }
    }
    Some(output)
}

/// Objects are merged key by key, everything else is replaced in its place.
fn merge(target: &mut Params, key: &str, value: &Value) {
    match (target.get_mut(key), value) {
        (Some(Value::Object(target)), Value::Object(source)) => {
            for (key, value) in source {
                merge(target, key, value);
            }
        }
        (Some(target), value) => *target = value.clone(),
        (None, value) => {
            target.insert(key.to_owned(), value.clone());
        }
    }
}

fn pointer(path: &[String]) -> String {
    path.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
}
