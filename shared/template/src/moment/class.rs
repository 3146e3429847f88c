//! The JavaScript side of a moment: the class, its getters and setters.

use rquickjs::class::{JsClass, Trace, Tracer, Writable};
use rquickjs::function::{Constructor, Opt, Rest, This};
use rquickjs::{Class, Ctx, Function, IntoJs, JsLifetime, Object, Result, Value};

use super::input::whole_number;
use super::methods;
use super::time::Time;
use super::units::Unit;
use super::values::{number, string_of, unit_of, units_of};
use super::words;
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
        for (name, method) in methods::all().into_iter().chain(words::methods()) {
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

/// A method of moments.
pub(crate) type Method<'js> = fn(&Ctx<'js>, &This0<'js>, &[Value<'js>]) -> Result<Value<'js>>;
/// The moment a method is called on.
pub(crate) type This0<'js> = Class<'js, Moment>;

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

/// A new moment for JavaScript.
pub(crate) fn new<'js>(ctx: &Ctx<'js>, time: Time) -> Result<Value<'js>> {
    Class::instance(ctx.clone(), Moment { time })?.into_js(ctx)
}

fn accessor<'js>(ctx: &Ctx<'js>, unit: Unit) -> Result<Function<'js>> {
    Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>, this: This<This0<'js>>, value: Opt<Value<'js>>| {
            get_or_set(&ctx, &this.0, unit, value.0.as_ref())
        },
    )
}

/// Sets the unit to a value and answers the moment; without a value answers the unit's value.
fn get_or_set<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    unit: Unit,
    value: Option<&Value<'js>>,
) -> Result<Value<'js>> {
    let Some(value) = value.filter(|value| !value.is_null() && !value.is_undefined()) else {
        return ask(ctx, this, |time, zone| time.get(unit, zone));
    };
    match unit_value(this, unit, value)? {
        Some(value) => change(ctx, this, |time, zone| time.set(unit, value, zone)),
        None => this.clone().into_js(ctx),
    }
}

/// The number that a setter's argument means; months and days of the week also have names.
fn unit_value(this: &This0<'_>, unit: Unit, value: &Value<'_>) -> Result<Option<f64>> {
    let as_number = number(value)?;
    if !value.is_string() {
        return Ok(Some(as_number));
    }
    let text = string_of(value)?;
    let locale = this.borrow().time.locale;
    let index = |index: Option<usize>| index.map(to_js_number);
    Ok(match unit {
        Unit::Month if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => {
            Some(as_number)
        }
        Unit::Month => index(locale.month_index(&text, "", false)),
        // moment counts from Sunday when it does not know the name.
        Unit::Day if as_number.is_nan() => {
            Some(index(locale.weekday_index(&text, "", false)).unwrap_or(0.0))
        }
        Unit::Day => Some(whole_number(value)?),
        Unit::IsoWeekday => {
            let day = index(locale.weekday_index(&text, "", false));
            Some(day.filter(|day| *day > 0.0).unwrap_or(7.0))
        }
        Unit::Year | Unit::Quarter | Unit::Week | Unit::IsoWeek => Some(as_number),
        Unit::Date | Unit::DayOfYear | Unit::Weekday => Some(as_number),
        Unit::WeekYear | Unit::IsoWeekYear | Unit::Hour | Unit::Minute => Some(as_number),
        Unit::Second | Unit::Millisecond => Some(as_number),
    })
}

/// `get(unit)`; the moment itself for a name of nothing.
pub(crate) fn get<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    args: &[Value<'js>],
) -> Result<Value<'js>> {
    match unit_of(args.first())? {
        Some(unit) => ask(ctx, this, |time, zone| time.get(unit, zone)),
        None => this.clone().into_js(ctx),
    }
}

/// `set(unit, value)` and `set({unit: value, …})`.
pub(crate) fn set<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    args: &[Value<'js>],
) -> Result<Value<'js>> {
    if let Some(object) = args.first().and_then(Value::as_object) {
        let mut units = units_of(object)?;
        units.sort_by_key(|(unit, _)| unit.priority());
        for (unit, value) in units {
            get_or_set(ctx, this, unit, Some(&value))?;
        }
        return this.clone().into_js(ctx);
    }
    match unit_of(args.first())? {
        Some(unit) => get_or_set(ctx, this, unit, args.get(1)),
        None => this.clone().into_js(ctx),
    }
}

/// Calls `f` and answers what it answered.
pub(crate) fn ask<'js, T: IntoJs<'js>>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    f: impl FnOnce(&Time, &Zone) -> T,
) -> Result<Value<'js>> {
    let answer = world::of(ctx)?.with_zone(|zone| f(&this.borrow().time, zone));
    answer.into_js(ctx)
}

/// Changes the moment and answers it.
pub(crate) fn change<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    f: impl FnOnce(&mut Time, &Zone),
) -> Result<Value<'js>> {
    world::of(ctx)?.with_zone(|zone| f(&mut this.borrow_mut().time, zone));
    this.clone().into_js(ctx)
}

/// An index as JavaScript's number.
pub(crate) fn to_js_number(index: usize) -> f64 {
    u32::try_from(index).map_or(f64::NAN, f64::from)
}
