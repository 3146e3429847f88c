//! How large a workflow may be when it is read: bounds far above real projects (a workflow of the
//! talk's kind has some thousand keys and values), so that a hostile or broken file costs less than
//! a second and 64 MiB.

use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics};

use super::node::Span;

/// Deepest nesting of one file with its includes and aliases, and longest chain of includes. Real
/// files stay below 15. A task of the compiled tree takes two JSON levels, and `serde_json` reads
/// 128: so 50 leaves room for a log record around it.
pub(crate) const MAX_DEPTH: usize = 50;

/// Largest file, bytes: as much as a project may push (digdag's bound as well).
const MAX_FILE_BYTES: usize = 2 << 20;

/// Text of one workflow with its includes and alias copies, bytes: eight of the largest files. The
/// tree holds each text once, and the compiled task a second time.
const MAX_TEXT_BYTES: usize = 16 << 20;

/// Keys and values of one workflow with its includes and alias copies. One takes up to 500 bytes in
/// the tree and the compiled tasks together.
const MAX_NODES: usize = 100_000;

/// Files read for one workflow, one that is included again counted again: a small file included over
/// and over costs its parser each time.
const MAX_FILES: usize = 1_000;

/// What one workflow has left of the bounds.
#[derive(Clone)]
pub(crate) struct Budget {
    text: usize,
    nodes: usize,
    files: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { text: MAX_TEXT_BYTES, nodes: MAX_NODES, files: MAX_FILES }
    }

    /// Takes a file of `bytes`, asked for at `at`.
    pub(super) fn file(&mut self, bytes: usize, at: &Span) -> Result<(), Diagnostics> {
        if bytes > MAX_FILE_BYTES {
            let message = format!("the file is larger than {} MiB", MAX_FILE_BYTES >> 20);
            return Err(too_large(at, message));
        }
        let Some(files) = self.files.checked_sub(1) else {
            return Err(too_large(at, format!("the workflow reads more than {MAX_FILES} files")));
        };
        self.files = files;
        self.text(bytes, at)
    }

    /// Takes a key or a value, without the texts of a file.
    pub(super) fn node(&mut self, at: &Span) -> Result<(), Diagnostics> {
        self.nodes(1, at)
    }

    /// Takes a copy of a value.
    pub(super) fn copy(&mut self, size: Size, at: &Span) -> Result<(), Diagnostics> {
        self.nodes(size.nodes, at)?;
        self.text(size.text, at)
    }

    fn nodes(&mut self, nodes: usize, at: &Span) -> Result<(), Diagnostics> {
        self.nodes = self.nodes.checked_sub(nodes).ok_or_else(|| {
            let message = format!(
                "the workflow has more than {MAX_NODES} keys and values, aliases and includes counted in full"
            );
            too_large(at, message)
        })?;
        Ok(())
    }

    fn text(&mut self, bytes: usize, at: &Span) -> Result<(), Diagnostics> {
        self.text = self.text.checked_sub(bytes).ok_or_else(|| {
            let message = format!(
                "the workflow has more than {} MiB of text, aliases and includes counted in full",
                MAX_TEXT_BYTES >> 20
            );
            too_large(at, message)
        })?;
        Ok(())
    }
}

/// What a copy of a value takes.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) nodes: usize,
    pub(super) text: usize,
}

fn too_large(at: &Span, message: String) -> Diagnostics {
    at.error(codes::TOO_LARGE, message).with_help("repeat less, or split the workflow").into()
}

pub(super) fn too_deep(at: &Span) -> Diagnostic {
    at.error(codes::TOO_LARGE, format!("the text is nested deeper than {MAX_DEPTH} levels"))
        .with_help("split the workflow with `call>`")
}

/// For includes that follow one another without nesting.
pub(super) fn chain_too_long(at: &Span) -> Diagnostic {
    let message = format!("files include one another more than {MAX_DEPTH} deep");
    at.error(codes::TOO_LARGE, message).with_help("include the last of them directly")
}
