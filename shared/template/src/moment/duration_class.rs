//! The JavaScript side of a duration: `moment.duration` and its methods.

use rquickjs::class::{JsClass, Trace, Tracer, Writable};
use rquickjs::function::{Constructor, Rest, This};
use rquickjs::{Class, Ctx, Exception, Function, IntoJs, JsLifetime, Object, Result, Value};

use super::duration::{Duration, Parts, towards_zero};
use super::format::INVALID;
use super::relative::humanize;
use super::speech::{locale_data, locale_of};
use super::units::Unit;
use super::values::{duration, is_true, string_of, unit_of};
use crate::script::world;

/// A duration that JavaScript holds. Methods change it in place, as moment.js does.
#[derive(JsLifetime)]
pub(crate) struct DurationObject {
    duration: Duration,
}

impl<'js> Trace<'js> for DurationObject {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

type This0<'js> = Class<'js, DurationObject>;
type Method<'js> = fn(&Ctx<'js>, &This0<'js>, &[Value<'js>]) -> Result<Value<'js>>;

type Part = fn(&Parts) -> f64;

/// Getters of a part.
const PARTS: [(&str, Part); 8] = [
    ("milliseconds", |parts| parts.milliseconds),
    ("seconds", |parts| parts.seconds),
    ("minutes", |parts| parts.minutes),
    ("hours", |parts| parts.hours),
    ("days", |parts| parts.days),
    ("weeks", |parts| towards_zero(parts.days / 7.0)),
    ("months", |parts| parts.months),
    ("years", |parts| parts.years),
];

/// `asDays()` and so on.
const COUNTS: [(&str, Unit); 8] = [
    ("asMilliseconds", Unit::Millisecond),
    ("asSeconds", Unit::Second),
    ("asMinutes", Unit::Minute),
    ("asHours", Unit::Hour),
    ("asDays", Unit::Day),
    ("asWeeks", Unit::Week),
    ("asMonths", Unit::Month),
    ("asYears", Unit::Year),
];

impl<'js> JsClass<'js> for DurationObject {
    const NAME: &'static str = "Duration";
    type Mutable = Writable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let prototype = Object::new(ctx.clone())?;
        for (name, part) in PARTS {
            let call = move |this: This<This0<'js>>| {
                let duration = &this.0.borrow().duration;
                if duration.is_valid { part(&duration.parts) } else { f64::NAN }
            };
            prototype.set(name, Function::new(ctx.clone(), call)?.with_name(name)?)?;
        }
        for (name, unit) in COUNTS {
            let call = move |this: This<This0<'js>>| {
                let duration = &this.0.borrow().duration;
                duration.count(unit).filter(|_| duration.is_valid).unwrap_or(f64::NAN)
            };
            prototype.set(name, Function::new(ctx.clone(), call)?.with_name(name)?)?;
        }
        for (name, method) in methods() {
            let call = move |ctx: Ctx<'js>, this: This<This0<'js>>, args: Rest<Value<'js>>| {
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

fn methods<'js>() -> Vec<(&'static str, Method<'js>)> {
    vec![
        ("isValid", |ctx, this, _| this.borrow().duration.is_valid.into_js(ctx)),
        ("valueOf", |ctx, this, _| {
            let duration = &this.borrow().duration;
            if duration.is_valid { duration.value() } else { f64::NAN }.into_js(ctx)
        }),
        ("abs", |ctx, this, _| {
            this.borrow_mut().duration.make_absolute();
            this.clone().into_js(ctx)
        }),
        ("add", |ctx, this, args| add(ctx, this, args, 1.0)),
        ("subtract", |ctx, this, args| add(ctx, this, args, -1.0)),
        ("clone", |ctx, this, _| {
            let copy = this.borrow().duration.copy();
            new(ctx, copy)
        }),
        ("as", count),
        ("get", get),
        ("humanize", |ctx, this, args| {
            let duration = &this.borrow().duration;
            if !duration.is_valid {
                return INVALID.into_js(ctx);
            }
            let thresholds = world::of(ctx)?.thresholds();
            humanize(duration, is_true(args.first()), &thresholds).into_js(ctx)
        }),
        ("toISOString", iso_string),
        ("toIsoString", iso_string),
        ("toString", iso_string),
        ("toJSON", iso_string),
        ("locale", |ctx, this, args| match args.first().filter(|value| !value.is_undefined()) {
            None => this.borrow().duration.locale.id.into_js(ctx),
            Some(value) => set_locale(ctx, this, value),
        }),
        ("lang", |ctx, this, args| match args.first().filter(|value| !value.is_undefined()) {
            None => locale_data(ctx, this.borrow().duration.locale),
            Some(value) => set_locale(ctx, this, value),
        }),
        ("localeData", |ctx, this, _| locale_data(ctx, this.borrow().duration.locale)),
    ]
}

/// A new duration for JavaScript.
pub(crate) fn new<'js>(ctx: &Ctx<'js>, duration: Duration) -> Result<Value<'js>> {
    Class::instance(ctx.clone(), DurationObject { duration })?.into_js(ctx)
}

/// The duration in a value, if it is one.
pub(crate) fn duration_of(value: &Value<'_>) -> Option<Duration> {
    if !value.is_object() {
        return None;
    }
    let class = Class::<DurationObject>::from_value(value).ok()?;
    Some(class.borrow().duration.clone())
}

fn set_locale<'js>(ctx: &Ctx<'js>, this: &This0<'js>, value: &Value<'js>) -> Result<Value<'js>> {
    let locale = locale_of(ctx, Some(value))?;
    this.borrow_mut().duration.locale = locale;
    this.clone().into_js(ctx)
}

fn add<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    args: &[Value<'js>],
    sign: f64,
) -> Result<Value<'js>> {
    let other = duration(ctx, args.first(), args.get(1))?;
    this.borrow_mut().duration.add(&other.span, sign);
    this.clone().into_js(ctx)
}

fn count<'js>(ctx: &Ctx<'js>, this: &This0<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    let duration = &this.borrow().duration;
    if !duration.is_valid {
        return f64::NAN.into_js(ctx);
    }
    let unit = unit_of(args.first())?;
    match unit.and_then(|unit| duration.count(unit)) {
        Some(count) => count.into_js(ctx),
        None => {
            let name = unit.map_or("undefined", Unit::name);
            Err(Exception::throw_message(ctx, &format!("Unknown unit {name}")))
        }
    }
}

fn get<'js>(ctx: &Ctx<'js>, this: &This0<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    // Not borrowed: naming the argument may run code that changes the duration.
    let duration = this.borrow().duration.clone();
    if !duration.is_valid {
        return f64::NAN.into_js(ctx);
    }
    let unit = unit_of(args.first())?;
    let name = unit.map_or("undefined", Unit::name);
    match PARTS.iter().find(|(part, _)| part.strip_suffix('s') == Some(name)) {
        Some((_, part)) => part(&duration.parts).into_js(ctx),
        None => {
            let given = args.first().map_or(Ok("undefined".to_owned()), string_of)?;
            let message = format!("a duration has no `{given}` to get");
            Err(Exception::throw_type(ctx, &message))
        }
    }
}

fn iso_string<'js>(ctx: &Ctx<'js>, this: &This0<'js>, _: &[Value<'js>]) -> Result<Value<'js>> {
    let duration = &this.borrow().duration;
    if !duration.is_valid {
        return INVALID.into_js(ctx);
    }
    duration.iso_string().into_js(ctx)
}
