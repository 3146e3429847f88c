//! Which `.dig` files of a project other files name: judged by the text, so that nothing is called unreachable that
//! may be reached.

use std::collections::BTreeSet;

use himekuri_workflow::{Diagnostic, Position, ProjectFiles, codes};

/// Endings of files that can hold a `call>` or an `!include`.
const READ_BY_YAML: &[&str] = &[".dig", ".yml", ".yaml", ".json"];

/// Names of files without folder and `.dig`.
#[derive(Debug, Default)]
pub(super) struct Reached {
    named: BTreeSet<String>,
    /// A name is made at run time: any file may be reached.
    is_dynamic: bool,
}

impl Reached {
    pub(super) fn of(files: &ProjectFiles) -> Self {
        let mut reached = Reached::default();
        let paths = files.paths().filter(|path| READ_BY_YAML.iter().any(|end| path.ends_with(end)));
        for text in paths.filter_map(|path| files.text(path).ok()) {
            for line in text.lines() {
                reached.line(line);
            }
        }
        reached
    }

    fn line(&mut self, line: &str) {
        let has_type = line.trim_start().starts_with("_type") && !line.trim_end().ends_with(" bq");
        let is_command = line.trim_start().starts_with("_command");
        if has_type || is_command || line.contains("_workdir") || line.contains("http_call>") {
            self.is_dynamic = true;
        }
        for key in ["call>", "require>", "!include"] {
            let Some((_, rest)) = line.split_once(key) else { continue };
            let Some(target) = rest.trim_start_matches(['"', '\'', ' ', '\t']).strip_prefix(':')
            else {
                continue;
            };
            if target.contains("${") || target.trim().is_empty() {
                self.is_dynamic = true;
                continue;
            }
            let target = target.split(" #").next().unwrap_or(target);
            let target = target
                .trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '}' | ','));
            self.named.insert(stem(target).to_owned());
        }
    }

    /// Whether another file may run or include the workflow, which then has variables that are not its own.
    pub(super) fn may_be_called(&self, workflow: &str) -> bool {
        self.is_dynamic || self.named.contains(workflow)
    }

    /// Remarks on files in folders that nothing names. Those at the top are workflows of their own.
    pub(super) fn unreachable(&self, files: &ProjectFiles) -> Vec<Diagnostic> {
        if self.is_dynamic {
            return Vec::new();
        }
        let inner = files.paths().filter(|path| path.contains('/') && path.ends_with(".dig"));
        inner
            .filter(|path| !self.named.contains(stem(path)))
            .map(|path| {
                let message = "nothing in the project calls or includes this file";
                Diagnostic::info(codes::UNREACHABLE_FILE, message)
                    .at(Position::start_of(path))
                    .with_help("a `.dig` file in a folder runs only through `call>` or `!include :`; move it to the top to make it a workflow")
            })
            .collect()
    }
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".dig").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable(root: &str) -> Vec<String> {
        let files = ProjectFiles::from_iter([("wf.dig", root), ("a/b.dig", "+x:\n  echo>: x\n")]);
        let found = Reached::of(&files).unreachable(&files);
        found.iter().map(|problem| problem.position.clone().expect("a place").to_string()).collect()
    }

    #[test]
    fn a_file_is_unreachable_only_if_nothing_can_name_it() {
        let table = [
            ("+a:\n  echo>: x\n", vec!["a/b.dig:1:1".to_owned()]),
            ("+a:\n  call>: a/b\n", Vec::new()),
            ("+a:\n  call>: 'a/b.dig' # why\n", Vec::new()),
            ("+a: {call>: a/b}\n", Vec::new()),
            ("+a:\n  !include : a/b.dig\n", Vec::new()),
            ("+a:\n  call>: ${x}\n", Vec::new()),
            ("+a:\n  _type: call\n  _command: a/b\n", Vec::new()),
        ];

        for (root, expected) in table {
            assert_eq!(unreachable(root), expected, "{root}");
        }
    }
}
