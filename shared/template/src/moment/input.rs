//! What `moment(...)` makes of its arguments. Source: moment 2.21.0, `create/from-anything.js`.

use rquickjs::function::Constructor;
use rquickjs::{Array, Class, Coerced, Ctx, Function, Object, Result, Value};

use super::class::Moment;
use super::iso::{iso, rfc_2822};
use super::parsed::{Now, Parsed};
use super::read::read;
use super::time::Time;
use super::units::{Span, Unit, unit};
use crate::script::world;

/// The clock a new moment is read and shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// `moment(...)`
    Local,
    /// `moment.utc(...)`
    Utc,
}

/// The moment of `moment(input, format, locale or strict, strict)`.
pub(crate) fn time<'js>(ctx: &Ctx<'js>, args: &[Value<'js>], clock: Clock) -> Result<Time> {
    let mut time = created(ctx, args, clock)?;
    if clock == Clock::Utc {
        world::of(ctx)?.with_zone(|zone| time.set_utc_offset(0.0, false, zone));
    }
    Ok(time)
}

fn created<'js>(ctx: &Ctx<'js>, args: &[Value<'js>], clock: Clock) -> Result<Time> {
    let at = |ms: f64| match clock {
        Clock::Local => Time::local(ms),
        Clock::Utc => Time::utc(ms),
    };
    let input = args.first().filter(|value| !is_empty_collection(value));
    let format = args.get(1).filter(|value| !value.is_undefined());
    let is_strict = args.iter().skip(2).any(|value| value.as_bool() == Some(true));
    let Some(input) = input.filter(|value| !value.is_undefined() || format.is_some()) else {
        return Ok(at(world::of(ctx)?.now_ms()));
    };
    if input.is_null() {
        return Ok(Time::invalid());
    }
    if let Some(moment) = moment_of(input) {
        return Ok(moment);
    }
    if let Some(ms) = date_of(ctx, input)? {
        return Ok(at(ms));
    }
    if let Some(format) = format.filter(|value| is_truthy(value)) {
        return Ok(at(formatted(ctx, input, format, is_strict, clock)?));
    }
    Ok(at(unformatted(ctx, input, clock)?))
}

fn unformatted<'js>(ctx: &Ctx<'js>, input: &Value<'js>, clock: Clock) -> Result<f64> {
    if let Some(text) = input.as_string() {
        return text_instant(ctx, &text.to_string()?, clock);
    }
    if let Some(number) = input.as_number() {
        return Ok(number);
    }
    if let Some(array) = input.as_array() {
        return with_now(ctx, clock, array_parts(array)?);
    }
    match input.as_object().filter(|object| !object.is_function()) {
        Some(object) => with_now(ctx, clock, object_parts(object)?),
        None => js_date(ctx, &string_of(input)?),
    }
}

fn text_instant(ctx: &Ctx<'_>, text: &str, clock: Clock) -> Result<f64> {
    if text.is_empty() {
        return Ok(f64::NAN);
    }
    if let Some(ms) = asp_net_ms(text) {
        return Ok(ms);
    }
    match iso(text).or_else(|| rfc_2822(text)) {
        Some(parsed) => with_now(ctx, clock, parsed),
        None if clock == Clock::Utc => js_date(ctx, &format!("{text} UTC")),
        None => js_date(ctx, text),
    }
}

/// `/Date(1567263600000)/`
fn asp_net_ms(text: &str) -> Option<f64> {
    let text = text.strip_prefix('/').unwrap_or(text);
    let prefix = text.get(..5).filter(|prefix| prefix.eq_ignore_ascii_case("date("))?;
    let number = &text[prefix.len()..];
    let sign = usize::from(number.starts_with('-'));
    let digits = number[sign..].bytes().take_while(u8::is_ascii_digit).count();
    number[..sign + digits].parse().ok().filter(|_| digits > 0)
}

/// moment's last resort: what `Date` reads.
fn js_date(ctx: &Ctx<'_>, text: &str) -> Result<f64> {
    let date: Object<'_> = ctx.globals().get("Date")?;
    let parse: Function<'_> = date.get("parse")?;
    parse.call((text,))
}

fn formatted<'js>(
    ctx: &Ctx<'js>,
    input: &Value<'js>,
    format: &Value<'js>,
    strict: bool,
    clock: Clock,
) -> Result<f64> {
    let text = string_of(input)?;
    let Some(formats) = format.as_array() else {
        let format = string_of(format)?;
        return with_now(ctx, clock, read(&text, &format, strict).parsed);
    };
    let mut best: Option<(usize, f64)> = None;
    for format in formats.iter::<Coerced<String>>() {
        let reading = read(&text, &format?.0, strict);
        let instant = with_now(ctx, clock, reading.parsed)?;
        if !instant.is_nan() && best.is_none_or(|(misfit, _)| reading.misfit < misfit) {
            best = Some((reading.misfit, instant));
        }
    }
    Ok(best.map_or(f64::NAN, |(_, instant)| instant))
}

fn with_now(ctx: &Ctx<'_>, clock: Clock, parsed: Parsed) -> Result<f64> {
    let world = world::of(ctx)?;
    let ms = world.now_ms();
    Ok(world.with_zone(|zone| parsed.instant(&Now { ms, zone, utc: clock == Clock::Utc })))
}

fn array_parts(array: &Array<'_>) -> Result<Parsed> {
    let mut parsed = Parsed::default();
    for (slot, part) in parsed.date.iter_mut().zip(array.iter::<Coerced<f64>>()) {
        *slot = Some(part?.0.trunc());
    }
    Ok(parsed)
}

fn object_parts(object: &Object<'_>) -> Result<Parsed> {
    let mut parsed = Parsed::default();
    for (unit, value) in units_of(object)? {
        let index = match unit {
            Unit::Year => 0,
            Unit::Month => 1,
            Unit::Day | Unit::Date => 2,
            Unit::Hour => 3,
            Unit::Minute => 4,
            Unit::Second => 5,
            Unit::Millisecond => 6,
            Unit::Quarter | Unit::Week | Unit::IsoWeek | Unit::DayOfYear => continue,
            Unit::Weekday | Unit::IsoWeekday | Unit::WeekYear | Unit::IsoWeekYear => continue,
        };
        parsed.date[index] = Some(value.trunc());
    }
    Ok(parsed)
}

/// The own properties of an object that name units, with their values as numbers.
pub(crate) fn units_of(object: &Object<'_>) -> Result<Vec<(Unit, f64)>> {
    let mut units = Vec::new();
    for entry in object.props::<String, Value<'_>>() {
        let (name, value) = entry?;
        if let Some(unit) = unit(&name) {
            units.push((unit, number(&value)?));
        }
    }
    Ok(units)
}

/// The length of time that `add(value, unit)` means.
pub(crate) fn span<'js>(args: &[Value<'js>]) -> Result<Span> {
    let (mut value, mut period) = (args.first(), args.get(1));
    // `add('days', 3)`, moment's older order.
    if let Some(given) = period.filter(|period| !period.is_null() && !period.is_undefined())
        && !number(given)?.is_nan()
    {
        (value, period) = (period, value);
    }
    let Some(value) = value.filter(|value| !value.is_null() && !value.is_undefined()) else {
        return Ok(Span::default());
    };
    if value.is_number() || value.is_string() {
        let amount = number(value)?;
        let period = period.filter(|period| is_truthy(period));
        return Ok(match period {
            None => Span::default().plus(amount, Unit::Millisecond),
            Some(name) => match unit(&string_of(name)?) {
                Some(unit) => Span::default().plus(amount, unit),
                None => Span::default(),
            },
        });
    }
    match value.as_object() {
        Some(object) => {
            let units = units_of(object)?;
            Ok(units
                .into_iter()
                .fold(Span::default(), |span, (unit, amount)| span.plus(amount, unit)))
        }
        None => Ok(Span::default()),
    }
}

/// The moment in a value, if it is one.
pub(crate) fn moment_of(value: &Value<'_>) -> Option<Time> {
    let class = Class::<Moment>::from_value(value).ok()?;
    Some(class.borrow().time)
}

fn date_of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Option<f64>> {
    let Some(object) = value.as_object() else {
        return Ok(None);
    };
    let date: Constructor<'js> = ctx.globals().get("Date")?;
    if !object.is_instance_of(&date) {
        return Ok(None);
    }
    Ok(Some(number(value)?))
}

/// `+value`
pub(crate) fn number(value: &Value<'_>) -> Result<f64> {
    Ok(value.get::<Coerced<f64>>()?.0)
}

fn is_truthy(value: &Value<'_>) -> bool {
    let is_empty = |text: &rquickjs::String<'_>| text.to_string().is_ok_and(|text| text.is_empty());
    match value.as_string() {
        Some(text) => !is_empty(text),
        None => value.get::<Coerced<bool>>().is_ok_and(|value| value.0),
    }
}

fn is_empty_collection(value: &Value<'_>) -> bool {
    if value.is_function() || moment_of(value).is_some() {
        return false;
    }
    match (value.as_array(), value.as_object()) {
        (Some(array), _) => array.is_empty(),
        (None, Some(object)) => is_plain(object) && object.is_empty(),
        (None, None) => false,
    }
}

/// Objects such as `Date` have no properties of their own but are not empty.
fn is_plain(object: &Object<'_>) -> bool {
    object.get_prototype().is_none_or(|prototype| prototype.get_prototype().is_none())
}

/// `'' + value`
pub(crate) fn string_of(value: &Value<'_>) -> Result<String> {
    Ok(value.get::<Coerced<String>>()?.0)
}
