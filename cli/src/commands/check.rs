//! `himekuri check`.

use std::path::PathBuf;

use himekuri_coordinator::check;
use himekuri_workflow::Severity;

use crate::failure::SaidAlready;
use crate::{diagnostics, output, project};

/// Show every problem of a project that can be known before it runs.
///
/// Exit code 0 when there are no errors (warnings may be), 1 when there are.
///
/// Example:
///   himekuri check examples/title_a
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

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let revision = project::read(&arguments.folder)?;
    let checked = check(&revision.files)?;
    for problem in &checked.problems {
        if arguments.json {
            output::json_line(&diagnostics::to_json(problem))?;
        } else {
            diagnostics::print(problem, &revision.files);
        }
    }
    let count = |severity| checked.problems.iter().filter(|p| p.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if !arguments.json {
        let compiled = output::counted(checked.workflows.len(), "workflow");
        let errors = output::counted(errors, "error");
        let warnings = output::counted(warnings, "warning");
        output::line(format!("{}: {compiled}, {errors}, {warnings}", revision.project));
    }
    if errors > 0 { Err(SaidAlready.into()) } else { Ok(()) }
}
