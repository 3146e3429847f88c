//! The function `moment` and the functions on it.

use rquickjs::function::Rest;
use rquickjs::object::Accessor;
use rquickjs::{Class, Ctx, Exception, Function, IntoJs, Object, Result, Value};

use super::class::{Moment, new};
use super::duration::Duration;
use super::duration_class::{self, DurationObject, duration_of};
use super::format::{DEFAULT, DEFAULT_UTC};
use super::input::{Clock, date_of, moment_of, time};
use super::lists::{months, weekdays};
use super::locale::{ALL, Locale};
use super::read::two_digit_year;
use super::speech::{LocaleData, locale_data, locale_of};
use super::time::Time;
use super::units::Span;
use super::values::{duration, given, is_true, number, string_of, unit_of};
use crate::script::world;

type Call<'js> = fn(&Ctx<'js>, &[Value<'js>]) -> Result<Value<'js>>;

/// Defines the classes and answers the function `moment`.
pub(crate) fn install<'js>(ctx: &Ctx<'js>) -> Result<Function<'js>> {
    let moment = function(ctx, "moment", |ctx, args| new(ctx, time(ctx, args, Clock::Local)?))?;
    // `new moment()` is the same as `moment()`.
    moment.set_constructor(true);
    let all = makers().into_iter().chain(questions()).chain(languages());
    for (name, call) in all {
        moment.set(name, function(ctx, name, call)?)?;
    }
    for (name, instead) in MISSING {
        let missing = move |ctx: Ctx<'js>| -> Result<Value<'js>> {
            let message = format!("moment.{name}() is not available here; {instead}");
            Err(Exception::throw_type(&ctx, &message))
        };
        moment.set(name, Function::new(ctx.clone(), missing)?.with_name(name)?)?;
    }
    moment.set("tz", super::tz::function(ctx)?)?;
    moment.set("duration", duration_function(ctx)?)?;
    if let Some(prototype) = Class::<LocaleData>::prototype(ctx)? {
        // Not of moment.js: what is not reached from here is not frozen, and would outlive its text.
        moment.get::<_, Object<'js>>("localeData")?.set("prototype", prototype)?;
    }
    moment.set("version", "2.21.0")?;
    for property in fixed() {
        define(&moment, property)?;
    }
    let html_formats = Object::new(ctx.clone())?;
    for (name, format) in HTML_FORMATS {
        html_formats.set(name, format)?;
    }
    moment.set("HTML5_FMT", html_formats)?;
    if let Some(prototype) = Class::<Moment>::prototype(ctx)? {
        prototype.set("constructor", moment.clone())?;
        moment.set("fn", prototype.clone())?;
        moment.set("prototype", prototype)?;
    }
    Ok(moment)
}

/// Functions of moment.js that are not here, and what to do instead.
const MISSING: [(&str, &str); 5] = [
    ("defineLocale", "the languages are `en` and `ja`"),
    ("updateLocale", "the languages are `en` and `ja`"),
    ("relativeTimeRounding", "round a duration's `asDays()` yourself"),
    ("calendarFormat", "give `calendar()` formats of your own"),
    ("createFromInputFallback", "give `moment()` a format"),
];

/// Source: moment 2.21.0, `moment.js`.
const HTML_FORMATS: [(&str, &str); 9] = [
    ("DATETIME_LOCAL", "YYYY-MM-DDTHH:mm"),
    ("DATETIME_LOCAL_SECONDS", "YYYY-MM-DDTHH:mm:ss"),
    ("DATETIME_LOCAL_MS", "YYYY-MM-DDTHH:mm:ss.SSS"),
    ("DATE", "YYYY-MM-DD"),
    ("TIME", "HH:mm"),
    ("TIME_SECONDS", "HH:mm:ss"),
    ("TIME_MS", "HH:mm:ss.SSS"),
    ("WEEK", "YYYY-[W]WW"),
    ("MONTH", "YYYY-MM"),
];

/// A property that moment.js lets people assign to. Here that is an error: to be ignored would be worse.
struct Fixed<'js> {
    name: &'static str,
    value: fn(&Ctx<'js>) -> Result<Value<'js>>,
    instead: &'static str,
}

fn fixed<'js>() -> [Fixed<'js>; 3] {
    let instead = "give format() a format";
    [
        Fixed { name: "defaultFormat", value: |ctx| DEFAULT.into_js(ctx), instead },
        Fixed { name: "defaultFormatUtc", value: |ctx| DEFAULT_UTC.into_js(ctx), instead },
        Fixed {
            name: "now",
            value: |ctx| {
                let now = function(ctx, "now", |ctx, _| world::of(ctx)?.now_ms().into_js(ctx));
                Ok(now?.into_value())
            },
            instead: "the time belongs to the session",
        },
    ]
}

fn define<'js>(moment: &Function<'js>, fixed: Fixed<'js>) -> Result<()> {
    let Fixed { name, value, instead } = fixed;
    let get = move |ctx: Ctx<'js>| value(&ctx);
    let set = move |ctx: Ctx<'js>, _: Value<'js>| -> Result<()> {
        let message = format!("moment.{name} cannot be changed here; {instead}");
        Err(Exception::throw_type(&ctx, &message))
    };
    moment.prop(name, Accessor::new(get, set).enumerable())
}

fn function<'js>(ctx: &Ctx<'js>, name: &str, call: Call<'js>) -> Result<Function<'js>> {
    let function = move |ctx: Ctx<'js>, args: Rest<Value<'js>>| call(&ctx, &args.0);
    Function::new(ctx.clone(), function)?.with_name(name)
}

fn makers<'js>() -> Vec<(&'static str, Call<'js>)> {
    vec![
        ("utc", |ctx, args| new(ctx, time(ctx, args, Clock::Utc)?)),
        ("unix", |ctx, args| {
            let seconds = args.first().map(number).transpose()?.unwrap_or(f64::NAN);
            new(ctx, Time::local(seconds * 1_000.0).speaking(world::of(ctx)?.locale()))
        }),
        ("parseZone", |ctx, args| {
            let mut time = time(ctx, args, Clock::Local)?;
            world::of(ctx)?.with_zone(|zone| time.set_stated_offset(zone));
            new(ctx, time)
        }),
        ("invalid", |ctx, _| {
            let mut time = Time::invalid().speaking(world::of(ctx)?.locale());
            world::of(ctx)?.with_zone(|zone| time.set_utc_offset(0.0, false, zone));
            new(ctx, time)
        }),
        ("max", |ctx, args| pick(ctx, args, |best, other| other > best)),
        ("min", |ctx, args| pick(ctx, args, |best, other| other < best)),
        // As formats these mean the standard; moment gives them no other use.
        ("ISO_8601", |ctx, _| Ok(Value::new_undefined(ctx.clone()))),
        ("RFC_2822", |ctx, _| Ok(Value::new_undefined(ctx.clone()))),
    ]
}

fn questions<'js>() -> Vec<(&'static str, Call<'js>)> {
    vec![
        ("isMoment", |ctx, args| args.first().and_then(moment_of).is_some().into_js(ctx)),
        ("isDuration", |ctx, args| args.first().and_then(duration_of).is_some().into_js(ctx)),
        ("isDate", |ctx, args| {
            let date = args.first().map(|value| date_of(ctx, value)).transpose()?;
            date.flatten().is_some().into_js(ctx)
        }),
        ("normalizeUnits", |ctx, args| match unit_of(args.first())? {
            Some(unit) => unit.name().into_js(ctx),
            None => Ok(Value::new_undefined(ctx.clone())),
        }),
        ("parseTwoDigitYear", |ctx, args| {
            two_digit_year(&given(args, 0).map_or(Ok(String::new()), string_of)?).into_js(ctx)
        }),
        ("relativeTimeThreshold", threshold),
    ]
}

fn languages<'js>() -> Vec<(&'static str, Call<'js>)> {
    fn locale(ctx: &Ctx<'_>) -> Result<&'static Locale> {
        Ok(world::of(ctx)?.locale())
    }
    vec![
        ("locale", set_language),
        ("lang", set_language),
        ("locales", |ctx, _| ALL.map(|locale| locale.id).to_vec().into_js(ctx)),
        ("localeData", |ctx, args| locale_data(ctx, locale_of(ctx, args.first())?)),
        ("langData", |ctx, args| locale_data(ctx, locale_of(ctx, args.first())?)),
        ("months", |ctx, args| months(ctx, &locale(ctx)?.months, args)),
        ("monthsShort", |ctx, args| months(ctx, &locale(ctx)?.months_short, args)),
        ("weekdays", |ctx, args| weekdays(ctx, &locale(ctx)?.weekdays, args)),
        ("weekdaysShort", |ctx, args| weekdays(ctx, &locale(ctx)?.weekdays_short, args)),
        ("weekdaysMin", |ctx, args| weekdays(ctx, &locale(ctx)?.weekdays_min, args)),
    ]
}

fn duration_function<'js>(ctx: &Ctx<'js>) -> Result<Function<'js>> {
    let create = function(ctx, "duration", |ctx, args| {
        duration_class::new(ctx, duration(ctx, args.first(), args.get(1))?)
    })?;
    let invalid = function(ctx, "invalid", |ctx, _| {
        let locale = world::of(ctx)?.locale();
        let invalid = Duration { is_valid: false, ..Duration::new(Span::default(), locale) };
        duration_class::new(ctx, invalid)
    })?;
    create.set("invalid", invalid)?;
    if let Some(prototype) = Class::<DurationObject>::prototype(ctx)? {
        prototype.set("constructor", create.clone())?;
        create.set("fn", prototype)?;
    }
    Ok(create)
}

/// `moment.locale(name)`: until the text ends.
fn set_language<'js>(ctx: &Ctx<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    let world = world::of(ctx)?;
    if is_true(args.get(1)) {
        let message = "moment.locale() cannot define a language here; there are `en` and `ja`";
        return Err(Exception::throw_type(ctx, message));
    }
    world.set_locale(locale_of(ctx, args.first())?);
    world.locale().id.into_js(ctx)
}

/// `moment.relativeTimeThreshold(name, limit)`: until the text ends.
fn threshold<'js>(ctx: &Ctx<'js>, args: &[Value<'js>]) -> Result<Value<'js>> {
    let world = world::of(ctx)?;
    let mut thresholds = world.thresholds();
    let name = given(args, 0).map_or(Ok(String::new()), string_of)?;
    let Some(threshold) = thresholds.get(&name) else {
        return false.into_js(ctx);
    };
    let Some(limit) = args.get(1).filter(|limit| !limit.is_undefined()) else {
        return threshold.into_js(ctx);
    };
    *threshold = number(limit)?;
    if name == "s" {
        thresholds.few_seconds = thresholds.seconds - 1.0;
    }
    world.set_thresholds(thresholds);
    true.into_js(ctx)
}

/// The latest or earliest of moments; an invalid one wins.
fn pick<'js>(
    ctx: &Ctx<'js>,
    args: &[Value<'js>],
    better: fn(f64, f64) -> bool,
) -> Result<Value<'js>> {
    let moments: Vec<Value<'js>> = match args.first().and_then(Value::as_array) {
        Some(array) if args.len() == 1 => array.iter::<Value<'js>>().collect::<Result<_>>()?,
        Some(_) | None => args.to_vec(),
    };
    let mut best: Option<(Value<'js>, f64)> = None;
    for value in moments {
        let Some(time) = moment_of(&value) else {
            let message = "moment.max and moment.min take moments, such as `moment(x)`";
            return Err(Exception::throw_type(ctx, message));
        };
        let instant = time.value();
        if best.as_ref().is_none_or(|(_, best)| instant.is_nan() || better(*best, instant)) {
            best = Some((value, instant));
        }
    }
    match best {
        Some((value, _)) => Ok(value),
        None => new(ctx, time(ctx, &[], Clock::Local)?),
    }
}
