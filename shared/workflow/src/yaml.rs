//! Reading a `.dig` file: text to a tree of typed nodes that know where they stand, includes merged
//! in.
//!
//! Stock YAML loaders cannot do it: the same tagged key `!include :` may stand several times in one
//! mapping, and scalars are typed by digdag's own rules. So a parser gives the events, and the tree
//! is made here.

mod compose;
mod include;
mod key;
mod mapping;
mod node;
mod scalar;
mod syntax;
mod tabs;
mod tags;

pub(crate) use include::load;
pub use include::load_config;
pub(crate) use node::{Entry, Kind, Node, Span};

use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Deepest nesting of one file with its includes and aliases. Real files stay below 15. A task of
/// the compiled tree takes two JSON levels, and `serde_json` reads 128: so 50 leaves room for a log
/// record around it.
const MAX_DEPTH: usize = 50;

/// Memory that one workflow may expand to, in bytes as charged by [`Budget`]: a project file has at
/// most 2 MiB, so this refuses only what repeats itself by aliases or includes.
const MAX_EXPANSION: usize = 64 << 20;

/// What a node costs beside its text: about its size in memory.
const NODE_COST: usize = 64;

/// What is left of [`MAX_EXPANSION`].
pub(crate) struct Budget {
    remaining: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { remaining: MAX_EXPANSION }
    }

    fn charge(&mut self, cost: usize, at: &Span) -> Result<(), Diagnostics> {
        match self.remaining.checked_sub(cost) {
            Some(remaining) => {
                self.remaining = remaining;
                Ok(())
            }
            None => Err(at
                .error(
                    codes::TOO_LARGE,
                    "the file expands to more than 64 MiB by its aliases and includes",
                )
                .with_help("repeat less, or split the workflow")
                .into()),
        }
    }
}

fn too_deep(at: &Span) -> Diagnostic {
    at.error(codes::TOO_LARGE, format!("the text is nested deeper than {MAX_DEPTH} levels"))
        .with_help("split the workflow with `call>`")
}
