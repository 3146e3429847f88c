//! The warehouse as callers see it: the real binary, over HTTP.

mod client;
mod destinations;
mod jobs;
mod loads;
mod process;
mod server;
mod sql;
mod tables;
