//! A native `moment`: moment.js 2.21.0 (the version digdag bundles) in the workflow's time zone.
//!
//! The real moment.js takes its zone from the process and costs 50 times as much. What is here follows its
//! rules; where each stands:
//!
//! - `calendar`: days, months and weeks as numbers; `zone`: offsets; `units`: names of units
//! - `time`, `compare`: one moment and its arithmetic, without JavaScript
//! - `tokens`, `format`, `names`: printing
//! - `matching`, `read`, `iso`, `parsed`: reading
//! - `input`, `class`, `function`: JavaScript values in and out
//!
//! Not there: other locales than English, `moment.duration`, `fromNow` and `calendar`, `moment.tz` (digdag
//! has no moment-timezone either).

mod calendar;
mod class;
mod compare;
mod format;
mod function;
mod input;
mod iso;
mod matching;
mod names;
mod parsed;
mod read;
mod time;
mod tokens;
mod units;
mod zone;

pub(crate) use function::install;
pub(crate) use zone::Zone;
