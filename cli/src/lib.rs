//! The command line of Himekuri: check, plan and run locally, and the admin commands of a pool.
