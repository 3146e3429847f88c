//! The warehouse as callers see it: the real binary, over HTTP.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod buckets;
mod cases;
mod client;
mod copies;
mod csv;
mod destinations;
mod faults;
mod google;
mod jobs;
mod latency;
mod lists;
mod loads;
mod marts;
mod preflight;
mod process;
mod python;
mod ranges;
mod server;
mod sql;
mod statistics;
mod storage;
mod stream;
mod tables;
mod views;
