//! Comma-separated values as BigQuery reads them.
//!
//! A reader of our own, because an empty value is NULL and a quoted empty one a text, and common readers do not tell
//! them apart.

use serde_json::Value;

use super::source::Source;
use super::stage::Stage;
use super::values::scalar;
use crate::error::BqError;
use crate::jobs::config::{CsvDialect, Encoding};
use crate::schema::{Field, FieldType, Mode};

/// What the lines themselves decided, or the job.
pub(super) struct Rules {
    pub(super) delimiter: char,
    /// Lines at the beginning of each file that are no rows.
    pub(super) skip: usize,
    pub(super) ignore_unknown: bool,
}

/// Puts the rows of all files on the stage.
///
/// # Errors
/// `invalid` when more rows are bad than allowed.
pub(super) fn rows(
    mut stage: Stage,
    sources: &[Source],
    fields: &[Field],
    dialect: &CsvDialect,
    rules: &Rules,
) -> Result<Stage, BqError> {
    for source in sources {
        let bytes = source.bytes()?;
        stage.read(bytes.len());
        let text = decoded(bytes, dialect.encoding).map_err(|why| source.unreadable(&why))?;
        for (number, line) in Lines::new(&text, dialect, rules.delimiter).enumerate() {
            if number < rules.skip {
                continue;
            }
            match line.and_then(|line| row(&line, fields, dialect, rules.ignore_unknown)) {
                Ok(row) => stage.good(&row)?,
                Err(why) => stage.bad(source, number + 1, &why)?,
            }
        }
    }
    Ok(stage)
}

fn row(
    line: &[Cell],
    fields: &[Field],
    dialect: &CsvDialect,
    ignore_unknown: bool,
) -> Result<Vec<Value>, String> {
    if line.len() > fields.len() && !ignore_unknown {
        return Err(format!("Too many values: {} for {} columns", line.len(), fields.len()));
    }
    if line.len() < fields.len() && !dialect.jagged {
        return Err(format!(
            "CSV table references column position {}, but the line contains only {} columns",
            fields.len() - 1,
            line.len()
        ));
    }
    let cells = line.iter().map(Some).chain(std::iter::repeat(None));
    fields.iter().zip(cells).map(|(field, cell)| value(field, cell, dialect)).collect()
}

fn value(field: &Field, cell: Option<&Cell>, dialect: &CsvDialect) -> Result<Value, String> {
    let is_text = matches!(field.kind, FieldType::String | FieldType::Bytes);
    let null = |cell: &Cell| match &dialect.null {
        Some(marker) => !cell.quoted && cell.text == *marker,
        None => cell.text.is_empty() && !(cell.quoted && is_text),
    };
    match cell {
        Some(cell) if !null(cell) => {
            scalar(&cell.text, field.kind).map_err(|why| format!("{why}; Field: {}", field.name))
        }
        Some(_) | None if field.mode == Mode::Required => {
            Err(format!("Missing required field: {}.", field.name))
        }
        Some(_) | None => Ok(Value::Null),
    }
}

/// One value of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) quoted: bool,
}

/// The lines of a file, each as its values; a broken line is a sentence about it.
pub(super) struct Lines<'a> {
    text: &'a str,
    delimiter: char,
    quote: Option<char>,
    quoted_newlines: bool,
}

/// The text of a file.
///
/// # Errors
/// A sentence for bytes that are not of this encoding.
pub(super) fn decoded(bytes: Vec<u8>, encoding: Encoding) -> Result<String, String> {
    let text = match encoding {
        Encoding::Latin1 => bytes.into_iter().map(char::from).collect(),
        Encoding::Utf8 => String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter();
            let line = line.filter(|byte| **byte == b'\n').count() + 1;
            format!("Invalid UTF-8 in line {line}; name the encoding, such as ISO-8859-1")
        })?,
    };
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, dialect: &CsvDialect, delimiter: char) -> Self {
        let CsvDialect { quote, quoted_newlines, .. } = *dialect;
        Self { text, delimiter, quote, quoted_newlines }
    }

    /// The next line that is not blank.
    fn line(&mut self) -> Option<Result<Vec<Cell>, String>> {
        loop {
            let blank = self.text.strip_prefix("\r\n").or_else(|| self.text.strip_prefix('\n'));
            match blank {
                Some(rest) => self.text = rest,
                None => break,
            }
        }
        if self.text.is_empty() {
            return None;
        }
        let mut cells = Vec::new();
        loop {
            let (cell, end) = match self.quote {
                Some(quote) if self.text.starts_with(quote) => match self.quoted(quote) {
                    Ok(found) => found,
                    Err(why) => {
                        self.skip_line();
                        return Some(Err(why));
                    }
                },
                Some(_) | None => self.plain(),
            };
            cells.push(cell);
            match end {
                End::Value => {}
                End::Line => return Some(Ok(cells)),
            }
        }
    }

    fn plain(&mut self) -> (Cell, End) {
        let end = self.text.find([self.delimiter, '\n']).unwrap_or(self.text.len());
        let (text, rest) = self.text.split_at(end);
        let line_end = !rest.starts_with(self.delimiter);
        let text = if line_end { text.strip_suffix('\r').unwrap_or(text) } else { text };
        let cell = Cell { text: text.to_owned(), quoted: false };
        self.text = rest;
        (cell, self.end())
    }

    fn quoted(&mut self, quote: char) -> Result<(Cell, End), String> {
        let mut text = String::new();
        let mut rest = &self.text[quote.len_utf8()..];
        loop {
            let Some(at) = rest.find(quote) else {
                return Err("Unterminated quoted value".into());
            };
            text.push_str(&rest[..at]);
            rest = &rest[at + quote.len_utf8()..];
            match rest.strip_prefix(quote) {
                Some(after) => {
                    text.push(quote);
                    rest = after;
                }
                None => break,
            }
        }
        if !self.quoted_newlines && text.contains('\n') {
            return Err("Missing close quote character; a line break inside of quotes needs \
                        allowQuotedNewlines"
                .into());
        }
        let line_end = rest.strip_prefix("\r\n").is_some() || rest.starts_with('\n');
        if !line_end && !rest.is_empty() && !rest.starts_with(self.delimiter) {
            return Err("Data between close quote character and field separator".into());
        }
        self.text = rest.strip_prefix('\r').filter(|_| line_end).unwrap_or(rest);
        Ok((Cell { text, quoted: true }, self.end()))
    }

    /// Goes past the delimiter or the line break that follows.
    fn end(&mut self) -> End {
        if let Some(rest) = self.text.strip_prefix(self.delimiter) {
            self.text = rest;
            return End::Value;
        }
        self.text = self.text.strip_prefix('\n').unwrap_or(self.text);
        End::Line
    }

    fn skip_line(&mut self) {
        self.text = self.text.split_once('\n').map_or("", |(_, rest)| rest);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Value,
    Line,
}

impl Iterator for Lines<'_> {
    type Item = Result<Vec<Cell>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(quoted_newlines: bool) -> CsvDialect {
        CsvDialect {
            delimiter: None,
            quote: Some('"'),
            skip: None,
            null: None,
            encoding: Encoding::Utf8,
            quoted_newlines,
            jagged: false,
        }
    }

    fn texts(text: &str, quoted_newlines: bool) -> Vec<Result<Vec<String>, String>> {
        let dialect = dialect(quoted_newlines);
        let lines = Lines::new(text, &dialect, ',');
        lines.map(|line| Ok(line?.into_iter().map(|cell| cell.text).collect())).collect()
    }

    #[test]
    fn values_may_be_quoted_and_lines_may_end_in_both_ways() {
        let lines = texts("a,\"b,\"\"c\"\"\",\r\n\n1,2,\"3\"\n\"x\",,y", false);

        assert_eq!(
            lines,
            [
                Ok(vec!["a".into(), "b,\"c\"".into(), String::new()]),
                Ok(vec!["1".into(), "2".into(), "3".into()]),
                Ok(vec!["x".into(), String::new(), "y".into()]),
            ]
        );
    }

    #[test]
    fn a_quoted_empty_value_is_told_from_an_empty_one() {
        let dialect = dialect(false);

        let line = Lines::new("\"\",", &dialect, ',').next().unwrap().unwrap();

        assert_eq!([line[0].quoted, line[1].quoted], [true, false]);
    }

    #[test]
    fn a_broken_line_is_told_and_the_next_one_is_read() {
        let lines = texts("\"a\"b,1\nc,2\n", false);

        assert!(lines[0].is_err());
        assert_eq!(lines[1], Ok(vec!["c".into(), "2".into()]));
    }

    #[test]
    fn line_breaks_in_quotes_need_permission() {
        let text = "\"a\nb\",1\n";

        assert_eq!(texts(text, true), [Ok(vec!["a\nb".into(), "1".into()])]);
        assert!(texts(text, false)[0].is_err());
    }

    #[test]
    fn bytes_of_another_encoding_are_read_when_it_is_named() {
        let bytes = vec![b'a', b'\n', 0xe9];

        assert_eq!(decoded(bytes.clone(), Encoding::Latin1).unwrap(), "a\né");
        assert!(decoded(bytes, Encoding::Utf8).unwrap_err().contains("line 2"));
    }
}
