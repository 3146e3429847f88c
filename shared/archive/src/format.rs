//! An attempt as the bytes of an object. Read line by line: a log may be larger than the memory that is left for a copy.

use std::io::{self, BufRead, BufReader, Write};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use himekuri_protocol::AttemptId;
use serde::{Deserialize, Serialize};

use crate::ArchivedAttempt;

/// The format that is written. A reader must know all that were ever written.
const VERSION: u64 = 1;

/// The first line of an object.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    version: u64,
    pub(crate) attempt: AttemptId,
    pub(crate) session_key: String,
    pub(crate) number: u64,
    /// Lines behind the summary.
    pub(crate) records: usize,
}

/// Only this may be read of a version that is not known.
#[derive(Debug, Deserialize)]
struct AnyHead {
    version: u64,
}

/// Why bytes are not an attempt.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// Something is wrong with them.
    Damaged(String),
    /// A newer program wrote them.
    Version { found: u64, known: u64 },
}

/// The bytes; or, if a line would be two, what is in the way.
pub(crate) fn encode(attempt: &ArchivedAttempt) -> Result<Vec<u8>, String> {
    let head = Head::of(attempt);
    let head = serde_json::to_string(&head).map_err(|error| error.to_string())?;
    // The driver needs the processor more than the archive needs the last tenth of its size.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let lines = [&head, &attempt.summary].into_iter().chain(&attempt.log);
    for (place, line) in lines.enumerate() {
        if line.contains('\n') {
            return Err(format!("line {place} of it (its summary is 1) has a line break"));
        }
        let written = encoder.write_all(line.as_bytes()).and_then(|()| encoder.write_all(b"\n"));
        written.map_err(|error| error.to_string())?;
    }
    encoder.finish().map_err(|error| error.to_string())
}

/// Reads an attempt.
pub(crate) fn decode(bytes: &[u8]) -> Result<ArchivedAttempt, Unreadable> {
    let (head, mut lines) = open(bytes)?;
    let summary = lines.next()?;
    let log = (0..head.records).map(|_| lines.next()).collect::<Result<_, _>>()?;
    lines.end()?;
    let Head { attempt, session_key, number, .. } = head;
    Ok(ArchivedAttempt { attempt, session_key, number, summary, log })
}

/// Compares with an attempt; the first difference, if there is one.
pub(crate) fn difference(
    bytes: &[u8],
    expected: &ArchivedAttempt,
) -> Result<Option<String>, Unreadable> {
    let (head, mut lines) = open(bytes)?;
    let wanted = Head { version: head.version, ..Head::of(expected) };
    if head != wanted {
        return Ok(Some(format!("it is {}, and not {}", head.words(), wanted.words())));
    }
    if lines.next()? != expected.summary {
        return Ok(Some("its summary differs".to_owned()));
    }
    for (place, record) in expected.log.iter().enumerate() {
        if lines.next()? != *record {
            return Ok(Some(format!("its record {place} differs")));
        }
    }
    lines.end()?;
    Ok(None)
}

impl Head {
    fn of(attempt: &ArchivedAttempt) -> Self {
        Self {
            version: VERSION,
            attempt: attempt.attempt,
            session_key: attempt.session_key.clone(),
            number: attempt.number,
            records: attempt.log.len(),
        }
    }

    fn words(&self) -> String {
        let Self { attempt, session_key, number, records, .. } = self;
        format!("attempt {attempt}, number {number} of `{session_key}`, with {records} records")
    }
}

fn open(bytes: &[u8]) -> Result<(Head, Lines<'_>), Unreadable> {
    let mut lines = Lines { reader: BufReader::new(GzDecoder::new(bytes)) };
    let first = lines.next()?;
    let damaged = |error: serde_json::Error| Unreadable::Damaged(format!("its head: {error}"));
    let AnyHead { version } = serde_json::from_str(&first).map_err(damaged)?;
    if version != VERSION {
        return Err(Unreadable::Version { found: version, known: VERSION });
    }
    Ok((serde_json::from_str(&first).map_err(damaged)?, lines))
}

struct Lines<'a> {
    reader: BufReader<GzDecoder<&'a [u8]>>,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<String, Unreadable> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line).map_err(broken)?;
        if line.pop() != Some(b'\n') {
            return Err(Unreadable::Damaged("it ends too early".to_owned()));
        }
        String::from_utf8(line).map_err(|_| Unreadable::Damaged("it is no text".to_owned()))
    }

    /// Reads the checksum behind the last line, too.
    fn end(mut self) -> Result<(), Unreadable> {
        match self.reader.fill_buf().map_err(broken)? {
            [] => Ok(()),
            [..] => Err(Unreadable::Damaged("it has more records than its head says".to_owned())),
        }
    }
}

fn broken(error: io::Error) -> Unreadable {
    Unreadable::Damaged(format!("it cannot be unpacked ({error})"))
}

#[cfg(test)]
mod tests;
