//! What names mean at a place in a workflow, by digdag's rules of order (`ConfigEvalEngine`).
//!
//! Variables of all `_export`s around a task are merged in order and then evaluated once, one after the other. A
//! text sees those that stand before it evaluated, those behind it as they are written, and inside a nested mapping
//! it sees every outer one as it is written.

use std::collections::BTreeMap;
use std::rc::Rc;

use himekuri_workflow::{Config, Position};
use serde_json::Value;

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    /// Place in the order of evaluation.
    pub(super) order: usize,
    /// As it is written, if it holds a `${`.
    pub(super) raw: Option<String>,
    /// Where it is defined.
    pub(super) position: Option<Position>,
}

/// Variables around a task: those of its parent, and its own.
#[derive(Debug, Default)]
pub(super) struct Scope {
    parent: Option<Rc<Scope>>,
    own: BTreeMap<String, Variable>,
    /// Order of the next new variable.
    next: usize,
}

/// What an expression sees under a name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen<'s> {
    /// Its value.
    Value,
    /// The text of the variable as it is written, `${...}` included.
    Raw(&'s Variable),
    /// Nothing: the variable is a key of the same mapping, further below.
    Later(&'s Variable),
    /// Nothing, though the task has such a key: an inner mapping does not see it.
    KeyOfTask,
    /// Nothing.
    Unknown,
}

/// Where in a task's mappings a text stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// Key of the task's mapping, or of its `_export`.
    pub(super) top: &'a str,
    /// Keys of the innermost mapping around the text, in order, up to its own; `None` at the top.
    pub(super) before: Option<&'a [String]>,
}

impl Scope {
    /// The scope with more variables; those that exist keep their place in the order.
    pub(super) fn with<'a>(
        self: &Rc<Self>,
        variables: impl IntoIterator<Item = (&'a String, &'a Value)>,
        position: impl Fn(&str) -> Option<Position>,
    ) -> Rc<Self> {
        let mut scope =
            Scope { parent: Some(Rc::clone(self)), own: BTreeMap::new(), next: self.next };
        for (name, value) in variables {
            let known = self.get(name);
            let order = known.map_or(scope.next, |known| known.order);
            scope.next = scope.next.max(order + 1);
            let raw = expression_in(value).map(str::to_owned);
            // A mapping is merged into the outer one.
            let outer = known.and_then(|known| known.raw.clone()).filter(|_| value.is_object());
            let variable = Variable { order, raw: raw.or(outer), position: position(name) };
            scope.own.insert(name.clone(), variable);
        }
        if scope.own.is_empty() { Rc::clone(self) } else { Rc::new(scope) }
    }

    /// The scope with variables of a value that only the run knows, such as those of a loop.
    pub(super) fn with_known<'a>(
        self: &Rc<Self>,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Rc<Self> {
        let config: Config = names.into_iter().map(|name| (name.to_owned(), Value::Null)).collect();
        self.with(&config, |_| None)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.own.get(name).or_else(|| self.parent.as_ref()?.get(name))
    }

    /// All names, inner ones first.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.own.keys().map(String::as_str).collect();
        if let Some(parent) = &self.parent {
            names.extend(parent.names());
        }
        names
    }

    /// What tells this scope from others as far as problems are concerned.
    pub(super) fn fingerprint(&self) -> Vec<(String, bool)> {
        let mut names: BTreeMap<&str, bool> = BTreeMap::new();
        let mut scope = Some(self);
        while let Some(current) = scope {
            for (name, variable) in &current.own {
                names.entry(name).or_insert(variable.raw.is_some());
            }
            scope = current.parent.as_deref();
        }
        names.into_iter().map(|(name, raw)| (name.to_owned(), raw)).collect()
    }
}

/// What `name` means at `place`. `outer` are the variables before the task's own keys, `all` those with them.
pub(super) fn see<'s>(outer: &'s Scope, all: &'s Scope, place: Place<'_>, name: &str) -> Seen<'s> {
    let is_built = match place.before {
        Some(before) => before.iter().any(|key| key == name),
        None => match (all.get(name), all.get(place.top)) {
            (Some(variable), Some(own)) => variable.order < own.order,
            (Some(_), None) | (None, _) => false,
        },
    };
    if is_built {
        return Seen::Value;
    }
    match (outer.get(name), all.get(name)) {
        (Some(variable), _) if variable.raw.is_some() => Seen::Raw(variable),
        (Some(_), _) => Seen::Value,
        (None, Some(_)) if place.before.is_some() => Seen::KeyOfTask,
        (None, Some(variable)) => Seen::Later(variable),
        (None, None) => Seen::Unknown,
    }
}

/// The first text in a value that holds a `${`.
fn expression_in(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => text.contains("${").then_some(text),
        Value::Array(items) => items.iter().find_map(expression_in),
        Value::Object(fields) => fields.values().find_map(expression_in),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope(outer: &Rc<Scope>, variables: Value) -> Rc<Scope> {
        outer.with(variables.as_object().expect("a mapping"), |_| None)
    }

    fn at_top(top: &str) -> Place<'_> {
        Place { top, before: None }
    }

    #[test]
    fn a_text_sees_earlier_keys_evaluated_and_later_ones_as_written() {
        let outer = scope(&Rc::default(), json!({"a": "${b}", "b": "${c}", "c": 1}));

        assert!(matches!(see(&outer, &outer, at_top("b"), "a"), Seen::Value));
        assert!(matches!(see(&outer, &outer, at_top("a"), "b"), Seen::Raw(_)));
        assert!(matches!(see(&outer, &outer, at_top("a"), "c"), Seen::Value));
        assert!(matches!(see(&outer, &outer, at_top("a"), "d"), Seen::Unknown));
    }

    #[test]
    fn an_inner_export_keeps_the_place_of_the_outer_one() {
        let outer = scope(&Rc::default(), json!({"a": 1, "b": "${a}"}));
        let inner = scope(&outer, json!({"n": "${session_date}", "a": "${n}"}));

        assert!(matches!(see(&inner, &inner, at_top("a"), "n"), Seen::Raw(_)));
        assert!(matches!(see(&inner, &inner, at_top("b"), "a"), Seen::Value));
    }

    #[test]
    fn a_nested_text_sees_outer_variables_as_written_and_its_own_siblings_evaluated() {
        let outer = scope(&Rc::default(), json!({"day": "${session_date}", "n": 1, "bq": {}}));
        let all = scope(&outer, json!({"local": 1}));
        let before = ["x".to_owned()];
        let nested = Place { top: "bq", before: Some(&before) };

        assert!(matches!(see(&outer, &all, nested, "day"), Seen::Raw(_)));
        assert!(matches!(see(&outer, &all, nested, "n"), Seen::Value));
        assert!(matches!(see(&outer, &all, nested, "x"), Seen::Value));
        assert!(matches!(see(&outer, &all, nested, "local"), Seen::KeyOfTask));
    }

    #[test]
    fn a_local_key_is_seen_by_later_keys_only() {
        let outer = Rc::default();
        let all = scope(&outer, json!({"bq>": "${file}", "file": "a.sql"}));

        assert!(matches!(see(&outer, &all, at_top("bq>"), "file"), Seen::Later(_)));
        assert!(matches!(see(&outer, &all, at_top("file"), "bq>"), Seen::Value));
    }
}
