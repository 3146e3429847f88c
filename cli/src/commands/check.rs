//! `himekuri check`.

use std::path::{Path, PathBuf};

use himekuri_coordinator::check;
use himekuri_project::{ProjectError, read_folder};
use himekuri_workflow::{Diagnostic, Position, ProjectFiles, Severity, codes};

use crate::failure::{SaidAlready, Usage};
use crate::{diagnostics, output, project};

/// Show every problem of a project that can be known before it runs.
///
/// Errors refuse the project; warnings are about what runs, but probably not as meant; remarks are good to know for
/// those who come from digdag. `himekuri explain CODE` tells more about one.
///
/// With --json, each problem is one line: severity (error, warning, info), kind (load, compile, lint), code, file,
/// line, column, end_line, end_column (from 1, end exclusive), message, help, task.
///
/// Exit code: 0 no errors, 1 errors, 2 the command line cannot be read or the folder cannot be opened.
///
/// Examples:
///   himekuri check examples/title_a
///   himekuri check --json | jq -r 'select(.severity == "error") | .message'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Folder of the project.
    #[arg(value_name = "PROJECT", default_value = ".")]
    folder: PathBuf,
    /// One JSON object a line for each problem.
    #[arg(long)]
    json: bool,
}

/// For a file that cannot be read.
const GENERAL_CURE: &str = "correct it, or exclude it with a line in `.digdagignore`";

/// What was found.
struct Found {
    files: ProjectFiles,
    workflows: usize,
    problems: Vec<Diagnostic>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let found = find(&arguments.folder)?;
    for problem in &found.problems {
        if arguments.json {
            output::json_line(&diagnostics::to_json(problem))?;
        } else {
            diagnostics::print(problem, &found.files);
        }
    }
    let count = |severity| found.problems.iter().filter(|p| p.severity == severity).count();
    if !arguments.json {
        // The worst one is what people ask about first.
        let errors_first = |p: &&Diagnostic| p.severity != Severity::Error;
        if let Some(problem) = found.problems.iter().min_by_key(errors_first) {
            output::aside(format!("more about a problem: himekuri explain {}", problem.code));
        }
        output::line(format!(
            "{}: {}, {}, {}, {}",
            project::name_of(&arguments.folder)?,
            output::counted(found.workflows, "workflow"),
            output::counted(count(Severity::Error), "error"),
            output::counted(count(Severity::Warning), "warning"),
            output::counted(count(Severity::Info), "remark"),
        ));
    }
    if count(Severity::Error) > 0 { Err(SaidAlready.into()) } else { Ok(()) }
}

fn find(folder: &Path) -> anyhow::Result<Found> {
    match read_folder(folder) {
        Ok(files) => {
            let checked = check(&files)?;
            Ok(Found { files, workflows: checked.workflows.len(), problems: checked.problems })
        }
        Err(error @ ProjectError::Open { .. }) => {
            Err(Usage(project::not_opened(folder, error)).into())
        }
        Err(error) => {
            let problems = vec![unreadable(&error, folder)];
            Ok(Found { files: ProjectFiles::default(), workflows: 0, problems })
        }
    }
}

/// Something in the folder that keeps it from being a project.
fn unreadable(error: &ProjectError, folder: &Path) -> Diagnostic {
    let text = error.to_string();
    let (message, help) = text.split_once("; ").unwrap_or((&text, GENERAL_CURE));
    let reason = std::error::Error::source(error).map(|source| format!(": {source}"));
    let message = format!("{message}{}", reason.unwrap_or_default());
    // The place is named relative to the project, as everywhere.
    let root = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let message = message.replace(&format!("{}/", root.display()), "");
    let problem = Diagnostic::error(codes::BAD_PROJECT_FILE, message).with_help(help);
    match error {
        ProjectError::Read { path, .. }
        | ProjectError::OutgoingLink { path, .. }
        | ProjectError::BrokenLink { path, .. }
        | ProjectError::LinkCycle { path }
        | ProjectError::TooDeep { path } => problem.at(Position::start_of(path.as_str())),
        ProjectError::TooLarge(himekuri_project::LimitsExceeded::File { path, .. }) => {
            problem.at(Position::start_of(path.as_str()))
        }
        ProjectError::Ignore { .. } => problem.at(Position::start_of(".digdagignore")),
        ProjectError::Open { .. }
        | ProjectError::Name { .. }
        | ProjectError::TooLarge(
            himekuri_project::LimitsExceeded::Total { .. }
            | himekuri_project::LimitsExceeded::Count { .. },
        ) => problem,
    }
}
