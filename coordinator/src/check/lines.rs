//! Files by line: a place is found without reading the file from its beginning each time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use himekuri_workflow::{Position, ProjectFiles};

/// The text of a file and where its lines begin.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    starts: Vec<usize>,
}

/// The lines of all files of a project, each split when it is first asked for.
pub(super) struct Texts<'a> {
    files: &'a ProjectFiles,
    known: RefCell<HashMap<Arc<str>, Option<Rc<Lines<'a>>>>>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(offset, _)| offset + 1);
        Lines { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// Line and column of a byte offset.
    pub(super) fn place(&self, offset: usize) -> (u32, u32) {
        let index = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        (number(index), number(before.chars().count()))
    }

    /// Byte offset of a position; the end of the text if it is beyond.
    pub(super) fn offset(&self, position: &Position) -> usize {
        let index = |n: u32| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(&start) = self.starts.get(index(position.line)) else { return self.text.len() };
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.chars().take(index(position.column)).map(char::len_utf8).sum::<usize>()
    }

    /// A line by its number, without its break.
    pub(super) fn line(&self, number: u32) -> Option<&'a str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.text.get(*self.starts.get(index)?..)?.lines().next()
    }
}

impl<'a> Texts<'a> {
    pub(super) fn of(files: &'a ProjectFiles) -> Self {
        Texts { files, known: RefCell::default() }
    }

    /// The lines of a file; `None` if it is not there or not text.
    pub(super) fn get(&self, path: &Arc<str>) -> Option<Rc<Lines<'a>>> {
        let mut known = self.known.borrow_mut();
        let lines = known
            .entry(Arc::clone(path))
            .or_insert_with(|| self.files.text(path).ok().map(|text| Rc::new(Lines::of(text))));
        lines.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_offsets_are_each_others_inverse() {
        let lines = Lines::of("a\n\u{65e5}b\n\nc");

        for (offset, place) in
            [(0, (1, 1)), (2, (2, 1)), (5, (2, 2)), (6, (2, 3)), (7, (3, 1)), (9, (4, 2))]
        {
            assert_eq!(lines.place(offset), place);
            let position = Position { file: "f".into(), line: place.0, column: place.1 };
            assert_eq!(lines.offset(&position), offset);
        }
        assert_eq!(lines.line(2), Some("\u{65e5}b"));
        assert_eq!(lines.line(9), None);
    }
}
