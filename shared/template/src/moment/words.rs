//! Methods of moments that speak: format, distances in words, the calendar, the language.

use rquickjs::function::This;
use rquickjs::{Ctx, Exception, Function, IntoJs, Result, Value};

use super::class::{Method, This0, ask, new};
use super::duration::Duration;
use super::format::{INVALID, format};
use super::input::{Clock, time};
use super::locale::EN;
use super::methods::other_of;
use super::relative::humanize;
use super::speech::{locale_data, locale_of};
use super::time::Time;
use super::units::Unit;
use super::values::{is_true, is_truthy, string_of};
use crate::script::world;

/// Longest format. It is printed natively, where neither the time nor the memory limit reaches it, in about a
/// millisecond at this length.
const FORMAT_BYTES_MAX: usize = 16 * 1_024;

/// The methods by name.
pub(crate) fn methods<'js>() -> Vec<(&'static str, Method<'js>)> {
    vec![
        ("format", |ctx, this, args| {
            let pattern = args.first().filter(|value| is_truthy(value));
            print(ctx, this, &pattern.map_or(Ok(String::new()), string_of)?)
        }),
        ("toString", |ctx, this, _| {
            ask(ctx, this, |time, zone| {
                let time = time.clone().speaking(EN);
                format(&time, "ddd MMM DD YYYY HH:mm:ss [GMT]ZZ", zone)
            })
        }),
        ("from", |ctx, this, args| {
            let other = other_of(ctx, args)?;
            distance(ctx, this, &other, Direction::From, !is_true(args.get(1)))
        }),
        ("fromNow", |ctx, this, args| {
            let now = time(ctx, &[], Clock::Local)?;
            distance(ctx, this, &now, Direction::From, !is_true(args.first()))
        }),
        ("to", |ctx, this, args| {
            let other = other_of(ctx, args)?;
            distance(ctx, this, &other, Direction::To, !is_true(args.get(1)))
        }),
        ("toNow", |ctx, this, args| {
            let now = time(ctx, &[], Clock::Local)?;
            distance(ctx, this, &now, Direction::To, !is_true(args.first()))
        }),
        ("calendar", calendar),
        ("locale", |ctx, this, args| match args.first().filter(|value| !value.is_undefined()) {
            None => this.borrow().time.locale.id.into_js(ctx),
            Some(value) => set_locale(ctx, this, value),
        }),
        ("lang", |ctx, this, args| match args.first().filter(|value| !value.is_undefined()) {
            None => locale_data(ctx, this.borrow().time.locale),
            Some(value) => set_locale(ctx, this, value),
        }),
        ("localeData", |ctx, this, _| locale_data(ctx, this.borrow().time.locale)),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// The other moment is where the distance starts.
    From,
    To,
}

/// The distance between the moment and another one in words.
fn distance<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    other: &Time,
    direction: Direction,
    suffix: bool,
) -> Result<Value<'js>> {
    let thresholds = world::of(ctx)?.thresholds();
    ask(ctx, this, |time, zone| {
        if !time.is_valid() || !other.is_valid() {
            return INVALID.to_owned();
        }
        let span = match direction {
            Direction::From => other.span_to(time, zone),
            Direction::To => time.span_to(other, zone),
        };
        humanize(&Duration::new(span, time.locale), suffix, &thresholds)
    })
}

/// `calendar(now, formats)`.
fn calendar<'js>(ctx: &Ctx<'js>, this: &This0<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    let given_now = args.first().filter(|value| is_truthy(value));
    let now = match given_now {
        Some(now) => now.clone(),
        None => new(ctx, time(ctx, &[], Clock::Local)?)?,
    };
    let reference = other_of(ctx, std::slice::from_ref(&now))?;
    let moment = this.borrow().time.clone();
    let key = world::of(ctx)?.with_zone(|zone| {
        let mut start = reference.on_clock_of(&moment, zone);
        start.start_of(Unit::Day, zone);
        moment.calendar_key(&start, zone)
    });
    let own = match args.get(1).and_then(Value::as_object) {
        Some(formats) => formats.get::<_, Value<'js>>(key.name())?,
        None => Value::new_undefined(ctx.clone()),
    };
    let own = match own.as_function() {
        Some(function) => call(function, this, &now)?,
        None => own,
    };
    let pattern = match is_truthy(&own) {
        true => string_of(&own)?,
        false => key.format(&moment.locale.calendar).to_owned(),
    };
    print(ctx, this, &pattern)
}

fn print<'js>(ctx: &Ctx<'js>, this: &This0<'js>, pattern: &str) -> Result<Value<'js>> {
    if pattern.len() > FORMAT_BYTES_MAX {
        let message = format!("moment prints formats of at most {FORMAT_BYTES_MAX} bytes");
        return Err(Exception::throw_range(ctx, &message));
    }
    ask(ctx, this, |time, zone| format(time, pattern, zone))
}

fn call<'js>(function: &Function<'js>, this: &This0<'js>, now: &Value<'js>) -> Result<Value<'js>> {
    function.call((This(this.clone()), now.clone()))
}

fn set_locale<'js>(ctx: &Ctx<'js>, this: &This0<'js>, value: &Value<'js>) -> Result<Value<'js>> {
    let locale = locale_of(ctx, Some(value))?;
    this.borrow_mut().time.locale = locale;
    this.clone().into_js(ctx)
}
