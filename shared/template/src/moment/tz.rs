//! Moments in named time zones, as the package moment-timezone has them: `moment.tz(…, zone)` and `.tz(zone)`.
//! digdag has no moment-timezone; an unknown zone is an error here, where moment-timezone would go on in UTC.

use rquickjs::function::Rest;
use rquickjs::{Ctx, Exception, Function, IntoJs, Result, Value};

use super::class::{This0, change, new};
use super::input::{Clock, Maker, is_empty_collection, moment_of};
use super::units::{Span, Unit};
use super::values::{is_true, is_truthy, string_of};
use super::zone::Zone;
use crate::error::nearest;
use crate::script::world;

/// The function `moment.tz`.
pub(crate) fn function<'js>(ctx: &Ctx<'js>) -> Result<Function<'js>> {
    let function = Function::new(ctx.clone(), |ctx: Ctx<'js>, args: Rest<Value<'js>>| {
        let (name, args) = match args.0.split_last() {
            Some((name, args)) => (Some(name), args),
            None => (None, args.0.as_slice()),
        };
        let zone = match name.filter(|name| is_truthy(name)) {
            Some(name) => Some(zone(&ctx, name)?),
            None => None,
        };
        create(&ctx, args, zone)
    })?
    .with_name("tz")?;
    let guess = Function::new(ctx.clone(), |ctx: Ctx<'js>| {
        let name = world::of(&ctx)?.with_zone(|zone| zone.name().map(str::to_owned));
        Ok::<_, rquickjs::Error>(name)
    })?;
    function.set("guess", guess.with_name("guess")?)?;
    for name in MISSING {
        let missing = move |ctx: Ctx<'js>| -> Result<Value<'js>> {
            Err(Exception::throw_type(&ctx, &format!("moment.tz.{name}() is not available here")))
        };
        function.set(name, Function::new(ctx.clone(), missing)?.with_name(name)?)?;
    }
    Ok(function)
}

/// Functions of moment-timezone that are not here.
const MISSING: [&str; 8] =
    ["setDefault", "add", "link", "load", "names", "zone", "countries", "zonesForCountry"];

/// Of a name that is wrong no more is looked at. The longest name there is has 32 characters.
const NAME_CHARS_MAX: usize = 40;

/// The method `tz(name, keepLocalTime)`.
pub(crate) fn method<'js>(
    ctx: &Ctx<'js>,
    this: &This0<'js>,
    args: &[Value<'js>],
) -> Result<Value<'js>> {
    match args.first().filter(|name| is_truthy(name)) {
        None => this.borrow().time.zone_name().into_js(ctx),
        Some(name) => {
            let named = zone(ctx, name)?;
            let keep_wall = is_true(args.get(1));
            change(ctx, this, |time, zone| time.set_zone(named, keep_wall, zone))
        }
    }
}

/// The moment that the arguments mean on the clock of a zone.
fn create<'js>(ctx: &Ctx<'js>, args: &[Value<'js>], zone: Option<Zone>) -> Result<Value<'js>> {
    let maker = Maker::new(ctx, Clock::Utc)?;
    let reads_wall_clock = args.first().is_some_and(|input| {
        let is_parts = input.is_object() && !input.is_array() && moment_of(input).is_none();
        input.is_string() || (is_parts && !is_empty_collection(input))
    });
    let maker = match &zone {
        Some(zone) if reads_wall_clock => maker.with_wall_now(zone),
        Some(_) | None => maker,
    };
    let made = maker.make(args)?;
    let mut time = made.time;
    let world = world::of(ctx)?;
    world.with_zone(|local| {
        time.set_utc_offset(0.0, false, local);
        let Some(zone) = zone else {
            return;
        };
        if made.is_wall_time && time.is_valid() {
            let wall = time.value();
            let shift = Span::default().plus(zone.utc_ms(wall) - wall, Unit::Millisecond);
            time.add(shift, 1.0, local);
        }
        time.set_zone(zone, false, local);
    });
    new(ctx, time)
}

fn zone<'js>(ctx: &Ctx<'js>, name: &Value<'js>) -> Result<Zone> {
    if !name.is_string() {
        return Err(Exception::throw_type(ctx, "the name of a time zone must be a string"));
    }
    let name = string_of(name)?;
    if let Some(zone) = world::of(ctx)?.named_zone(&name) {
        return Ok(zone);
    }
    let shown: String = name.chars().take(NAME_CHARS_MAX).collect();
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    // An abbreviation is near to others that are far from it.
    let places = known.iter().map(String::as_str).filter(|_| shown.contains('/'));
    let meant = nearest(&shown, places);
    let cure = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "write a name such as `Asia/Tokyo`".to_owned(),
    };
    Err(Exception::throw_range(ctx, &format!("unknown time zone `{shown}`; {cure}")))
}
