//! JavaScript values as moment.js takes them: numbers, names of units, lengths of time.

use rquickjs::{Array, Coerced, Ctx, Object, Result, Value};

use super::duration::Duration;
use super::duration_class::duration_of;
use super::duration_text;
use super::input::{Clock, moment_of, time};
use super::locale::Locale;
use super::units::{Span, Unit, unit};
use crate::script::world;

/// `+value`
pub(crate) fn number(value: &Value<'_>) -> Result<f64> {
    match value.as_number() {
        Some(number) => Ok(number),
        None => Ok(value.get::<Coerced<f64>>()?.0),
    }
}

/// `'' + value`
pub(crate) fn string_of(value: &Value<'_>) -> Result<String> {
    Ok(value.get::<Coerced<String>>()?.0)
}

/// What `if (value)` takes for true.
pub(crate) fn is_truthy(value: &Value<'_>) -> bool {
    let is_empty = |text: &rquickjs::String<'_>| text.to_string().is_ok_and(|text| text.is_empty());
    match value.as_string() {
        Some(text) => !is_empty(text),
        None => value.get::<Coerced<bool>>().is_ok_and(|value| value.0),
    }
}

/// Whether an optional argument is there and true.
pub(crate) fn is_true(value: Option<&Value<'_>>) -> bool {
    value.is_some_and(is_truthy)
}

/// The argument, unless it is missing, null or undefined.
pub(crate) fn given<'a, 'js>(args: &'a [Value<'js>], index: usize) -> Option<&'a Value<'js>> {
    args.get(index).filter(|value| !value.is_null() && !value.is_undefined())
}

/// The unit that an argument names; `None` for other values and for names of nothing.
pub(crate) fn unit_of(value: Option<&Value<'_>>) -> Result<Option<Unit>> {
    match value.filter(|value| value.is_string()) {
        Some(name) => Ok(unit(&string_of(name)?)),
        None => Ok(None),
    }
}

/// The own properties of an object that name units; of several names for one unit the last one counts.
pub(crate) fn units_of<'js>(object: &Object<'js>) -> Result<Vec<(Unit, Value<'js>)>> {
    let mut units: Vec<(Unit, Value<'js>)> = Vec::new();
    for entry in object.props::<String, Value<'js>>() {
        let (name, value) = entry?;
        let Some(unit) = unit(&name) else {
            continue;
        };
        match units.iter_mut().find(|(known, _)| *known == unit) {
            Some(known) => known.1 = value,
            None => units.push((unit, value)),
        }
    }
    Ok(units)
}

/// The length of time that `add(value, unit)` means on a moment.
pub(crate) fn span<'js>(ctx: &Ctx<'js>, args: &[Value<'js>]) -> Result<Span> {
    let (mut value, mut period) = (args.first(), args.get(1));
    // `add('days', 3)`, moment's older order.
    if let Some(given) = period.filter(|period| !period.is_null() && !period.is_undefined())
        && !(given.is_string() && unit_of(Some(given))?.is_some())
        && !number(given)?.is_nan()
    {
        (value, period) = (period, value);
    }
    match value {
        Some(value) if value.is_number() || value.is_string() => {
            Ok(Span::default().plus_named(number(value)?, period_of(period)?))
        }
        Some(value) => Ok(duration(ctx, Some(value), None)?.span),
        None => Ok(Span::default()),
    }
}

/// The duration that `moment.duration(value, unit)` means.
pub(crate) fn duration<'js>(
    ctx: &Ctx<'js>,
    value: Option<&Value<'js>>,
    period: Option<&Value<'js>>,
) -> Result<Duration> {
    let locale = world::of(ctx)?.locale();
    let Some(value) = value.filter(|value| !value.is_null() && !value.is_undefined()) else {
        return Ok(Duration::new(Span::default(), locale));
    };
    if let Some(known) = duration_of(value) {
        return Ok(known.copy());
    }
    if value.is_number() {
        return Ok(match period_of(period)? {
            Period::Unit(unit) => amounts(&[(unit, value.clone())], locale)?,
            Period::Unknown => Duration::new(Span::default(), locale),
        });
    }
    if value.is_string() {
        let units = duration_text::read(&string_of(value)?).unwrap_or_default();
        return Ok(Duration::from_units(&units, locale));
    }
    let Some(object) = value.as_object() else {
        return Ok(Duration::new(Span::default(), locale));
    };
    if moment_of(value).is_none() && (object.contains_key("from")? || object.contains_key("to")?) {
        let end = |name: &str| -> Result<_> {
            time(ctx, &[object.get::<_, Value<'js>>(name)?], Clock::Local)
        };
        let (from, to) = (end("from")?, end("to")?);
        let span = world::of(ctx)?.with_zone(|zone| from.span_to(&to, zone));
        return Ok(Duration::new(span, locale));
    }
    amounts(&units_of(object)?, locale)
}

/// A number that is none counts as nothing but makes the duration invalid; a text that is none spoils it all.
fn amounts(units: &[(Unit, Value<'_>)], locale: &'static Locale) -> Result<Duration> {
    let mut has_nan = false;
    let mut known = Vec::with_capacity(units.len());
    for (unit, value) in units {
        let is_given = !value.is_null() && !value.is_undefined();
        let amount = if is_given { number(value)? } else { 0.0 };
        let is_nan = amount.is_nan() && value.is_number();
        has_nan |= is_nan;
        known.push((*unit, if is_nan { 0.0 } else { amount }));
    }
    let duration = Duration::from_units(&known, locale);
    Ok(Duration { is_valid: duration.is_valid && !has_nan, ..duration })
}

/// The second argument of `add`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Period {
    Unit(Unit),
    /// A name of nothing: nothing is added.
    Unknown,
}

fn period_of(period: Option<&Value<'_>>) -> Result<Period> {
    Ok(match period.filter(|period| is_truthy(period)) {
        None => Period::Unit(Unit::Millisecond),
        Some(name) => unit(&string_of(name)?).map_or(Period::Unknown, Period::Unit),
    })
}

impl Span {
    fn plus_named(self, amount: f64, period: Period) -> Self {
        match period {
            Period::Unit(unit) => self.plus(amount, unit),
            Period::Unknown => self,
        }
    }
}

/// The strings of an array, or the one string that a value is.
pub(crate) fn strings_of(value: &Value<'_>) -> Result<Vec<String>> {
    match value.as_array() {
        Some(array) => strings(array),
        None => Ok(vec![string_of(value)?]),
    }
}

fn strings(array: &Array<'_>) -> Result<Vec<String>> {
    array.iter::<Coerced<String>>().map(|text| Ok(text?.0)).collect()
}
