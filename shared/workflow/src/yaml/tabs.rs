//! Lines of nothing but blanks with a tab among them: digdag's YAML reader refuses them between
//! keys, the parser used here does not. In a quoted text or a block they are content.

use std::collections::BTreeSet;
use std::sync::Arc;

use granit_parser::{Event, ScalarStyle};

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::position::lines;

use super::node::Span;

/// Numbers of such lines, from 1, that are not yet known to be content.
pub(super) struct TabLines(BTreeSet<usize>);

impl TabLines {
    pub(super) fn find(text: &str) -> Self {
        let is_blank = |line: &str| line.contains('\t') && line.trim().is_empty();
        let lines = lines(text).enumerate().filter(|(_, line)| is_blank(line));
        Self(lines.map(|(index, _)| index + 1).collect())
    }

    /// Takes out the lines within a quoted or block scalar.
    pub(super) fn allow_in(&mut self, event: &Event<'_>, span: &granit_parser::Span) {
        if let Event::Scalar(_, style, ..) = event
            && *style != ScalarStyle::Plain
            && !self.0.is_empty()
        {
            let content: Vec<usize> =
                self.0.range(span.start.line()..=span.end.line()).copied().collect();
            for line in content {
                self.0.remove(&line);
            }
        }
    }

    pub(super) fn refuse_others(&self, file: &Arc<str>) -> Result<(), Diagnostics> {
        let Some(&line) = self.0.first() else {
            return Ok(());
        };
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let span = Span { file: Arc::clone(file), start: (line, 1), end: None };
        Err(span
            .error(codes::YAML_SYNTAX, "not valid YAML: the line holds a tab and nothing else")
            .with_help("delete the tab; YAML allows only spaces there")
            .into())
    }
}
