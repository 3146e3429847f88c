//! A context as expressions find it: `moment`, a `Date` of the session, guarded and frozen built-ins.

use std::rc::Rc;

use rquickjs::context::intrinsic;
use rquickjs::{Context, Ctx, Error, Exception, Function, Object, Persistent, Runtime};

use super::world::{self, World};
use crate::moment;
use crate::syntax::{Guarded, LONG, TICK, guarded_code};

/// `performance`, `WeakRef` and `DOMException` are left out: clocks, garbage collection and the web. Typed arrays and
/// `Proxy` too: digdag's users have no use for them, and their native loops would need guards.
type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::Promise,
);

/// The functions of the prelude that Rust calls.
pub(super) struct Prelude {
    /// Removes what a text left behind; false if it cannot.
    pub(super) clean: Persistent<Function<'static>>,
    /// Takes the parameters of a text that may use `eval`.
    pub(super) enter: Persistent<Function<'static>>,
    /// Writes a value as JSON.
    pub(super) json: Persistent<Function<'static>>,
}

/// A context after the prelude.
pub(super) fn fresh_context(
    runtime: &Runtime,
    world: &Rc<World>,
) -> Result<(Context, Prelude), Error> {
    let context = Context::custom::<Intrinsics>(runtime)?;
    let prelude = context.with(|ctx| {
        world::install(&ctx, Rc::clone(world))?;
        let native = native(&ctx)?;
        let run = |source: &str| {
            let part: Function<'_> = ctx.eval(source)?;
            part.call::<_, rquickjs::Value<'_>>((native.clone(),))
        };
        run(include_str!("prelude/dates.js"))?;
        run(include_str!("prelude/strings.js"))?;
        let guards = run(include_str!("prelude/guards.js"))?.get::<Object<'_>>()?;
        ctx.globals().set("moment", moment::install(&ctx)?)?;
        let clean = run(include_str!("prelude/seal.js"))?.get::<Function<'_>>()?;
        Ok::<_, Error>(Prelude {
            clean: Persistent::save(&ctx, clean),
            enter: Persistent::save(&ctx, guards.get::<_, Function<'_>>("enter")?),
            json: Persistent::save(&ctx, guards.get::<_, Function<'_>>("json")?),
        })
    })?;
    Ok((context, prelude))
}

/// What the prelude's parts get from Rust.
fn native<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>, Error> {
    let native = Object::new(ctx.clone())?;
    let to_local = |ctx: Ctx<'_>, ms: f64| {
        Ok::<f64, Error>(world::of(&ctx)?.with_zone(|zone| zone.local_ms(ms)))
    };
    let to_utc = |ctx: Ctx<'_>, ms: f64| {
        Ok::<f64, Error>(world::of(&ctx)?.with_zone(|zone| zone.utc_ms(ms)))
    };
    let zone_name = |ctx: Ctx<'_>, ms: f64| Ok::<String, Error>(world::of(&ctx)?.zone_name(ms));
    let now = |ctx: Ctx<'_>| Ok::<f64, Error>(world::of(&ctx)?.now_ms());
    let spend = |ctx: Ctx<'_>, units: f64| match world::of(&ctx)?.spend(units) {
        true => Ok(()),
        false => Err(Exception::throw_internal(&ctx, "interrupted")),
    };
    let code = |ctx: Ctx<'_>, source: String| match guarded_code(&source) {
        Guarded::Code { text, .. } => Ok(text),
        Guarded::Refused(reason) => Err(Exception::throw_syntax(&ctx, reason)),
        Guarded::Unreadable => Err(Exception::throw_syntax(&ctx, "it cannot be read")),
    };
    native.set("toLocal", Function::new(ctx.clone(), to_local)?)?;
    native.set("toUtc", Function::new(ctx.clone(), to_utc)?)?;
    native.set("zoneName", Function::new(ctx.clone(), zone_name)?)?;
    native.set("now", Function::new(ctx.clone(), now)?)?;
    native.set("spend", Function::new(ctx.clone(), spend)?)?;
    native.set("code", Function::new(ctx.clone(), code)?)?;
    native.set("long", LONG)?;
    native.set("tick", TICK)?;
    let freeze: Function<'_> = ctx.eval("Object.freeze")?;
    native.set("freeze", freeze)?;
    Ok(native)
}
