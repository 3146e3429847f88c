//! A native `moment`: moment.js 2.21.0 (the version digdag bundles) in the workflow's time zone.
//!
//! The real moment.js takes its zone from the process and costs 50 times as much. What is here follows its
//! rules; where each stands:
//!
//! - `calendar`: days, months and weeks as numbers; `zone`: offsets; `units`: names of units
//! - `time`, `change`, `compare`: one moment and its arithmetic, without JavaScript
//! - `duration`, `duration_text`: lengths of time
//! - `locale`, `tokens`, `format`, `relative`: printing
//! - `matching`, `read`, `iso`, `parsed`: reading
//! - `values`, `input`: JavaScript values in
//! - `class`, `methods`, `words`, `duration_class`, `speech`: the objects that JavaScript holds
//! - `function`, `lists`, `tz`: the function `moment` and what hangs on it
//!
//! More than digdag has: the language `ja`, and the named zones of moment-timezone. What of moment.js is not there
//! throws an error that says so. Settings such as `moment.locale('ja')` end with the text they stand in.

mod calendar;
mod change;
mod class;
mod compare;
mod duration;
mod duration_class;
mod duration_text;
mod format;
mod function;
mod input;
mod iso;
mod lists;
mod locale;
mod matching;
mod methods;
mod parsed;
mod read;
mod relative;
mod speech;
mod time;
mod tokens;
mod tz;
mod units;
mod values;
mod words;
mod zone;

pub(crate) use function::install;
pub(crate) use locale::{EN, Locale};
pub(crate) use relative::Thresholds;
pub(crate) use zone::Zone;
