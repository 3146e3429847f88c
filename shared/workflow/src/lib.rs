//! From .dig text to a task tree, with diagnostics. Pure.
