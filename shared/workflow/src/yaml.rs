//! Reading a `.dig` file: text to a tree of typed nodes that know where they stand, includes merged
//! in.
//!
//! Stock YAML loaders cannot do it: the same tagged key `!include :` may stand several times in one
//! mapping, and scalars are typed by digdag's own rules. So a parser gives the events, and the tree
//! is made here.

mod compose;
mod include;
mod key;
mod limits;
mod mapping;
mod node;
mod scalar;
mod syntax;
mod tabs;
mod tags;

pub(crate) use include::load;
pub use include::load_config;
pub(crate) use node::{Entry, Kind, Node, Span};
