//! Methods of moments that compute: arithmetic, comparison, clocks, conversion.

use rquickjs::function::Constructor;
use rquickjs::{Ctx, Exception, IntoJs, Null, Object, Result, Value};

use super::calendar::{ENGLISH_WEEK, ISO_WEEK, days_in_month};
use super::class::{Method, This0, ask, change, get, new, set};
use super::duration::towards_zero;
use super::format::iso_string;
use super::input::{Clock, time};
use super::matching::{Matcher, offset_minutes};
use super::time::{Time, leap};
use super::units::Unit;
use super::values::{given, is_true, number, span, string_of, unit_of};
use super::zone::Zone;
use crate::script::world;

/// The methods by name.
pub(crate) fn all<'js>() -> Vec<(&'static str, Method<'js>)> {
    let mut all = arithmetic();
    all.extend(comparisons());
    all.extend(clocks());
    all.extend(facts());
    all.extend(conversions());
    all.extend(MISSING.map(|name| (name, missing as Method<'js>)));
    all
}

/// Methods of moment.js that are not here.
const MISSING: [&str; 5] = ["creationData", "inspect", "invalidAt", "isDSTShifted", "parsingFlags"];

fn missing<'js>(ctx: &Ctx<'js>, _: &This0<'js>, _: &[Value<'js>]) -> Result<Value<'js>> {
    let message = format!("these methods of moment are not available here: {}", MISSING.join(", "));
    Err(Exception::throw_type(ctx, &message))
}

fn arithmetic<'js>() -> Vec<(&'static str, Method<'js>)> {
    vec![
        ("add", |ctx, this, args| add(ctx, this, args, 1.0)),
        ("subtract", |ctx, this, args| add(ctx, this, args, -1.0)),
        ("startOf", |ctx, this, args| round_to(ctx, this, args, Time::start_of)),
        ("endOf", |ctx, this, args| round_to(ctx, this, args, Time::end_of)),
        ("clone", |ctx, this, _| {
            let copy = this.borrow().time.clone();
            new(ctx, copy)
        }),
        ("get", get),
        ("set", set),
        ("diff", diff),
    ]
}

fn comparisons<'js>() -> Vec<(&'static str, Method<'js>)> {
    vec![
        ("isBefore", |ctx, this, args| compare(ctx, this, args, Time::is_before)),
        ("isAfter", |ctx, this, args| compare(ctx, this, args, Time::is_after)),
        ("isSame", |ctx, this, args| compare(ctx, this, args, Time::is_same)),
        ("isSameOrBefore", |ctx, this, args| {
            compare(ctx, this, args, |time, other, unit, zone| {
                time.is_same(other, unit, zone) || time.is_before(other, unit, zone)
            })
        }),
        ("isSameOrAfter", |ctx, this, args| {
            compare(ctx, this, args, |time, other, unit, zone| {
                time.is_same(other, unit, zone) || time.is_after(other, unit, zone)
            })
        }),
        ("isBetween", is_between),
        ("min", |ctx, this, args| limit(ctx, this, args, |other, this| other < this)),
        ("max", |ctx, this, args| limit(ctx, this, args, |other, this| other > this)),
    ]
}

fn clocks<'js>() -> Vec<(&'static str, Method<'js>)> {
    vec![
        ("utc", |ctx, this, args| {
            let keep_wall = is_true(args.first());
            change(ctx, this, |time, zone| time.set_utc_offset(0.0, keep_wall, zone))
        }),
        ("local", |ctx, this, args| {
            let keep_wall = is_true(args.first());
            change(ctx, this, |time, zone| time.set_local(keep_wall, zone))
        }),
        ("parseZone", |ctx, this, _| change(ctx, this, Time::set_stated_offset)),
        ("utcOffset", utc_offset),
        ("zone", |ctx, this, args| match given(args, 0) {
            None => ask(ctx, this, |time, zone| -time.utc_offset(zone)),
            Some(value) if value.is_string() => utc_offset(ctx, this, args),
            Some(value) => {
                let west = Value::new_number(ctx.clone(), -number(value)?);
                let keep = args.get(1).cloned().into_js(ctx)?;
                utc_offset(ctx, this, &[west, keep])
            }
        }),
        ("tz", super::tz::method),
        ("zoneAbbr", |ctx, this, _| ask(ctx, this, |time, _| time.zone_abbreviation())),
        ("zoneName", |ctx, this, _| {
            let has_fixed_clock = |time: &Time| time.is_fixed() && time.named.is_none();
            ask(ctx, this, |time, _| match has_fixed_clock(time) {
                true => super::format::UTC_NAME.to_owned(),
                false => time.zone_abbreviation(),
            })
        }),
        ("isUtc", |ctx, this, _| this.borrow().time.is_utc().into_js(ctx)),
        ("isUTC", |ctx, this, _| this.borrow().time.is_utc().into_js(ctx)),
        ("isLocal", |ctx, this, _| ask(ctx, this, |time, _| time.is_valid() && !time.is_fixed())),
        ("isUtcOffset", |ctx, this, _| {
            ask(ctx, this, |time, _| time.is_valid() && time.is_fixed())
        }),
        ("isDST", |ctx, this, _| ask(ctx, this, Time::is_summer_time)),
        ("hasAlignedHourOffset", |ctx, this, args| {
            let other = match args.first().filter(|value| is_true(Some(value))) {
                Some(_) => Some(other_of(ctx, args)?),
                None => None,
            };
            ask(ctx, this, |time, zone| {
                let other = other.map_or(0.0, |other| other.utc_offset(zone));
                (time.utc_offset(zone) - other) % 60.0 == 0.0
            })
        }),
    ]
}

fn facts<'js>() -> Vec<(&'static str, Method<'js>)> {
    fn of_year(time: &Time, zone: &Zone, count: fn(i64) -> i64) -> f64 {
        time.fields(zone).map_or(f64::NAN, |fields| super::time::number(count(fields.year)))
    }
    vec![
        ("isValid", |ctx, this, _| this.borrow().time.is_valid().into_js(ctx)),
        ("isLeapYear", |ctx, this, _| {
            ask(ctx, this, |time, zone| leap(time.get(Unit::Year, zone)))
        }),
        ("daysInMonth", |ctx, this, _| {
            ask(ctx, this, |time, zone| {
                let fields = time.fields(zone);
                fields.map_or(f64::NAN, |fields| {
                    super::time::number(days_in_month(fields.year, fields.month))
                })
            })
        }),
        ("weeksInYear", |ctx, this, _| {
            ask(ctx, this, |time, zone| {
                of_year(time, zone, |year| ENGLISH_WEEK.weeks_in_year(year))
            })
        }),
        ("isoWeeksInYear", |ctx, this, _| {
            ask(ctx, this, |time, zone| of_year(time, zone, |year| ISO_WEEK.weeks_in_year(year)))
        }),
    ]
}

fn conversions<'js>() -> Vec<(&'static str, Method<'js>)> {
    vec![
        ("toISOString", |ctx, this, args| {
            let keep_offset = args.first().and_then(Value::as_bool) == Some(true);
            iso_text(ctx, this, keep_offset)
        }),
        ("toJSON", |ctx, this, _| iso_text(ctx, this, false)),
        ("toDate", |ctx, this, _| {
            let date: Constructor<'js> = ctx.globals().get("Date")?;
            let ms = this.borrow().time.value();
            date.construct((ms,))
        }),
        ("toArray", |ctx, this, _| {
            ask(ctx, this, |time, zone| PARTS.map(|(_, unit)| time.get(unit, zone)).to_vec())
        }),
        ("toObject", |ctx, this, _| {
            let parts = world::of(ctx)?.with_zone(|zone| {
                PARTS.map(|(name, unit)| (name, this.borrow().time.get(unit, zone)))
            });
            let object = Object::new(ctx.clone())?;
            for (name, value) in parts {
                object.set(name, value)?;
            }
            Ok(object.into_value())
        }),
        ("valueOf", |ctx, this, _| this.borrow().time.value().into_js(ctx)),
        ("unix", |ctx, this, _| (this.borrow().time.value() / 1_000.0).floor().into_js(ctx)),
    ]
}

/// The parts of `toObject()` and `toArray()`.
const PARTS: [(&str, Unit); 7] = [
    ("years", Unit::Year),
    ("months", Unit::Month),
    ("date", Unit::Date),
    ("hours", Unit::Hour),
    ("minutes", Unit::Minute),
    ("seconds", Unit::Second),
    ("milliseconds", Unit::Millisecond),
];

fn add<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    args: &[Value<'js>],
    sign: f64,
) -> Result<Value<'js>> {
    let span = span(ctx, args)?;
    change(ctx, this, |time, zone| time.add(span, sign, zone))
}

fn round_to<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    args: &[Value<'js>],
    round: fn(&mut Time, Unit, &Zone),
) -> Result<Value<'js>> {
    match unit_of(args.first())? {
        Some(unit) => change(ctx, this, |time, zone| round(time, unit, zone)),
        None => this.clone().into_js(ctx),
    }
}

fn utc_offset<'js>(ctx: &Ctx<'js>, this: &This0<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    let Some(value) = given(args, 0) else {
        return ask(ctx, this, Time::utc_offset);
    };
    let keep_wall = is_true(args.get(1));
    let minutes = if value.is_string() {
        let text = string_of(value)?;
        match Matcher::last_offset(&text) {
            Some(offset) => offset_minutes(offset),
            None => return change(ctx, this, |time, _| time.named = None),
        }
    } else {
        let given = number(value)?;
        // Small numbers are hours.
        if given.abs() < 16.0 && !is_true(args.get(2)) { given * 60.0 } else { given }
    };
    change(ctx, this, |time, zone| time.set_utc_offset(minutes, keep_wall, zone))
}

fn diff<'js>(ctx: &Ctx<'js>, this: &This0<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    let other = other_of(ctx, args)?;
    let unit = unit_of(args.get(1))?;
    let exact = is_true(args.get(2));
    ask(ctx, this, |time, zone| {
        let difference = time.diff(&other, unit, zone);
        if exact { difference } else { towards_zero(difference) }
    })
}

type Comparison = fn(&Time, &Time, Unit, &Zone) -> bool;

fn compare<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    args: &[Value<'js>],
    comparison: Comparison,
) -> Result<Value<'js>> {
    let other = other_of(ctx, args)?;
    let unit = unit_of(args.get(1))?.unwrap_or(Unit::Millisecond);
    ask(ctx, this, |time, zone| comparison(time, &other, unit, zone))
}

fn is_between<'js>(ctx: &Ctx<'js>, this: &This0<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    let from = other_of(ctx, args)?;
    let to = other_of(ctx, args.get(1..).unwrap_or_default())?;
    let unit = unit_of(args.get(2))?.unwrap_or(Unit::Millisecond);
    let bounds = match args.get(3).filter(|value| value.is_string()) {
        Some(bounds) if is_true(Some(bounds)) => string_of(bounds)?,
        Some(_) | None => "()".to_owned(),
    };
    ask(ctx, this, |time, zone| {
        let after = match bounds.starts_with('(') {
            true => time.is_after(&from, unit, zone),
            false => !time.is_before(&from, unit, zone),
        };
        let before = match bounds.chars().nth(1) == Some(')') {
            true => time.is_before(&to, unit, zone),
            false => !time.is_after(&to, unit, zone),
        };
        after && before
    })
}

/// `min` and `max` of a moment: it, or the other one if that is outside.
fn limit<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    args: &[Value<'js>],
    keeps_this: fn(f64, f64) -> bool,
) -> Result<Value<'js>> {
    let other = time(ctx, args, Clock::Local)?;
    let value = this.borrow().time.value();
    if value.is_nan() || !other.is_valid() {
        return new(ctx, Time::invalid());
    }
    match keeps_this(other.value(), value) {
        true => this.clone().into_js(ctx),
        false => new(ctx, other),
    }
}

/// The first argument as a moment.
pub(crate) fn other_of<'js>(ctx: &Ctx<'js>, args: &[Value<'js>]) -> Result<Time> {
    time(ctx, args.get(..1).unwrap_or_default(), Clock::Local)
}

fn iso_text<'js>(ctx: &Ctx<'js>, this: &This0<'js>, keep_offset: bool) -> Result<Value<'js>> {
    let text = world::of(ctx)?.with_zone(|zone| iso_string(&this.borrow().time, keep_offset, zone));
    match text {
        Some(text) => text.into_js(ctx),
        None => Null.into_js(ctx),
    }
}
