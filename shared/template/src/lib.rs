//! The `${...}` of `.dig` and SQL files: text rules, variables, JavaScript with limits, moment.
//!
//! Values are strings with expressions in them, evaluated once per try of a task, the way digdag does it:
//!
//! 1. a text is split by digdag's rules into literal parts and expressions ([`expressions`]);
//! 2. an expression that only names a value is answered directly, any other by an embedded JavaScript engine with
//!    limits on time, memory, stack and output ([`Limits`]);
//! 3. `moment` and `Date` live in the workflow's time zone and answer the session's time, never the wall clock, and
//!    `Math.random()` is refused: the same session gives the same texts whenever it runs ([`Scope`]);
//! 4. strings of a configuration see what digdag lets them see ([`Evaluator::evaluate`]).
//!
//! The syntax is ES2023, more than the ES5 of digdag ([`beyond_es5`] tells); the built-ins are digdag's and a few newer
//! methods of texts, lists and `Math`.
//!
//! ```
//! use himekuri_template::{Evaluator, Limits, Params, Scope};
//!
//! let mut evaluator = Evaluator::new(Limits::default())?;
//! let scope = Scope {
//!     now: "2019-09-01T07:00:00+09:00".parse().unwrap(),
//!     time_zone: jiff::tz::TimeZone::get("Asia/Tokyo").unwrap(),
//! };
//! let params: Params = serde_json::from_str(r#"{"START_DATE": "2019-08-31", "i": 1}"#)?;
//! let text = "logs$${moment(START_DATE).add(i, 'days').format('YYYYMMDD')}";
//! assert_eq!(evaluator.render(&scope, text, &params)?, "logs$20190901");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod evaluator;
mod json;
mod limits;
mod moment;
mod names;
mod path;
mod script;
mod session;
mod syntax;
mod template;
mod text;

/// Parameters in the order they were defined, which is the order they are evaluated in.
pub type Params = serde_json::Map<String, serde_json::Value>;

pub use error::{EvaluateError, EvaluateErrorKind, StartError};
pub use evaluator::{Evaluator, Scope};
pub use limits::Limits;
pub use session::{SessionFacts, session_variables};
pub use syntax::{BeyondEs5, beyond_es5, free_names};
pub use text::{expressions, find_unclosed};
