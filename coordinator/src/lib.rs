//! The only writer of state: drives attempts, dispatches tasks, serves the API.
