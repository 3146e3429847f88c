//! How much one text may cost, because a project's expressions come from people the engine does not know.

use std::time::Duration;

/// Bounds for evaluating one text (one string of a configuration, or one SQL file).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// CPU time of the evaluating thread for one text. CPU time, not wall-clock time: a busy machine
    /// must not fail an expression that an idle one accepts. Real expressions need some microseconds.
    pub cpu: Duration,
    /// Heap of the whole JavaScript engine, in bytes. A fresh context takes about 0.6 MB; a small bound
    /// also keeps uninterruptible native loops short.
    pub memory_bytes: usize,
    /// Stack of JavaScript calls, in bytes. Must leave room on the evaluating thread, whose
    /// stack is commonly 2 MiB.
    pub stack_bytes: usize,
    /// Length of a finished text, in bytes. BigQuery refuses a query above 1 MB anyway; larger texts
    /// are schemas and mail bodies.
    pub output_bytes: usize,
    /// Length of one expression, in bytes. The longest of 14,000 real ones has some hundred.
    pub expression_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            cpu: Duration::from_millis(50),
            memory_bytes: 16 * 1024 * 1024,
            stack_bytes: 512 * 1024,
            output_bytes: 4 * 1024 * 1024,
            expression_bytes: 64 * 1024,
        }
    }
}
