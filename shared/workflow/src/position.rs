//! Where a thing stands in the project's text: kept with every task, so that a failure at run time
//! still names the file, the line and the column.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A place in a file; line and column count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Path from the project's folder.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The beginning of a file: the place of a problem that has no narrower one.
    #[must_use]
    pub fn start_of(file: impl Into<Arc<str>>) -> Self {
        Self { file: file.into(), line: 1, column: 1 }
    }

    /// Where a byte offset of a file's text is.
    #[must_use]
    pub fn in_text(file: impl Into<Arc<str>>, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (mut line, mut column) = (0, 0);
        for text in lines(before) {
            line += 1;
            column = text.chars().count() + 1;
        }
        Self { file: file.into(), line: count(line), column: count(column) }
    }
}

/// The lines of a file without their ends. A lone carriage return ends a line too, as the YAML
/// parser counts.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text.strip_prefix('\u{feff}').unwrap_or(text));
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.find(['\n', '\r']);
        let (line, after) = text.split_at(end.unwrap_or(text.len()));
        let ends = ["\r\n", "\n", "\r"];
        rest = ends.iter().find_map(|end| after.strip_prefix(end));
        Some(line)
    })
}

/// The line with this number, from 1.
pub(crate) fn line_of(text: &str, number: u32) -> Option<&str> {
    lines(text).nth(usize::try_from(number.checked_sub(1)?).ok()?)
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A text that is not `file:line:column`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a position of the form `file:line:column`")]
pub struct ParsePositionError {
    text: String,
}

impl FromStr for Position {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, ParsePositionError> {
        let parse = || {
            let (rest, column) = text.rsplit_once(':')?;
            let (file, line) = rest.rsplit_once(':')?;
            Some(Self { file: file.into(), line: line.parse().ok()?, column: column.parse().ok()? })
        };
        parse().ok_or_else(|| ParsePositionError { text: text.to_owned() })
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where the value stands.
    pub position: Position,
}

/// Places of one mapping entry or list element. The key of a list element is the element itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// `None`: the file of the task.
    pub(crate) file: Option<Arc<str>>,
    pub(crate) key: (u32, u32),
    pub(crate) value: (u32, u32),
}

/// Places of everything in a task's mapping, by JSON pointer within it (`/destination_table`,
/// `/_export/DATE`).
///
/// In JSON it is a map of pointer to `"line:column"` of the value, or `"line:column line:column"`
/// of key and value, followed by the file where that is not the task's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Positions {
    file: Arc<str>,
    places: BTreeMap<String, Place>,
}

impl Positions {
    pub(crate) fn new(file: Arc<str>) -> Self {
        Self { file, places: BTreeMap::new() }
    }

    pub(crate) fn insert(
        &mut self,
        pointer: String,
        file: &Arc<str>,
        key: (u32, u32),
        value: (u32, u32),
    ) {
        let file = (*file != self.file).then(|| Arc::clone(file));
        self.places.insert(pointer, Place { file, key, value });
    }

    /// Where the value at `pointer` stands.
    #[must_use]
    pub fn value(&self, pointer: &str) -> Option<Position> {
        self.places.get(pointer).map(|place| self.position(place, place.value))
    }

    /// Where the key at `pointer` stands; for a list element, the element.
    #[must_use]
    pub fn key(&self, pointer: &str) -> Option<Position> {
        self.places.get(pointer).map(|place| self.position(place, place.key))
    }

    /// Where the value at `pointer` stands, or else the nearest value around it.
    #[must_use]
    pub fn nearest(&self, pointer: &str) -> Option<Position> {
        let mut pointer = pointer;
        loop {
            if let Some(position) = self.value(pointer) {
                return Some(position);
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }

    fn position(&self, place: &Place, (line, column): (u32, u32)) -> Position {
        let file = Arc::clone(place.file.as_ref().unwrap_or(&self.file));
        Position { file, line, column }
    }

    /// The same places, written relative to the task's `file` (a decoded map does not know it).
    pub(crate) fn with_file(mut self, file: Arc<str>) -> Self {
        self.file = file;
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// A key as one step of a JSON pointer (RFC 6901).
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key != self.value {
            write!(f, "{}:{} ", self.key.0, self.key.1)?;
        }
        write!(f, "{}:{}", self.value.0, self.value.1)?;
        match &self.file {
            Some(file) => write!(f, " {file}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Place {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, ParsePositionError> {
        let bad = || ParsePositionError { text: text.to_owned() };
        let (first, rest) = split_word(text);
        let first = parse_pair(first).ok_or_else(bad)?;
        let (second, after) = split_word(rest);
        let (value, file) = match parse_pair(second) {
            Some(second) => (second, after),
            None => (first, rest),
        };
        let file = (!file.is_empty()).then(|| Arc::from(file));
        Ok(Self { file, key: first, value })
    }
}

fn split_word(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

fn parse_pair(text: &str) -> Option<(u32, u32)> {
    let (line, column) = text.split_once(':')?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

impl Serialize for Positions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_map(self.places.iter().map(|(pointer, place)| (pointer, place.to_string())))
    }
}

impl<'de> Deserialize<'de> for Positions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
        let places = texts
            .into_iter()
            .map(|(pointer, text)| Ok((pointer, text.parse()?)))
            .collect::<Result<_, ParsePositionError>>()
            .map_err(serde::de::Error::custom)?;
        Ok(Self { file: Arc::from(""), places })
    }
}
