//! Generates raw game logs for the examples, and loads them.
