//! The body of a multipart upload: the job's configuration, then the rows as they are made.
//!
//! A thread makes the rows and waits when the network is slower; so the memory that a day needs
//! does not depend on the number of players.

use std::io::{self, Write};
use std::sync::Arc;

use futures::stream;
use reqwest::Body;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::error::LoadError;
use crate::day::Day;
use crate::generate::Logs;
use crate::progress::Made;
use crate::table::Table;

/// Separates the two parts. It does not occur in JSON lines, which have no line that begins with `--`.
pub(super) const BOUNDARY: &str = "himekuri-example-logs";

/// Bytes that are sent at once, and how many such pieces may wait for the network.
const PIECE_BYTES: usize = 64 * 1024;
const PIECES_WAITING: usize = 4;

/// Makes the rows.
pub(super) struct Producer {
    task: JoinHandle<io::Result<Made>>,
    table: Table,
    day: Day,
}

impl Producer {
    /// How much was sent.
    pub(super) async fn finish(self) -> Result<Made, LoadError> {
        let made = self.task.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        made.map_err(|source| LoadError::Rows { table: self.table, day: self.day, source })
    }
}

/// The body for one day of one table, and the thread that fills it.
pub(super) fn body(
    configuration: &Value,
    logs: Arc<Logs>,
    table: Table,
    day: Day,
) -> (Body, Producer) {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let head = format!(
        "--{BOUNDARY}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n{configuration}\r\n\
         --{BOUNDARY}\r\ncontent-type: application/octet-stream\r\n\r\n"
    );
    let task = tokio::task::spawn_blocking(move || {
        let mut pieces = Pieces { sender, piece: head.into_bytes(), bytes: 0 };
        let rows = logs.write_day(table, day, &mut pieces)?;
        let bytes = pieces.bytes;
        pieces.piece.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        pieces.flush()?;
        Ok(Made { rows, bytes })
    });
    let pieces = stream::unfold(receiver, async |mut receiver| {
        let piece: Vec<u8> = receiver.recv().await?;
        Some((Ok::<_, io::Error>(piece), receiver))
    });
    (Body::wrap_stream(pieces), Producer { task, table, day })
}

/// Collects what is written into pieces and sends them on.
struct Pieces {
    sender: mpsc::Sender<Vec<u8>>,
    piece: Vec<u8>,
    /// Bytes of rows.
    bytes: u64,
}

impl Write for Pieces {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(buffer);
        self.bytes += buffer.len() as u64;
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES + 1024));
        self.sender.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
