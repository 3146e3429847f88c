//! Judges the texts of each task: syntax, names, traps.

use std::collections::HashMap;
use std::rc::Rc;

use himekuri_template::{
    EvaluateErrorKind, Evaluator, beyond_es5, expressions, find_unclosed, free_names,
};
use himekuri_workflow::{Config, Diagnostic, TaskKind, Workdir, codes, resolve};
use serde_json::Value;

use super::facts::{Facts, RETRY_VARIABLE, SCHEDULE_VARIABLES, SESSION_VARIABLES, escape};
use super::lines::Texts;
use super::names::{is_path, offset_of};
use super::scope::{Place, Scope, Seen, see};
use super::source::Source;
use super::walk::{Visited, sets};
use super::{tables, traps, unknown, wording};

/// Problems of one text. A person cures the first ones; a broken file should not cost more than that.
const PROBLEMS_MAX: usize = 100;

/// Problems of one workflow. More are cut anyway, file by file.
const PROBLEMS_OF_WORKFLOW_MAX: usize = 2_000;

/// Judges one workflow.
pub(super) struct Judge<'a, 'f> {
    pub(super) texts: &'a Texts<'f>,
    pub(super) evaluator: &'a mut Evaluator,
    pub(super) facts: &'a Facts,
    pub(super) has_schedule: bool,
    /// Only this workflow's own files give it variables, so that an unknown name is certain.
    pub(super) is_closed: bool,
    pub(super) problems: Vec<Diagnostic>,
    /// Why an expression is no JavaScript, or `None` if it is.
    pub(super) known_syntax: HashMap<String, Option<String>>,
}

/// Names around a text.
#[derive(Clone, Copy)]
pub(super) struct Around<'s> {
    pub(super) full_name: &'s str,
    pub(super) outer: &'s Scope,
    pub(super) all: &'s Scope,
    /// `None`: a file, rendered when everything is evaluated.
    pub(super) place: Option<Place<'s>>,
}

impl Judge<'_, '_> {
    pub(super) fn visit(&mut self, visited: &Visited<'_>) {
        let task = visited.task;
        self.exports(visited);
        self.captured_loops(visited);
        if let TaskKind::Operator { operator, command, config } = &task.kind {
            let local = config.iter().filter(|(key, _)| !is_skipped(key));
            let place = |name: &str| task.positions.key(&format!("/{}", escape(name)));
            let all = visited.scope.with(local, place);
            for (key, value) in config.iter().filter(|(key, _)| !is_skipped(key)) {
                self.value(visited, &all, &format!("/{}", escape(key)), key, None, value);
            }
            self.problems.extend(tables::check(visited, self.facts));
            self.files_of(visited, &all, operator, command, config);
        }
    }

    fn exports(&mut self, visited: &Visited<'_>) {
        let task = visited.task;
        for (key, value) in &task.export {
            let pointer = format!("/_export/{}", escape(key));
            if SESSION_VARIABLES.contains(&key.as_str()) {
                let message = format!(
                    "`{key}` is a variable of the session, so this `_export` has no effect"
                );
                let position = task.positions.key(&pointer);
                self.problems.push(
                    Diagnostic::warning(codes::WITHOUT_EFFECT, message)
                        .at(position.unwrap_or_else(|| task.position.clone()))
                        .in_task(visited.full_name)
                        .with_help("give it another name, or write the key in the task itself"),
                );
            }
            self.value(visited, visited.scope, &pointer, key, None, value);
        }
    }

    /// Exports that change with an inner loop of the same variable: they are evaluated again in every task.
    fn captured_loops(&mut self, visited: &Visited<'_>) {
        for name in sets(visited.task) {
            let Some(outer) = visited.loops.iter().rev().find(|outer| outer.name == name) else {
                continue;
            };
            let Some(order) = visited.scope.get(name).map(|variable| variable.order) else {
                continue;
            };
            for export in visited.scope.names() {
                let captured = visited.scope.get(export).filter(|variable| {
                    variable.order > order
                        && variable.raw.as_deref().is_some_and(|raw| uses(raw, name))
                });
                let Some(position) = captured.and_then(|variable| variable.position.clone()) else {
                    continue;
                };
                let inner = &visited.task.position;
                let message = format!(
                    "`{export}` changes with `{name}` of the inner loop in line {} of {}, not only with the one in line {}",
                    inner.line, inner.file, outer.position.line
                );
                self.problems.push(
                    Diagnostic::warning(codes::LAZY_EXPORT, message).at(position).with_help(
                        "an `_export` is evaluated again in every task below it: make one of the loops a `for_each>` with a variable of its own",
                    ),
                );
            }
        }
    }

    /// The texts of a value. `before` are the keys before it in the innermost mapping.
    fn value(
        &mut self,
        visited: &Visited<'_>,
        all: &Rc<Scope>,
        pointer: &str,
        top: &str,
        before: Option<&[String]>,
        value: &Value,
    ) {
        match value {
            Value::String(text) => {
                if !text.contains("${") {
                    return;
                }
                let start = visited.task.positions.nearest(pointer);
                let start = start.unwrap_or_else(|| visited.task.position.clone());
                let source = Source::scalar(self.texts, start, text);
                let place = Some(Place { top, before });
                let full_name = visited.full_name;
                self.text(&source, Around { full_name, outer: visited.scope, all, place });
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(visited, all, &format!("{pointer}/{index}"), top, before, item);
                }
            }
            Value::Object(fields) => {
                let mut before: Vec<String> = Vec::new();
                for (key, field) in fields.iter().filter(|(key, _)| !is_skipped(key)) {
                    let pointer = format!("{pointer}/{}", escape(key));
                    self.value(visited, all, &pointer, top, Some(&before), field);
                    before.push(key.clone());
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Files that are rendered with the task's variables.
    fn files_of(
        &mut self,
        visited: &Visited<'_>,
        all: &Rc<Scope>,
        operator: &str,
        command: &Value,
        config: &Config,
    ) {
        let target = match operator {
            "bq" if command.is_null() => config.get("query"),
            "bq" => Some(command),
            "bq_load" => config.get("schema"),
            _ => None,
        };
        let Some(target) = target.and_then(Value::as_str).filter(|text| !text.contains("${"))
        else {
            return;
        };
        if visited.workdir == Workdir::Variable {
            return;
        }
        // A missing file is reported elsewhere.
        let Ok(path) = resolve(&visited.task.workdir, target) else { return };
        let Some(source) = Source::file(self.texts, &path) else { return };
        let around =
            Around { full_name: visited.full_name, outer: visited.scope, all, place: None };
        self.text(&source, around);
    }

    fn text(&mut self, source: &Source<'_, '_>, around: Around<'_>) {
        let text = source.text();
        if let Some(offset) = find_unclosed(text) {
            self.push(
                source,
                offset,
                end_of_line(text, offset),
                around,
                wording::unclosed(&text[offset..]),
            );
        }
        for (offset, word) in traps::left_alone(text) {
            if let Some(problem) = wording::left_alone(word, around.place.is_none()) {
                self.push(source, offset, end_of_word(text, offset), around, problem);
            }
        }
        let limit = (self.problems.len() + PROBLEMS_MAX).min(PROBLEMS_OF_WORKFLOW_MAX);
        for (offset, expression) in expressions(text) {
            if self.problems.len() >= limit {
                return;
            }
            let end = offset + expression.len() + "${}".len();
            if let Some(problem) = self.syntax(expression) {
                self.push(source, offset, end, around, problem);
                continue;
            }
            self.traps(source, offset, expression, around);
            self.names(source, offset, expression, around);
        }
    }

    fn push(
        &mut self,
        source: &Source<'_, '_>,
        from: usize,
        to: usize,
        around: Around<'_>,
        problem: Diagnostic,
    ) {
        let (position, end) = source.span(from, to);
        let problem = Diagnostic { end, ..problem.at(position).in_task(around.full_name) };
        self.problems.push(problem);
    }

    fn syntax(&mut self, expression: &str) -> Option<Diagnostic> {
        if wording::is_doubled(expression) {
            return Some(wording::doubled(expression));
        }
        // Nearly all expressions are such paths.
        if is_path(expression) {
            return None;
        }
        let message = match self.known_syntax.get(expression) {
            Some(known) => known.clone(),
            None => {
                let error = self.evaluator.check_syntax(expression).err();
                let message = error.map(|error| {
                    if let EvaluateErrorKind::Syntax { message } = error.kind {
                        message
                    } else if error.kind == EvaluateErrorKind::Recursion {
                        "it is nested too deeply".to_owned()
                    } else {
                        error.kind.to_string()
                    }
                });
                self.known_syntax.insert(expression.to_owned(), message.clone());
                message
            }
        }?;
        Some(wording::broken(expression, &message))
    }

    fn traps(
        &mut self,
        source: &Source<'_, '_>,
        offset: usize,
        expression: &str,
        around: Around<'_>,
    ) {
        let (start, end) = (offset, offset + expression.len() + "${}".len());
        if let Some(what) = traps::unformatted(expression) {
            self.push(source, start, end, around, wording::unformatted(what));
        }
        if let Some(sign) = traps::assignment(expression) {
            let at = offset + "${".len() + sign;
            let problem = Diagnostic::warning(
                codes::ASSIGNMENT,
                "`=` assigns a value here, it does not compare",
            )
            .with_help("write `==` to compare");
            self.push(source, at, at + 1, around, problem);
        }
        if let Some(newer) = beyond_es5(expression) {
            let message = format!("{} runs here, and digdag refuses it", newer.feature);
            let problem = Diagnostic::info(codes::NEWER_JAVASCRIPT, message)
                .with_help("nothing is wrong; write ES5 if digdag must run this workflow too");
            self.push(source, offset + "${".len() + newer.offset, end, around, problem);
        }
        if let Some(dollars) = traps::dollars(source.text(), offset) {
            let written =
                source.text()[..offset].len() - source.text()[..offset].trim_end_matches('$').len();
            self.push(
                source,
                start - written,
                start + "${".len(),
                around,
                wording::dollar_problem(dollars),
            );
        }
    }

    fn names(
        &mut self,
        source: &Source<'_, '_>,
        offset: usize,
        expression: &str,
        around: Around<'_>,
    ) {
        for name in free_names(expression).unwrap_or_default() {
            let Some(problem) = self.name(&name, around) else { continue };
            let other = match problem.code {
                codes::UNDEFINED_VARIABLE if wording::is_joined(expression, '-') => {
                    Some(unknown::name_with_dash(expression))
                }
                codes::UNDEFINED_VARIABLE if wording::is_joined(expression, '|') => {
                    Some(unknown::filter(expression))
                }
                _ => None,
            };
            if let Some(problem) = other {
                let start = offset + "${".len();
                return self.push(source, start, start + expression.len(), around, problem);
            }
            let from = offset + "${".len() + offset_of(expression, &name).unwrap_or_default();
            self.push(source, from, from + name.len(), around, problem);
        }
    }

    fn name(&self, name: &str, around: Around<'_>) -> Option<Diagnostic> {
        if SESSION_VARIABLES.contains(&name) {
            return None;
        }
        let seen = match around.place {
            Some(place) => see(around.outer, around.all, place, name),
            None if around.all.get(name).is_some() => Seen::Value,
            None => Seen::Unknown,
        };
        let top = around.place.map(|place| place.top);
        match seen {
            Seen::Value => None,
            Seen::Raw(variable) => unknown::raw(name, variable, around.place?),
            Seen::Later(variable) => self
                .undefined(name, around)
                .map(|_| unknown::later(name, variable, top == Some(name))),
            Seen::KeyOfTask => self.undefined(name, around).map(|_| unknown::key_of_task(name)),
            Seen::Unknown => self.undefined(name, around),
        }
    }

    /// A problem if nothing can define the name here.
    fn undefined(&self, name: &str, around: Around<'_>) -> Option<Diagnostic> {
        if self.facts.stored.contains(name) || self.facts.is_open || !self.is_closed {
            return None;
        }
        if SCHEDULE_VARIABLES.contains(&name) {
            return (!self.has_schedule).then(|| unknown::needs_schedule(name));
        }
        if name == RETRY_VARIABLE {
            return Some(unknown::needs_retry(name));
        }
        let elsewhere = self.facts.exported.get(name).and_then(Option::as_ref);
        Some(unknown::undefined(name, around.all, &self.facts.stored, elsewhere))
    }
}

/// Keys whose value is not evaluated with the task.
fn is_skipped(key: &str) -> bool {
    matches!(key, "_do" | "_else_do" | "_error" | "_check")
}

fn uses(text: &str, name: &str) -> bool {
    expressions(text).any(|(_, expression)| {
        free_names(expression).is_some_and(|names| names.iter().any(|used| used == name))
    })
}

fn end_of_line(text: &str, offset: usize) -> usize {
    offset + text[offset..].lines().next().unwrap_or_default().trim_end().len()
}

fn end_of_word(text: &str, offset: usize) -> usize {
    let line = end_of_line(text, offset);
    text[offset..line].find('}').map_or(line, |length| offset + length + 1)
}
