//! The ${...} of .dig and SQL files: text rules, variables, JavaScript with limits, moment.
