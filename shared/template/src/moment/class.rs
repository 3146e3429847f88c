//! The JavaScript side of a moment: its methods and their arguments.

use rquickjs::class::{JsClass, Trace, Tracer, Writable};
use rquickjs::function::{Constructor, Opt, Rest, This};
use rquickjs::{Class, Coerced, Ctx, Function, IntoJs, JsLifetime, Null, Object, Result, Value};

use super::calendar::{ENGLISH_WEEK, ISO_WEEK, days_in_month};
use super::format::{format, iso_string};
use super::input::{Clock, number, span, string_of, time, units_of};
use super::matching::{Matcher, offset_minutes};
use super::names::{month_index, weekday_index};
use super::time::{Time, leap};
use super::units::{Unit, unit};
use super::zone::Zone;
use crate::script::world;

/// A moment that JavaScript holds. Methods change it in place, as moment.js does.
#[derive(JsLifetime)]
pub(crate) struct Moment {
    pub(crate) time: Time,
}

impl<'js> Trace<'js> for Moment {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Moment {
    const NAME: &'static str = "Moment";
    type Mutable = Writable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let prototype = Object::new(ctx.clone())?;
        for (names, unit) in ACCESSORS {
            for name in *names {
                prototype.set(*name, accessor(ctx, *unit)?.with_name(*name)?)?;
            }
        }
        for (name, method) in methods() {
            let call =
                move |ctx: Ctx<'js>, this: This<Class<'js, Moment>>, args: Rest<Value<'js>>| {
                    method(&ctx, &this.0, &args.0)
                };
            prototype.set(name, Function::new(ctx.clone(), call)?.with_name(name)?)?;
        }
        Ok(Some(prototype))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

type Method<'js> = fn(&Ctx<'js>, &This0<'js>, &[Value<'js>]) -> Result<Value<'js>>;
type This0<'js> = Class<'js, Moment>;

/// Functions that read a unit without an argument and set it with one.
const ACCESSORS: &[(&[&str], Unit)] = &[
    (&["year", "years"], Unit::Year),
    (&["quarter", "quarters"], Unit::Quarter),
    (&["month", "months"], Unit::Month),
    (&["week", "weeks"], Unit::Week),
    (&["isoWeek", "isoWeeks"], Unit::IsoWeek),
    (&["day", "days"], Unit::Day),
    (&["date", "dates"], Unit::Date),
    (&["dayOfYear"], Unit::DayOfYear),
    (&["weekday"], Unit::Weekday),
    (&["isoWeekday"], Unit::IsoWeekday),
    (&["weekYear"], Unit::WeekYear),
    (&["isoWeekYear"], Unit::IsoWeekYear),
    (&["hour", "hours"], Unit::Hour),
    (&["minute", "minutes"], Unit::Minute),
    (&["second", "seconds"], Unit::Second),
    (&["millisecond", "milliseconds"], Unit::Millisecond),
];

fn methods<'js>() -> Vec<(&'static str, Method<'js>)> {
    vec![
        ("add", |ctx, this, args| add(ctx, this, args, 1.0)),
        ("subtract", |ctx, this, args| add(ctx, this, args, -1.0)),
        ("startOf", |ctx, this, args| round_to(ctx, this, args, Time::start_of)),
        ("endOf", |ctx, this, args| round_to(ctx, this, args, Time::end_of)),
        ("clone", |ctx, this, _| new(ctx, this.borrow().time)),
        ("utc", |ctx, this, args| {
            let keep_wall = is_true(args.first());
            change(ctx, this, |time, zone| time.set_utc_offset(0.0, keep_wall, zone))
        }),
        ("local", |ctx, this, args| {
            let keep_wall = is_true(args.first());
            change(ctx, this, |time, zone| time.set_local(keep_wall, zone))
        }),
        ("utcOffset", utc_offset),
        ("get", |ctx, this, args| match unit_of(args.first())? {
            Some(unit) => ask(ctx, this, |time, zone| time.get(unit, zone)),
            None => this.clone().into_js(ctx),
        }),
        ("set", set),
        ("diff", diff),
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
        ("isValid", |ctx, this, _| this.borrow().time.is_valid().into_js(ctx)),
        ("isUtc", |ctx, this, _| this.borrow().time.is_utc().into_js(ctx)),
        ("isUTC", |ctx, this, _| this.borrow().time.is_utc().into_js(ctx)),
        ("isLocal", |ctx, this, _| {
            let time = this.borrow().time;
            (time.is_valid() && !time.is_fixed()).into_js(ctx)
        }),
        ("isUtcOffset", |ctx, this, _| {
            let time = this.borrow().time;
            (time.is_valid() && time.is_fixed()).into_js(ctx)
        }),
        ("isDST", |ctx, this, _| ask(ctx, this, Time::is_summer_time)),
        ("isLeapYear", |ctx, this, _| {
            ask(ctx, this, |time, zone| leap(time.get(Unit::Year, zone)))
        }),
        ("daysInMonth", |ctx, this, _| {
            ask(ctx, this, |time, zone| {
                time.fields(zone).map_or(f64::NAN, |f| to_f64(days_in_month(f.year, f.month)))
            })
        }),
        ("weeksInYear", |ctx, this, _| {
            ask(ctx, this, |time, zone| {
                time.fields(zone).map_or(f64::NAN, |f| to_f64(ENGLISH_WEEK.weeks_in_year(f.year)))
            })
        }),
        ("isoWeeksInYear", |ctx, this, _| {
            ask(ctx, this, |time, zone| {
                time.fields(zone).map_or(f64::NAN, |f| to_f64(ISO_WEEK.weeks_in_year(f.year)))
            })
        }),
        ("format", |ctx, this, args| {
            let pattern =
                match args.first().filter(|value| !value.is_undefined() && !value.is_null()) {
                    Some(pattern) => string_of(pattern)?,
                    None => String::new(),
                };
            ask(ctx, this, |time, zone| format(time, &pattern, zone))
        }),
        ("toString", |ctx, this, _| {
            ask(ctx, this, |time, zone| format(time, "ddd MMM DD YYYY HH:mm:ss [GMT]ZZ", zone))
        }),
        ("toISOString", |ctx, this, args| {
            let keep_offset = is_true(args.first());
            iso_text(ctx, this, keep_offset)
        }),
        ("toJSON", |ctx, this, _| iso_text(ctx, this, false)),
        ("toDate", |ctx, this, _| {
            let date: Constructor<'js> = ctx.globals().get("Date")?;
            date.construct((this.borrow().time.value(),))
        }),
        ("toArray", |ctx, this, _| {
            let time = this.borrow().time;
            let units = [
                Unit::Year,
                Unit::Month,
                Unit::Date,
                Unit::Hour,
                Unit::Minute,
                Unit::Second,
                Unit::Millisecond,
            ];
            let world = world::of(ctx)?;
            world.with_zone(|zone| units.map(|unit| time.get(unit, zone)).to_vec()).into_js(ctx)
        }),
        ("toObject", to_object),
        ("valueOf", |ctx, this, _| this.borrow().time.value().into_js(ctx)),
        ("unix", |ctx, this, _| (this.borrow().time.value() / 1_000.0).floor().into_js(ctx)),
    ]
}

/// A new moment for JavaScript.
pub(crate) fn new<'js>(ctx: &Ctx<'js>, time: Time) -> Result<Value<'js>> {
    Class::instance(ctx.clone(), Moment { time })?.into_js(ctx)
}

fn accessor<'js>(ctx: &Ctx<'js>, unit: Unit) -> Result<Function<'js>> {
    Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>, this: This<Class<'js, Moment>>, value: Opt<Value<'js>>| match value
            .0
            .filter(|value| !value.is_null() && !value.is_undefined())
        {
            None => ask(&ctx, &this.0, |time, zone| time.get(unit, zone)),
            Some(value) => match unit_value(unit, &value)? {
                Some(value) => change(&ctx, &this.0, |time, zone| time.set(unit, value, zone)),
                None => this.0.into_js(&ctx),
            },
        },
    )
}

/// The number that a setter's argument means; months and days of the week also have names.
fn unit_value(unit: Unit, value: &Value<'_>) -> Result<Option<f64>> {
    let as_number = number(value)?;
    if !value.is_string() {
        return Ok(Some(as_number));
    }
    let index = |find: fn(&str) -> Option<usize>| -> Result<Option<f64>> {
        let index = find(&string_of(value)?);
        Ok(index.and_then(|index| u8::try_from(index).ok()).map(f64::from))
    };
    Ok(match unit {
        Unit::Month if as_number.is_nan() => index(month_index)?,
        // moment counts from Sunday when it does not know the name.
        Unit::Day if as_number.is_nan() => Some(index(weekday_index)?.unwrap_or(0.0)),
        Unit::IsoWeekday => Some(index(weekday_index)?.filter(|day| *day > 0.0).unwrap_or(7.0)),
        Unit::Year | Unit::Quarter | Unit::Month | Unit::Week | Unit::IsoWeek => Some(as_number),
        Unit::Day | Unit::Date | Unit::DayOfYear | Unit::Weekday => Some(as_number),
        Unit::WeekYear | Unit::IsoWeekYear | Unit::Hour | Unit::Minute => Some(as_number),
        Unit::Second | Unit::Millisecond => Some(as_number),
    })
}

/// Calls `f` and answers what it answered.
fn ask<'js, T: IntoJs<'js>>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    f: impl FnOnce(&Time, &Zone) -> T,
) -> Result<Value<'js>> {
    let time = this.borrow().time;
    world::of(ctx)?.with_zone(|zone| f(&time, zone)).into_js(ctx)
}

/// Changes the moment and answers it.
fn change<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    f: impl FnOnce(&mut Time, &Zone),
) -> Result<Value<'js>> {
    let mut time = this.borrow().time;
    world::of(ctx)?.with_zone(|zone| f(&mut time, zone));
    this.borrow_mut().time = time;
    this.clone().into_js(ctx)
}

fn add<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    args: &[Value<'js>],
    sign: f64,
) -> Result<Value<'js>> {
    let span = span(args)?;
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
    let Some(value) = args.first().filter(|value| !value.is_null() && !value.is_undefined()) else {
        return ask(ctx, this, Time::utc_offset);
    };
    let keep_wall = is_true(args.get(1));
    let minutes = if value.is_string() {
        let text = string_of(value)?;
        match Matcher::Offset.find(&text) {
            Some((start, end)) => offset_minutes(&text[start..end]),
            None => return this.clone().into_js(ctx),
        }
    } else {
        let given = number(value)?;
        // Small numbers are hours.
        if given.abs() < 16.0 && !is_true(args.get(2)) { given * 60.0 } else { given }
    };
    change(ctx, this, |time, zone| time.set_utc_offset(minutes, keep_wall, zone))
}

fn set<'js>(ctx: &Ctx<'js>, this: &This0<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    if let Some(object) = args.first().and_then(Value::as_object) {
        let mut units = units_of(object)?;
        units.sort_by_key(|(unit, _)| unit.priority());
        return change(ctx, this, |time, zone| {
            for (unit, value) in units {
                time.set(unit, value, zone);
            }
        });
    }
    match (unit_of(args.first())?, args.get(1)) {
        (Some(unit), Some(value)) => match unit_value(unit, value)? {
            Some(value) => change(ctx, this, |time, zone| time.set(unit, value, zone)),
            None => this.clone().into_js(ctx),
        },
        (Some(_), None) | (None, _) => this.clone().into_js(ctx),
    }
}

fn diff<'js>(ctx: &Ctx<'js>, this: &This0<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    let other = other_of(ctx, args)?;
    let unit = unit_of(args.get(1))?;
    let exact = is_true(args.get(2));
    ask(ctx, this, |time, zone| {
        let difference = time.diff(&other, unit, zone);
        if exact { difference } else { difference.trunc() + 0.0 }
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
    let unit = comparison_unit(args.get(1))?;
    ask(ctx, this, |time, zone| comparison(time, &other, unit, zone))
}

fn is_between<'js>(ctx: &Ctx<'js>, this: &This0<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    let from = other_of(ctx, args)?;
    let to = other_of(ctx, args.get(1..).unwrap_or_default())?;
    let unit = comparison_unit(args.get(2))?;
    let bounds = match args.get(3).filter(|value| value.is_string()) {
        Some(bounds) => string_of(bounds)?,
        None => "()".to_owned(),
    };
    ask(ctx, this, |time, zone| {
        let after = match bounds.starts_with('(') {
            true => time.is_after(&from, unit, zone),
            false => !time.is_before(&from, unit, zone),
        };
        let before = match bounds.ends_with(')') {
            true => time.is_before(&to, unit, zone),
            false => !time.is_after(&to, unit, zone),
        };
        after && before
    })
}

/// The first argument as a moment.
fn other_of<'js>(ctx: &Ctx<'js>, args: &[Value<'js>]) -> Result<Time> {
    time(ctx, args.get(..1).unwrap_or_default(), Clock::Local)
}

/// The unit that an argument names; `None` for other values and for names of nothing.
fn unit_of(value: Option<&Value<'_>>) -> Result<Option<Unit>> {
    match value.filter(|value| value.is_string()) {
        Some(name) => Ok(unit(&string_of(name)?)),
        None => Ok(None),
    }
}

fn comparison_unit(value: Option<&Value<'_>>) -> Result<Unit> {
    Ok(unit_of(value)?.unwrap_or(Unit::Millisecond))
}

fn iso_text<'js>(ctx: &Ctx<'js>, this: &This0<'js>, keep_offset: bool) -> Result<Value<'js>> {
    let time = this.borrow().time;
    match world::of(ctx)?.with_zone(|zone| iso_string(&time, keep_offset, zone)) {
        Some(text) => text.into_js(ctx),
        None => Null.into_js(ctx),
    }
}

fn to_object<'js>(ctx: &Ctx<'js>, this: &This0<'js>, _: &[Value<'js>]) -> Result<Value<'js>> {
    let time = this.borrow().time;
    let object = Object::new(ctx.clone())?;
    let world = world::of(ctx)?;
    for (name, unit) in [
        ("years", Unit::Year),
        ("months", Unit::Month),
        ("date", Unit::Date),
        ("hours", Unit::Hour),
        ("minutes", Unit::Minute),
        ("seconds", Unit::Second),
        ("milliseconds", Unit::Millisecond),
    ] {
        object.set(name, world.with_zone(|zone| time.get(unit, zone)))?;
    }
    Ok(object.into_value())
}

fn is_true(value: Option<&Value<'_>>) -> bool {
    value.is_some_and(|value| value.get::<Coerced<bool>>().is_ok_and(|value| value.0))
}

#[expect(clippy::cast_precision_loss, reason = "calendar numbers are far below 2^53")]
fn to_f64(value: i64) -> f64 {
    value as f64
}
