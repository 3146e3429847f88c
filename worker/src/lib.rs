//! Stateless: takes task messages, runs operators, reports.
