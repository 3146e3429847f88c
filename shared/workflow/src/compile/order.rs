//! `_background` and `_after`: which of them a parent allows (digdag `WorkflowCompiler`).

use std::collections::BTreeSet;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::suggest::did_you_mean;
use crate::task::{Parallel, TaskDefinition};

/// Siblings compared with a misspelt name: the search is slow, and a group of more is generated.
const MAX_COMPARED: usize = 1_000;

/// The problem of a child's place among its `earlier` siblings, if there is one.
pub(super) fn check(
    child: &TaskDefinition,
    full_name: &str,
    earlier: &BTreeSet<&str>,
    parallel: Parallel,
) -> Option<Diagnostic> {
    let place = |key: &str| child.positions.key(&format!("/{key}"));
    let error = |key: &str, message: String| {
        let position = place(key).unwrap_or_else(|| child.position.clone());
        Diagnostic::error(codes::MISPLACED_ORDER, message).at_text(position, key)
    };
    let problem = match parallel {
        // digdag asks for the key, whatever its value.
        Parallel::No if place("_after").is_some() => {
            error("_after", "`_after` needs a parent with `_parallel`".to_owned())
                .with_help("write `_parallel: true` in the task around it, or remove `_after`: tasks run in file order")
        }
        Parallel::Yes | Parallel::Limit(_) if child.background => {
            error("_background", "`_background` has no place in a task with `_parallel`".to_owned())
                .with_help("remove it: the tasks run at once anyway; `_after` makes one wait")
        }
        Parallel::No => return None,
        Parallel::Yes | Parallel::Limit(_) => {
            let missing = child.after.iter().find(|name| !earlier.contains(name.as_str()))?;
            let message = format!("`_after` names `{missing}`, but no earlier task beside it has this name");
            let help = did_you_mean(missing, earlier.iter().copied().take(MAX_COMPARED)).map_or_else(
                || "name tasks of the same group that stand above, with their `+`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            error("_after", message).with_help(help)
        }
    };
    Some(problem.in_task(full_name))
}
