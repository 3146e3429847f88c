//! The JavaScript side of languages: which one a value means, and the object of `localeData()`.

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::{Constructor, Rest, This};
use rquickjs::{Class, Ctx, Exception, Function, IntoJs, JsLifetime, Object, Result, Value};

use super::class::to_js_number;
use super::compare::CalendarKey;
use super::duration_class::duration_of;
use super::format::INVALID;
use super::input::moment_of;
use super::locale::{Locale, find};
use super::relative::past_or_future;
use super::units::Unit;
use super::values::{given, is_true, is_truthy, number, string_of, strings_of};
use crate::script::world;

/// What `localeData()` answers.
#[derive(JsLifetime)]
pub(crate) struct LocaleData {
    locale: &'static Locale,
}

impl<'js> Trace<'js> for LocaleData {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

/// The language that an argument of `locale()` means: a name, several to choose from, a moment or a
/// duration. The language of new moments if it means none.
pub(crate) fn locale_of<'js>(
    ctx: &Ctx<'js>,
    value: Option<&Value<'js>>,
) -> Result<&'static Locale> {
    let current = world::of(ctx)?.locale();
    let Some(value) = value.filter(|value| is_truthy(value)) else {
        return Ok(current);
    };
    if let Some(moment) = moment_of(value) {
        return Ok(moment.locale);
    }
    if let Some(duration) = duration_of(value) {
        return Ok(duration.locale);
    }
    if value.is_string() || value.is_array() {
        return Ok(find(&strings_of(value)?).unwrap_or(current));
    }
    Ok(current)
}

/// `moment.localeData(…)` and the method of moments and durations.
pub(crate) fn locale_data<'js>(ctx: &Ctx<'js>, locale: &'static Locale) -> Result<Value<'js>> {
    Class::instance(ctx.clone(), LocaleData { locale })?.into_js(ctx)
}

/// Methods of moment.js that are not here: they make a language, or show how one is read.
const MISSING: [&str; 6] = [
    "set",
    "monthsRegex",
    "monthsShortRegex",
    "weekdaysRegex",
    "weekdaysShortRegex",
    "weekdaysMinRegex",
];

fn missing<'js>(ctx: &Ctx<'js>, _: &'static Locale, _: &[Value<'js>]) -> Result<Value<'js>> {
    let names = MISSING.join(", ");
    let message = format!("these methods of a moment language are not available here: {names}");
    Err(Exception::throw_type(ctx, &message))
}

type Method<'js> = fn(&Ctx<'js>, &'static Locale, &[Value<'js>]) -> Result<Value<'js>>;

impl<'js> JsClass<'js> for LocaleData {
    const NAME: &'static str = "Locale";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let prototype = Object::new(ctx.clone())?;
        let missing = MISSING.map(|name| (name, missing as Method<'js>));
        for (name, method) in methods().into_iter().chain(missing) {
            let call =
                move |ctx: Ctx<'js>, this: This<Class<'js, LocaleData>>, args: Rest<Value<'js>>| {
                    let locale = this.0.borrow().locale;
                    method(&ctx, locale, &args.0)
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
        ("months", |ctx, locale, args| names(ctx, &locale.months, Unit::Month, args)),
        ("monthsShort", |ctx, locale, args| names(ctx, &locale.months_short, Unit::Month, args)),
        ("weekdays", |ctx, locale, args| names(ctx, &locale.weekdays, Unit::Day, args)),
        ("weekdaysShort", |ctx, locale, args| names(ctx, &locale.weekdays_short, Unit::Day, args)),
        ("weekdaysMin", |ctx, locale, args| names(ctx, &locale.weekdays_min, Unit::Day, args)),
        ("monthsParse", |ctx, locale, args| {
            let (text, token) = (text_at(args, 0)?, text_at(args, 1)?);
            index(ctx, locale.month_index(&text, &token, is_true(args.get(2))))
        }),
        ("weekdaysParse", |ctx, locale, args| {
            let (text, token) = (text_at(args, 0)?, text_at(args, 1)?);
            index(ctx, locale.weekday_index(&text, &token, is_true(args.get(2))))
        }),
        ("longDateFormat", |ctx, locale, args| locale.long_format(&text_at(args, 0)?).into_js(ctx)),
        ("calendar", |ctx, locale, args| {
            let key = text_at(args, 0)?;
            let keys = [
                CalendarKey::SameDay,
                CalendarKey::NextDay,
                CalendarKey::NextWeek,
                CalendarKey::LastDay,
                CalendarKey::LastWeek,
            ];
            let key = keys.into_iter().find(|known| known.name() == key);
            key.unwrap_or(CalendarKey::SameElse).format(&locale.calendar).into_js(ctx)
        }),
        ("meridiem", |ctx, locale, args| {
            let hour = args.first().map(number).transpose()?.unwrap_or(f64::NAN);
            let hour = if hour < 12.0 { 0 } else { 12 };
            locale.meridiem(hour, is_true(args.get(2))).into_js(ctx)
        }),
        ("isPM", |ctx, locale, args| (locale.is_afternoon)(&text_at(args, 0)?).into_js(ctx)),
        ("ordinal", ordinal),
        ("relativeTime", |ctx, locale, args| {
            const UNITS: [&str; 6] = ["s", "m", "h", "d", "M", "y"];
            let (count, key) = (text_at(args, 0)?, text_at(args, 2)?);
            let several = key.len() == 2;
            let unit = UNITS.iter().position(|unit| key == *unit || key == unit.repeat(2));
            let words = unit.map(|unit| locale.relative.words[unit][usize::from(several)]);
            words.map(|words| words.replacen("%d", &count, 1)).into_js(ctx)
        }),
        ("pastFuture", |ctx, locale, args| {
            let distance = args.first().map(number).transpose()?.unwrap_or(f64::NAN);
            past_or_future(locale, distance, &text_at(args, 1)?).into_js(ctx)
        }),
        ("firstDayOfWeek", |ctx, _, _| 0.into_js(ctx)),
        ("firstDayOfYear", |ctx, _, _| 6.into_js(ctx)),
        ("week", |ctx, _, args| match args.first().and_then(moment_of) {
            Some(time) => world::of(ctx)?.with_zone(|zone| time.get(Unit::Week, zone)).into_js(ctx),
            None => Ok(Value::new_undefined(ctx.clone())),
        }),
        ("invalidDate", |ctx, _, _| INVALID.into_js(ctx)),
        ("preparse", |ctx, _, args| text_at(args, 0)?.into_js(ctx)),
        ("postformat", |ctx, _, args| text_at(args, 0)?.into_js(ctx)),
    ]
}

/// The name for a moment, or all names.
fn names<'js>(
    ctx: &Ctx<'js>,
    names: &[&'static str],
    unit: Unit,
    args: &[Value<'js>],
) -> Result<Value<'js>> {
    let Some(time) = given(args, 0).and_then(moment_of) else {
        return names.to_vec().into_js(ctx);
    };
    let index = world::of(ctx)?.with_zone(|zone| time.get(unit, zone));
    let name = names.iter().enumerate().find(|(known, _)| to_js_number(*known) == index);
    name.map(|(_, name)| *name).into_js(ctx)
}

fn ordinal<'js>(
    ctx: &Ctx<'js>,
    locale: &'static Locale,
    args: &[Value<'js>],
) -> Result<Value<'js>> {
    let count = args.first().map(number).transpose()?.unwrap_or(f64::NAN);
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    let text = (locale.ordinal)(count as i64, &text_at(args, 1)?);
    // A language that writes just the number answers a number.
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => count.into_js(ctx),
        false => text.into_js(ctx),
    }
}

fn index<'js>(ctx: &Ctx<'js>, index: Option<usize>) -> Result<Value<'js>> {
    match index {
        Some(index) => to_js_number(index).into_js(ctx),
        None => Ok(Value::new_undefined(ctx.clone())),
    }
}

fn text_at(args: &[Value<'_>], index: usize) -> Result<String> {
    given(args, index).map_or(Ok(String::new()), string_of)
}
