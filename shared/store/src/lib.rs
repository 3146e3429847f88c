//! Attempt state: a trait, Redis, and an in-memory form.
