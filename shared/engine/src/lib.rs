//! The attempt engine: inputs and time in, decisions out. Pure.
