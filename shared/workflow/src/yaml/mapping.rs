//! A mapping while it is read: duplicate keys, `<<` merges, and the repeated key `!include :`.

use std::collections::HashMap;

use crate::codes;
use crate::diagnostic::Diagnostics;

use super::key::{Form, Key, KeyKind};
use super::node::{Entry, Kind, Node, Span};

/// Entries so far.
#[derive(Default)]
pub(super) struct MappingBuilder {
    entries: Vec<Entry>,
    /// Where a key stands in `entries`, and whether it came by `<<`.
    index: HashMap<String, (usize, Origin)>,
    /// Lines of the keys that are written in another form than their name, and of `<<`.
    other_forms: HashMap<String, u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum Origin {
    /// Written just so.
    Written,
    /// Written in another form: `0x1F` for `31`.
    OtherForm,
    Merged,
}

impl MappingBuilder {
    /// Adds a written pair.
    pub(super) fn add(&mut self, key: Key, value: Node) -> Result<(), Diagnostics> {
        match key.kind {
            KeyKind::Include => {
                self.push_include(key.span, value);
                Ok(())
            }
            KeyKind::Merge => {
                self.note_form("<<", &key.span)?;
                self.merge(&key.span, value)
            }
            KeyKind::Name { name, form } => self.add_named(name, &form, key.span, value),
        }
    }

    pub(super) fn finish(self) -> Vec<Entry> {
        self.entries
    }

    fn push_include(&mut self, key_span: Span, value: Node) {
        self.entries.push(Entry { key: String::new(), key_span, value, include: true });
    }

    /// Two keys are duplicates if they are written alike, as in digdag. Of two that only mean the
    /// same (`8` and `010`), the later value stands, in the place of the first.
    fn add_named(
        &mut self,
        name: String,
        form: &Form,
        key_span: Span,
        value: Node,
    ) -> Result<(), Diagnostics> {
        let origin = match form {
            Form::Same => {
                if let Some(line) = self.line_of(&name) {
                    return Err(duplicate(&name, line, &key_span));
                }
                Origin::Written
            }
            Form::Other(written) => {
                self.note_form(written, &key_span)?;
                Origin::OtherForm
            }
            Form::Collection => Origin::OtherForm,
        };
        let entry = Entry { key: name.clone(), key_span, value, include: false };
        match self.index.get(&name) {
            Some(&(place, _)) => {
                self.index.insert(name, (place, origin));
                self.entries[place] = entry;
            }
            None => {
                self.index.insert(name, (self.entries.len(), origin));
                self.entries.push(entry);
            }
        }
        Ok(())
    }

    fn note_form(&mut self, written: &str, key_span: &Span) -> Result<(), Diagnostics> {
        if let Some(line) = self.line_of(written) {
            return Err(duplicate(written, line, key_span));
        }
        self.other_forms.insert(written.to_owned(), key_span.start.0);
        Ok(())
    }

    /// Line of the key that is written as `written`.
    fn line_of(&self, written: &str) -> Option<u32> {
        match self.index.get(written) {
            Some(&(place, Origin::Written)) => Some(self.entries[place].key_span.start.0),
            Some((_, Origin::OtherForm | Origin::Merged)) | None => {
                self.other_forms.get(written).copied()
            }
        }
    }

    /// `<<: *base` or `<<: [*a, *b]`: the entries come in where the `<<` stands; written keys and
    /// earlier merges win (snakeyaml `SafeConstructor.mergeNode`).
    fn merge(&mut self, key_span: &Span, value: Node) -> Result<(), Diagnostics> {
        match value.kind {
            Kind::Map(entries) => {
                self.merge_entries(entries);
                Ok(())
            }
            Kind::List(items) => items.into_iter().try_for_each(|item| match item.kind {
                Kind::Map(entries) => {
                    self.merge_entries(entries);
                    Ok(())
                }
                Kind::List(_) | Kind::Scalar(_) => Err(not_mergeable(key_span, &item)),
            }),
            Kind::Scalar(_) => Err(not_mergeable(key_span, &value)),
        }
    }

    fn merge_entries(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            if entry.include {
                self.entries.push(entry);
            } else if !self.index.contains_key(&entry.key) {
                self.index.insert(entry.key.clone(), (self.entries.len(), Origin::Merged));
                self.entries.push(entry);
            }
        }
    }
}

fn duplicate(written: &str, first_line: u32, key_span: &Span) -> Diagnostics {
    let message = format!("duplicate key `{written}` (first on line {first_line})");
    let help = if written == "<<" {
        "merge several mappings with one key: `<<: [*a, *b]`"
    } else {
        "remove one of the two, or give it another name"
    };
    key_span.error(codes::DUPLICATE_KEY, message).with_help(help).into()
}

fn not_mergeable(key_span: &Span, value: &Node) -> Diagnostics {
    let message =
        format!("`<<` merges a mapping or a list of mappings, but this is {}", value.describe());
    key_span
        .error(codes::WRONG_TYPE, message)
        .with_help("write `<<: *name` of an anchored mapping")
        .into()
}
