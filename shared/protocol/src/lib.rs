//! Task messages and reports between coordinator and workers. Pure.
