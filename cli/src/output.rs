//! Standard output: tables for people, JSON for programs.

use std::io::{self, ErrorKind, IsTerminal, Write};

use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use console::Term;
use serde::Serialize;

/// A line of text. A reader that has seen enough (`| head`) ends the program, and quietly.
pub(crate) fn line(text: impl std::fmt::Display) {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Ok(()) => {}
        Err(error) => tracing::error!("could not write to standard output: {error}"),
    }
}

/// One line beside the result, for the eye.
#[expect(clippy::print_stderr, reason = "a hint is for the eye, not for a pipe")]
pub(crate) fn aside(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// A question, with the cursor behind it.
pub(crate) fn ask(question: &str) -> io::Result<()> {
    let mut terminal = io::stderr();
    write!(terminal, "{question}")?;
    terminal.flush()
}

/// One JSON value on a line of its own.
pub(crate) fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?);
    Ok(())
}

/// A table that fits the terminal; plain columns when it goes elsewhere.
pub(crate) fn table<const N: usize, C: Into<Cell>>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [C; N]>,
) {
    line(table_text(header, rows, Target::of_output()));
}

/// How much of a text is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// What the screen holds; how much was left out is said.
    OfScreen,
    /// Each: it is the last time.
    All,
}

/// Draws over what is on a screen, line by line: a screen that is wiped first flickers.
pub(crate) fn redraw(screen: &Term, text: &str, rows: Rows) -> io::Result<()> {
    let height = usize::from(screen.size().0);
    let text = match rows {
        Rows::OfScreen => fitted(text, height),
        Rows::All => text.to_owned(),
    };
    let mut drawing = String::from("\x1b[H");
    for line in text.lines() {
        drawing.push_str(line);
        // What was there before, to the line's end.
        drawing.push_str("\x1b[K\r\n");
    }
    drawing.push_str("\x1b[J");
    screen.write_str(&drawing)?;
    screen.flush()
}

/// As many lines as fit, with the last line of the screen for the cursor.
fn fitted(text: &str, height: usize) -> String {
    let count = text.lines().count();
    let room = height.saturating_sub(1).max(2);
    if count <= room {
        return text.to_owned();
    }
    let shown: Vec<&str> = text.lines().take(room - 1).collect();
    let hidden = counted(count - shown.len(), "more line");
    format!("{}\n... {hidden}; a larger window shows them", shown.join("\n"))
}

/// Who reads a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Somebody before a terminal: lines are drawn, and long cells wrapped.
    Terminal,
    /// The same, with as many rows as a screen can hold: no lines between them.
    Screen,
    /// A file or a program: a row is a line.
    Elsewhere,
}

impl Target {
    pub(crate) fn of_output() -> Self {
        match std::io::stdout().is_terminal() {
            true => Self::Terminal,
            false => Self::Elsewhere,
        }
    }
}

/// The text of [`table`].
pub(crate) fn table_text<const N: usize, C: Into<Cell>>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [C; N]>,
    target: Target,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    match target {
        Target::Terminal => {
            table.load_style(presets::UTF8_HORIZONTAL_ONLY);
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        Target::Screen => {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        Target::Elsewhere => {
            table.force_no_tty();
        }
    }
    for row in rows {
        table.add_row(row.map(Into::into));
    }
    table.trim_fmt()
}

/// A cell in a colour, if standard output takes it.
pub(crate) fn painted(text: impl ToString, colour: Color) -> Cell {
    let cell = Cell::new(text);
    if console::colors_enabled() { cell.fg(colour) } else { cell }
}

/// A number with its thing: `1 error`, `2 errors`.
pub(crate) fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// A number with separators of thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_for_a_file_is_a_line_for_each_row_without_colour_and_blanks_at_the_end() {
        let rows = [["a".to_owned(), "long ".repeat(50)], ["b".to_owned(), String::new()]];

        let text = table_text(["NAME", "NOTE"], rows, Target::Elsewhere);

        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| line == line.trim_end() && !line.contains('\x1b')));
    }

    #[test]
    fn a_screen_gets_what_fits_and_is_told_what_does_not() {
        let text = "a\nb\nc\nd";

        assert_eq!(fitted(text, 5), text);
        assert_eq!(fitted(text, 4), "a\nb\n... 2 more lines; a larger window shows them");
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
