//! A mapping while it is read: duplicate keys, `<<` merges, and the repeated key `!include :`.

use std::collections::HashMap;

use crate::codes;
use crate::diagnostic::Diagnostics;

use super::node::{Entry, Kind, Node, Span};

/// A key, before its value is known.
pub(super) struct Key {
    pub(super) span: Span,
    pub(super) kind: KeyKind,
}

pub(super) enum KeyKind {
    Name(String),
    /// `!include :`
    Include,
    /// `<<:`
    Merge,
}

/// Entries so far.
#[derive(Default)]
pub(super) struct MappingBuilder {
    entries: Vec<Entry>,
    /// Where a key stands in `entries`, and whether it came by `<<`.
    index: HashMap<String, (usize, Origin)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Origin {
    Written,
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
            KeyKind::Merge => self.merge(&key.span, value),
            KeyKind::Name(name) => self.add_named(name, key.span, value),
        }
    }

    pub(super) fn finish(self) -> Vec<Entry> {
        self.entries
    }

    fn push_include(&mut self, key_span: Span, value: Node) {
        self.entries.push(Entry { key: String::new(), key_span, value, include: true });
    }

    fn add_named(&mut self, key: String, key_span: Span, value: Node) -> Result<(), Diagnostics> {
        let entry = Entry { key: key.clone(), key_span, value, include: false };
        match self.index.get(&key) {
            None => {
                self.index.insert(key, (self.entries.len(), Origin::Written));
                self.entries.push(entry);
                Ok(())
            }
            Some(&(place, Origin::Merged)) => {
                self.index.insert(key, (place, Origin::Written));
                self.entries[place] = entry;
                Ok(())
            }
            Some(&(place, Origin::Written)) => {
                let first = &self.entries[place].key_span;
                let message = format!("duplicate key `{key}` (first on line {})", first.start.0);
                Err(entry
                    .key_span
                    .error(codes::DUPLICATE_KEY, message)
                    .with_help("remove one of the two, or give it another name")
                    .into())
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

fn not_mergeable(key_span: &Span, value: &Node) -> Diagnostics {
    let message =
        format!("`<<` merges a mapping or a list of mappings, but this is {}", value.describe());
    key_span
        .error(codes::WRONG_TYPE, message)
        .with_help("write `<<: *name` of an anchored mapping")
        .into()
}
