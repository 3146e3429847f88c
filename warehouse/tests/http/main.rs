//! The warehouse as callers see it: the real binary, over HTTP.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod cases;
mod client;
mod destinations;
mod google;
mod jobs;
mod loads;
mod marts;
mod process;
mod server;
mod sql;
mod tables;
