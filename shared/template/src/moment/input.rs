//! What `moment(...)` makes of its arguments. Source: moment 2.21.0, `create/from-anything.js`.

use rquickjs::function::Constructor;
use rquickjs::{Array, Class, Ctx, Exception, Function, Object, Result, Value};

use super::class::Moment;
use super::iso::{iso_format, rfc_2822};
use super::locale::Locale;
use super::matching::offset_in;
use super::parsed::{Now, Parsed};
use super::read::{Manner, Reading, read};
use super::speech::locale_of;
use super::time::{StatedOffset, Time};
use super::units::Unit;
use super::values::{is_truthy, number, string_of, units_of};
use super::zone::Zone;
use crate::script::world;

/// Longest text that is read by a format, and longest format (all of them, if there are several). Reading takes a step for
/// each pair of their bytes, where no time limit reaches it: a hundredth of a second at most.
const TEXT_BYTES_MAX: usize = 1_000;
const FORMAT_BYTES_MAX: usize = 2_000;

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
    let mut time = Maker::new(ctx, clock)?.make(args)?.time;
    if clock == Clock::Utc {
        world::of(ctx)?.with_zone(|zone| time.set_utc_offset(0.0, false, zone));
    }
    Ok(time)
}

/// A new moment, and whether it was read from parts of a date without an offset.
pub(crate) struct Made {
    pub(crate) time: Time,
    pub(crate) is_wall_time: bool,
}

/// Makes moments of JavaScript values.
pub(crate) struct Maker<'a, 'js> {
    ctx: &'a Ctx<'js>,
    clock: Clock,
    /// What is missing in front is taken from here.
    now_ms: f64,
    /// The zone whose clock is read; the workflow's if `None`.
    zone: Option<Zone>,
}

/// The instant of an input, NaN if there is none.
#[derive(Clone, Copy)]
struct Found {
    ms: f64,
    stated: StatedOffset,
    is_wall_time: bool,
}

impl Found {
    fn instant(ms: f64) -> Self {
        Found { ms, stated: StatedOffset::NoText, is_wall_time: false }
    }
}

impl<'a, 'js> Maker<'a, 'js> {
    pub(crate) fn new(ctx: &'a Ctx<'js>, clock: Clock) -> Result<Self> {
        Ok(Maker { ctx, clock, now_ms: world::of(ctx)?.now_ms(), zone: None })
    }

    /// Takes what an input does not say from a zone's clock, as `moment.tz` does.
    pub(crate) fn with_wall_now(self, zone: &Zone) -> Self {
        let now_ms = zone.local_ms(self.now_ms);
        Maker { now_ms, zone: Some(Zone(jiff::tz::TimeZone::UTC)), ..self }
    }

    pub(crate) fn make(&self, args: &[Value<'js>]) -> Result<Made> {
        let language = args.get(2).filter(|value| value.as_bool().is_none());
        let locale = locale_of(self.ctx, language)?;
        if let Some(time) = args.first().and_then(moment_of) {
            return Ok(Made { time, is_wall_time: false });
        }
        if is_no_input(args)? {
            // On the clock of UTC, and in no language of its own.
            let time = Time::utc(f64::NAN).speaking(world::of(self.ctx)?.locale());
            return Ok(Made { time, is_wall_time: false });
        }
        let found = self.found(args, locale)?;
        let time = match self.clock {
            Clock::Local => Time::local(found.ms),
            Clock::Utc => Time::utc(found.ms),
        };
        let time = Time { locale, stated: found.stated, ..time };
        Ok(Made { time, is_wall_time: found.is_wall_time })
    }

    fn found(&self, args: &[Value<'js>], locale: &'static Locale) -> Result<Found> {
        let input = args.first().filter(|value| !is_empty_collection(value));
        let format = args.get(1).filter(|value| is_truthy(value));
        let strict = match args.get(2).and_then(Value::as_bool) {
            Some(strict) => strict,
            None => args.get(3).is_some_and(is_truthy),
        };
        let Some(input) = input.filter(|value| !value.is_undefined() || format.is_some()) else {
            return Ok(Found::instant(self.now_ms));
        };
        if let Some(ms) = date_of(self.ctx, input)? {
            return Ok(Found::instant(ms));
        }
        let Some(format) = format else {
            return self.unformatted(input, locale);
        };
        let text = string_of(input)?;
        let mut found = self.formatted(&text, format, Manner { locale, strict })?;
        if found.stated == StatedOffset::NoText && input.is_string() {
            found.stated = offset_in(&text).map_or(StatedOffset::Missing, StatedOffset::Found);
        }
        Ok(found)
    }

    fn unformatted(&self, input: &Value<'js>, locale: &'static Locale) -> Result<Found> {
        if input.is_string() {
            let text = string_of(input)?;
            let mut found = self.text(&text, locale)?;
            if found.stated == StatedOffset::NoText {
                found.stated = offset_in(&text).map_or(StatedOffset::Missing, StatedOffset::Found);
            }
            return Ok(found);
        }
        if let Some(number) = input.as_number() {
            return Ok(Found::instant(number));
        }
        let parts = match (input.as_array(), input.as_object()) {
            (Some(array), _) => array_parts(array)?,
            (None, Some(object)) if !object.is_function() => object_parts(object)?,
            (None, _) => return Ok(Found::instant(js_date(self.ctx, &string_of(input)?)?)),
        };
        self.of_parts(parts, true)
    }

    fn text(&self, text: &str, locale: &'static Locale) -> Result<Found> {
        // Nothing that long is a date.
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return Ok(Found::instant(f64::NAN));
        }
        if let Some(ms) = asp_net_ms(text) {
            return Ok(Found::instant(ms));
        }
        if let Some(format) = iso_format(text) {
            let manner = Manner { locale, strict: false };
            return self.of_parts(read(text, &format, manner).parsed, true);
        }
        if let Some(found) = rfc_found(text) {
            return Ok(found);
        }
        let ms = match self.clock {
            Clock::Utc => js_date(self.ctx, &format!("{text} UTC"))?,
            Clock::Local => js_date(self.ctx, text)?,
        };
        Ok(Found::instant(ms))
    }

    fn formatted(&self, text: &str, format: &Value<'js>, manner: Manner) -> Result<Found> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(self.too_long("a text", TEXT_BYTES_MAX));
        }
        let Some(formats) = format.as_array() else {
            return Ok(self.one_format(text, format, manner, &mut 0)?.0);
        };
        let mut bytes = 0;
        let mut best: Option<(Found, usize)> = None;
        for format in formats.iter::<Value<'js>>() {
            let (found, misfit) = self.one_format(text, &format?, manner, &mut bytes)?;
            if !found.ms.is_nan() && best.is_none_or(|(_, least)| misfit < least) {
                best = Some((found, misfit));
            }
        }
        Ok(best.map_or(Found::instant(f64::NAN), |(found, _)| found))
    }

    fn one_format(
        &self,
        text: &str,
        format: &Value<'js>,
        manner: Manner,
        bytes: &mut usize,
    ) -> Result<(Found, usize)> {
        let constant = match format.as_object().filter(|object| object.is_function()) {
            Some(function) => function.get::<_, String>("name")?,
            None => String::new(),
        };
        let format = match constant.as_str() {
            "RFC_2822" => {
                return Ok((rfc_found(text).unwrap_or(Found::instant(f64::NAN)), 0));
            }
            "ISO_8601" => match iso_format(text) {
                Some(format) => format,
                None => return Ok((Found::instant(f64::NAN), 0)),
            },
            _ => string_of(format)?,
        };
        *bytes += format.len() + 1;
        if *bytes > FORMAT_BYTES_MAX {
            return Err(self.too_long("a format", FORMAT_BYTES_MAX));
        }
        let Reading { parsed, misfit } = read(text, &format, manner);
        let is_instant = format == "X" || format == "x";
        Ok((self.of_parts(parsed, !is_instant)?, misfit))
    }

    fn too_long(&self, what: &str, limit: usize) -> rquickjs::Error {
        let message = format!("moment reads {what} of at most {limit} bytes");
        Exception::throw_range(self.ctx, &message)
    }

    fn of_parts(&self, parsed: Parsed, is_wall_time: bool) -> Result<Found> {
        let world = world::of(self.ctx)?;
        let offset = parsed.offset_minutes;
        let utc = self.clock == Clock::Utc;
        let ms = match &self.zone {
            Some(zone) if offset.is_none() => parsed.instant(&Now { ms: self.now_ms, zone, utc }),
            Some(_) | None => {
                let now = world.now_ms();
                world.with_zone(|zone| parsed.instant(&Now { ms: now, zone, utc }))
            }
        };
        let stated = offset.map_or(StatedOffset::NoText, StatedOffset::Parsed);
        Ok(Found { ms, stated, is_wall_time: is_wall_time && offset.is_none() })
    }
}

/// `null`, or an empty text without a format.
fn is_no_input(args: &[Value<'_>]) -> Result<bool> {
    let has_format = args.get(1).is_some_and(|format| !format.is_undefined());
    Ok(match args.first() {
        Some(input) if input.is_string() => !has_format && string_of(input)?.is_empty(),
        Some(input) => input.is_null(),
        None => false,
    })
}

fn rfc_found(text: &str) -> Option<Found> {
    let found = rfc_2822(text)?;
    let stated = StatedOffset::Parsed(found.offset_minutes);
    Some(Found { ms: found.ms, stated, is_wall_time: false })
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

fn array_parts(array: &Array<'_>) -> Result<Parsed> {
    let mut parsed = Parsed::default();
    for (slot, part) in parsed.date.iter_mut().zip(array.iter::<Value<'_>>()) {
        *slot = Some(whole_number(&part?)?);
    }
    Ok(parsed)
}

fn object_parts(object: &Object<'_>) -> Result<Parsed> {
    let mut parsed = Parsed::default();
    let mut has_day = false;
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
        let is_given = !value.is_null() && !value.is_undefined();
        if !is_given || (unit == Unit::Date && has_day) {
            continue;
        }
        has_day |= unit == Unit::Day && is_truthy(&value);
        parsed.date[index] = Some(if is_truthy(&value) { whole_number(&value)? } else { 0.0 });
    }
    Ok(parsed)
}

/// JavaScript's `parseInt(value, 10)`.
pub(crate) fn whole_number(value: &Value<'_>) -> Result<f64> {
    let text = string_of(value)?;
    let text = text.trim_start();
    let sign = usize::from(text.starts_with(['+', '-']));
    let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
    Ok(text[..sign + digits].parse().ok().filter(|_| digits > 0).unwrap_or(f64::NAN))
}

/// The moment in a value, if it is one.
pub(crate) fn moment_of(value: &Value<'_>) -> Option<Time> {
    if !value.is_object() {
        return None;
    }
    let class = Class::<Moment>::from_value(value).ok()?;
    Some(class.borrow().time.clone())
}

/// The instant of a `Date`, if the value is one.
pub(crate) fn date_of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Option<f64>> {
    let Some(object) = value.as_object() else {
        return Ok(None);
    };
    let date: Constructor<'js> = ctx.globals().get("Date")?;
    if !object.is_instance_of(&date) {
        return Ok(None);
    }
    Ok(Some(number(value)?))
}

/// `{}` or `[]`, which moment takes for no input.
pub(crate) fn is_empty_collection(value: &Value<'_>) -> bool {
    if value.is_function() || !value.is_object() {
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
