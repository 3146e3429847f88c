//! Problems of a project on the terminal, with the line they are in, and as JSON for editors and CI.

use himekuri_workflow::codes::{Kind, kind_of};
use himekuri_workflow::{Diagnostic, ProjectFiles, Severity};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError,
    MietteSpanContents, Report, SourceCode, SourceSpan, SpanContents,
};
use serde::Serialize;

/// One problem as a JSON line.
#[derive(Debug, Serialize)]
struct DiagnosticLine<'a> {
    severity: Severity,
    /// When it is found: `load`, `compile` or `lint`.
    kind: Option<Kind>,
    code: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    message: &'a str,
    help: Option<&'a str>,
    task: Option<&'a str>,
}

/// The JSON form.
pub(crate) fn to_json(problem: &Diagnostic) -> impl Serialize {
    let position = problem.position.as_ref();
    DiagnosticLine {
        severity: problem.severity,
        kind: kind_of(problem.code),
        code: problem.code,
        file: position.map(|position| &*position.file),
        line: position.map(|position| position.line),
        column: position.map(|position| position.column),
        end_line: problem.end.map(|(line, _)| line),
        end_column: problem.end.map(|(_, column)| column),
        message: &problem.message,
        help: problem.help.as_deref(),
        task: problem.task.as_deref(),
    }
}

/// A query that BigQuery refuses.
pub(crate) struct QueryProblem<'a> {
    /// BigQuery's reason, such as `invalidQuery`.
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
    /// Line and column in the SQL, from 1.
    pub(crate) position: Option<(u32, u32)>,
    /// Whose query it is.
    pub(crate) task: &'a str,
    /// Where the SQL comes from.
    pub(crate) file: &'a str,
    /// The SQL as it would be sent.
    pub(crate) sql: &'a str,
}

/// Shows a problem with its line, as compilers do.
pub(crate) fn print(problem: &Diagnostic, files: &ProjectFiles) {
    render(&report(problem, files), problem);
}

/// Shows a refused query with the line of its SQL, which is rendered: no `${...}` is left in it.
pub(crate) fn print_query(problem: &QueryProblem<'_>) {
    let headline = format!("{} (task {})", problem.message, problem.task);
    let code = format!("error[{}]", problem.reason);
    let shown = MietteDiagnostic::new(&headline).with_code(code);
    let Some((line, column)) = problem.position else {
        return render(&Report::new(shown), &headline);
    };
    let file = format!("{} as rendered", problem.file);
    let excerpt = Excerpt::around(&file, problem.sql, line, None);
    let start = excerpt.offset(line, column);
    let length = usize::from(start < excerpt.text.len());
    let label = LabeledSpan::new_with_span(None, (start, length));
    render(&Report::new(shown.and_label(label)).with_source_code(excerpt), &headline);
}

#[expect(clippy::print_stderr, reason = "problems are for the eye, not for a pipe")]
fn render(report: &Report, in_short: &dyn std::fmt::Display) {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme()).with_links(false);
    match handler.render_report(&mut text, report.as_ref()) {
        Ok(()) => eprint!("{}", text.trim_start_matches('\n')),
        Err(_) => eprintln!("{in_short}"),
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
    let (word, severity) = match problem.severity {
        Severity::Error => ("error", miette::Severity::Error),
        Severity::Warning => ("warning", miette::Severity::Warning),
        Severity::Info => ("remark", miette::Severity::Advice),
    };
    let code = format!("{word}[{}]", problem.code);
    let mut shown = MietteDiagnostic::new(headline).with_code(code).with_severity(severity);
    if let Some(help) = &problem.help {
        shown = shown.with_help(help);
    }
    let Some(position) = &problem.position else { return Report::new(shown) };
    let Ok(text) = files.text(&position.file) else { return Report::new(shown) };
    let excerpt = Excerpt::around(&position.file, text, position.line, problem.end);
    let start = excerpt.offset(position.line, position.column);
    let end = problem.end.map_or(start, |(line, column)| excerpt.offset(line, column));
    let length = end.saturating_sub(start).max(1).min(excerpt.text.len().saturating_sub(start));
    let label = LabeledSpan::new_with_span(None, (start, length));
    Report::new(shown.and_label(label)).with_source_code(excerpt)
}

/// The lines around a problem. The whole file would be read from its beginning for each problem.
#[derive(Debug)]
struct Excerpt {
    file: String,
    text: String,
    /// Line before the first one.
    lines_before: usize,
}

impl Excerpt {
    fn around(file: &str, text: &str, line: u32, end: Option<(u32, u32)>) -> Self {
        let index = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        // One line before, one behind.
        let lines_before = index(line).saturating_sub(2);
        let last = index(end.map_or(line, |(line, _)| line)) + 1;
        let lines = text.split_inclusive('\n').skip(lines_before);
        let text = lines.take(last - lines_before).collect();
        Self { file: file.to_owned(), text, lines_before }
    }

    /// Byte offset of a line and column, both from 1.
    fn offset(&self, line: u32, column: u32) -> usize {
        let index = |n: u32| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
        let lines = self.text.split_inclusive('\n');
        let start: usize =
            lines.take(index(line).saturating_sub(self.lines_before)).map(str::len).sum();
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.chars().take(index(column)).map(char::len_utf8).sum::<usize>()
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.text.read_span(span, lines_before, lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.clone(),
            read.data(),
            *read.span(),
            read.line() + self.lines_before,
            read.column(),
            read.line_count(),
        )))
    }
}
