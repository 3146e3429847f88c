//! `moment.months()`, `moment.weekdays()` and their kin: the names of the language of new moments.
//!
//! The two languages have one form of each name, so the formats that moment takes here make no difference.

use rquickjs::{Ctx, IntoJs, Result, Value};

use super::class::to_js_number;
use super::time::Time;
use super::units::Unit;
use super::values::{given, is_truthy, number};
use crate::script::world;

/// `months(format, index)` or `months(index)`: all names, or one.
pub(crate) fn months<'js>(
    ctx: &Ctx<'js>,
    names: &[&'static str],
    args: &[Value<'js>],
) -> Result<Value<'js>> {
    listed(ctx, names, index_of(args))
}

/// `weekdays(index)`, `weekdays(true, format, index)`; with a format alone moment.js answers today's name.
/// `true` asks for the language's first day first, which is Sunday in both.
pub(crate) fn weekdays<'js>(
    ctx: &Ctx<'js>,
    names: &[&'static str],
    args: &[Value<'js>],
) -> Result<Value<'js>> {
    match args.first() {
        Some(sorted) if sorted.is_bool() => listed(ctx, names, index_of(&args[1..])),
        Some(format) if !format.is_number() && is_truthy(format) => {
            let world = world::of(ctx)?;
            let today = Time::utc(world.now_ms());
            let day = world.with_zone(|zone| today.get(Unit::Day, zone));
            name(ctx, names, day)
        }
        Some(_) | None => listed(ctx, names, args.first().filter(|index| index.is_number())),
    }
}

/// The index in `(index)` or `(format, index)`.
fn index_of<'a, 'js>(args: &'a [Value<'js>]) -> Option<&'a Value<'js>> {
    given(args, 0).filter(|value| value.is_number()).or_else(|| given(args, 1))
}

fn listed<'js>(
    ctx: &Ctx<'js>,
    names: &[&'static str],
    index: Option<&Value<'js>>,
) -> Result<Value<'js>> {
    match index {
        Some(index) => name(ctx, names, number(index)?),
        None => names.to_vec().into_js(ctx),
    }
}

fn name<'js>(ctx: &Ctx<'js>, names: &[&'static str], index: f64) -> Result<Value<'js>> {
    let index = index.trunc().rem_euclid(to_js_number(names.len()));
    let name = names.iter().enumerate().find(|(known, _)| to_js_number(*known) == index);
    name.map(|(_, name)| *name).into_js(ctx)
}
