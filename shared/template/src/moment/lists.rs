//! `moment.months()`, `moment.weekdays()` and their kin: the names of the language of new moments.

use rquickjs::{Ctx, IntoJs, Result, Value};

use super::values::{given, number};

/// `months(format, index)` or `months(index)`: all names, or one. The two languages have one form of each name,
/// so the format makes no difference.
pub(crate) fn names<'js>(
    ctx: &Ctx<'js>,
    names: &[&'static str],
    args: &[Value<'js>],
) -> Result<Value<'js>> {
    // `weekdays(true, …)` asks for the language's first day first, which is Sunday in both.
    let args = match args.first() {
        Some(sorted) if sorted.is_bool() => args.get(1..).unwrap_or_default(),
        Some(_) | None => args,
    };
    let index = match given(args, 0).filter(|value| value.is_number()) {
        Some(index) => Some(index),
        None => given(args, 1),
    };
    let Some(index) = index else {
        return names.to_vec().into_js(ctx);
    };
    let count = super::class::to_js_number(names.len());
    let index = number(index)?.trunc().rem_euclid(count);
    let name = names.iter().enumerate().find(|(known, _)| super::class::to_js_number(*known) == index);
    name.map(|(_, name)| *name).into_js(ctx)
}
