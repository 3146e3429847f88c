//! From `.dig` text to a task tree, with diagnostics. Pure: no clock, no I/O, no runtime.
//!
//! The way of a file: [`ProjectFiles`] holds the project in memory; the YAML reader turns one file
//! into a tree of nodes that know where they stand, with every `!include` merged in;
//! [`compile_workflow`] checks that tree by digdag's rules and makes the [`TaskDefinition`]s that
//! the engine runs. What only exists at run time, the file of a `call>` and the body of a loop, is
//! compiled by the same rules with [`compile_called`] and [`compile_body`]. [`lint`] finds what
//! digdag would only find at run time.
//!
//! Every problem is a [`Diagnostic`] with a code, a place, a cause and, where there is one, a cure.

pub mod codes;
mod compile;
mod diagnostic;
mod files;
mod lint;
mod operators;
mod position;
mod retry;
mod suggest;
mod task;
mod visit;
mod yaml;

pub use compile::{
    NameProblem, check_project_name, compile_body, compile_called, compile_workflow,
};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use files::{FileError, PathProblem, ProjectFiles, resolve};
pub use lint::{lint, replaced_by_later_keys};
pub use position::{Located, Position, Positions};
pub use retry::{IntervalType, RetryPolicy, RetryPolicyError};
pub use suggest::did_you_mean;
pub use task::{Config, Parallel, Sla, SlaTrigger, TaskDefinition, TaskKind, Workflow};
pub use visit::{Reachable, ReachableTree, Workdir, reachable, visit_strings};
pub use yaml::load_config;
