//! The function `moment` and the functions on it.

use rquickjs::function::{Opt, Rest};
use rquickjs::{Class, Ctx, Function, Result, Value};

use super::class::{Moment, new};
use super::input::{Clock, moment_of, number, time};
use super::time::Time;
use crate::script::world;

/// Defines the class and answers the function `moment`.
pub(crate) fn install<'js>(ctx: &Ctx<'js>) -> Result<Function<'js>> {
    let create = |clock| {
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, args: Rest<Value<'js>>| {
            new(&ctx, time(&ctx, &args.0, clock)?)
        })
    };
    let moment = create(Clock::Local)?.with_name("moment")?;
    let unix = Function::new(ctx.clone(), |ctx: Ctx<'js>, seconds: Opt<Value<'js>>| {
        let seconds = seconds.0.as_ref().map(number).transpose()?.unwrap_or(f64::NAN);
        new(&ctx, Time::local(seconds * 1_000.0))
    });
    let is_moment = Function::new(ctx.clone(), |value: Opt<Value<'js>>| {
        value.0.is_some_and(|value| moment_of(&value).is_some())
    });
    let now = Function::new(ctx.clone(), |ctx: Ctx<'js>| {
        Ok::<f64, rquickjs::Error>(world::of(&ctx)?.now_ms())
    });
    let invalid = Function::new(ctx.clone(), |ctx: Ctx<'js>| new(&ctx, Time::invalid()));
    let latest = Function::new(ctx.clone(), |ctx: Ctx<'js>, args: Rest<Value<'js>>| {
        pick(&ctx, &args.0, |best, other| other > best)
    });
    let earliest = Function::new(ctx.clone(), |ctx: Ctx<'js>, args: Rest<Value<'js>>| {
        pick(&ctx, &args.0, |best, other| other < best)
    });
    for (name, function) in [
        ("utc", create(Clock::Utc)),
        ("unix", unix),
        ("isMoment", is_moment),
        ("now", now),
        ("invalid", invalid),
        ("max", latest),
        ("min", earliest),
    ] {
        moment.set(name, function?.with_name(name)?)?;
    }
    moment.set("version", "2.21.0")?;
    if let Some(prototype) = Class::<Moment>::prototype(ctx)? {
        prototype.set("constructor", moment.clone())?;
        moment.set("fn", prototype.clone())?;
        moment.set("prototype", prototype)?;
    }
    Ok(moment)
}

fn pick<'js>(
    ctx: &Ctx<'js>,
    args: &[Value<'js>],
    better: fn(f64, f64) -> bool,
) -> Result<Value<'js>> {
    let list = args.first().and_then(Value::as_array);
    let moments: Vec<Value<'js>> = match list {
        Some(array) => array.iter::<Value<'js>>().collect::<Result<_>>()?,
        None => args.to_vec(),
    };
    let mut best: Option<Time> = None;
    for value in &moments {
        let time = time(ctx, std::slice::from_ref(value), Clock::Local)?;
        if !time.is_valid() {
            return new(ctx, time);
        }
        if best.is_none_or(|best| better(best.value(), time.value())) {
            best = Some(time);
        }
    }
    match best {
        Some(best) => new(ctx, best),
        None => new(ctx, Time::local(world::of(ctx)?.now_ms())),
    }
}
