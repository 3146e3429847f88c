//! Problems of a project on the terminal, with the line they are in, and as JSON for editors and CI.

use himekuri_workflow::{Diagnostic, ProjectFiles, Severity};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};
use serde::Serialize;

/// One problem as a JSON line.
#[derive(Debug, Serialize)]
struct DiagnosticLine<'a> {
    severity: Severity,
    code: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    task: Option<&'a str>,
    message: &'a str,
    help: Option<&'a str>,
}

/// The JSON form.
pub(crate) fn to_json(problem: &Diagnostic) -> impl Serialize {
    let position = problem.position.as_ref();
    DiagnosticLine {
        severity: problem.severity,
        code: problem.code,
        file: position.map(|position| &*position.file),
        line: position.map(|position| position.line),
        column: position.map(|position| position.column),
        end_line: problem.end.map(|(line, _)| line),
        end_column: problem.end.map(|(_, column)| column),
        task: problem.task.as_deref(),
        message: &problem.message,
        help: problem.help.as_deref(),
    }
}

/// Shows a problem with its line, as compilers do.
#[expect(clippy::print_stderr, reason = "problems are for the eye, not for a pipe")]
pub(crate) fn print(problem: &Diagnostic, files: &ProjectFiles) {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme()).with_links(false);
    match handler.render_report(&mut text, report(problem, files).as_ref()) {
        Ok(()) => eprint!("{}", text.trim_start_matches('\n')),
        Err(_) => eprintln!("{problem}"),
    }
    eprintln!();
}

fn theme() -> GraphicalTheme {
    use std::io::IsTerminal;
    if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    }
}

fn report(problem: &Diagnostic, files: &ProjectFiles) -> Report {
    let task = problem.task.as_ref().map(|task| format!(" (task `{task}`)"));
    let headline = format!("{}{}", problem.message, task.unwrap_or_default());
    let mut shown = MietteDiagnostic::new(headline).with_code(problem.code);
    shown = shown.with_severity(match problem.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    });
    if let Some(help) = &problem.help {
        shown = shown.with_help(help);
    }
    let Some(position) = &problem.position else { return Report::new(shown) };
    let Ok(text) = files.text(&position.file) else { return Report::new(shown) };
    let start = offset(text, position.line, position.column);
    let end = problem
        .end
        .map_or_else(|| end_of_line(text, start), |(line, column)| offset(text, line, column));
    let length = end.saturating_sub(start).max(1).min(text.len().saturating_sub(start));
    let label = LabeledSpan::new_with_span(None, (start, length));
    let source = NamedSource::new(&position.file, text.to_owned());
    Report::new(shown.and_label(label)).with_source_code(source)
}

/// Byte offset of a 1-based line and column in characters.
fn offset(text: &str, line: u32, column: u32) -> usize {
    let index = |n: u32| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(index(line)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    start + rest.chars().take(index(column)).map(char::len_utf8).sum::<usize>()
}

/// Where the line of `start` ends, without the blanks at its end.
fn end_of_line(text: &str, start: usize) -> usize {
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    start + line.trim_end().len()
}
