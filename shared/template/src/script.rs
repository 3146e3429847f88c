//! JavaScript with limits: one QuickJS context, reused, in which evaluations leave nothing behind.
//!
//! What keeps evaluations apart: all built-ins are frozen by the prelude; every text gets its own object of
//! parameters; names that an expression makes global are removed after its text, and if they cannot be removed
//! the engine starts over; compiled functions are frozen. Promises are never run.
//!
//! What keeps evaluations short: QuickJS's own limits of memory and stack, its interrupts, and, because those do not
//! reach native loops, the checks of [`crate::syntax`] in the code and of `prelude/guards.js` in native functions.

mod errors;
mod prelude;
pub(crate) mod world;

use std::collections::HashMap;
use std::rc::Rc;

use jiff::tz::TimeZone;
use rquickjs::function::This;
use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Error, Function, Object, Persistent, Runtime, Value,
};

use crate::error::{EvaluateErrorKind, StartError};
use crate::json;
use crate::limits::Limits;
use crate::names::Names;
use crate::syntax::{Guarded, LONG, TICK, guarded};
use crate::template::UsedNames;
use errors::kind_of;
use prelude::{Prelude, fresh_context};
use world::World;

/// Compiled expressions kept. A workflow has some dozens; a bound is needed because they live in the engine's memory.
const COMPILED_MAX: usize = 512;

/// The engine. Fields are dropped in order: functions, then the context, then the runtime.
pub(crate) struct Script {
    compiled: HashMap<Rc<str>, Compiled>,
    prelude: Prelude,
    /// Whether the last text left something behind that cannot be removed.
    is_dirty: bool,
    context: Context,
    runtime: Runtime,
    world: Rc<World>,
    limits: Limits,
}

/// An expression as a function.
#[derive(Clone)]
struct Compiled {
    function: Persistent<Function<'static>>,
    /// Whether it can leave something behind: a name it made global, say.
    can_store: bool,
}

/// An expression that cannot be compiled.
enum Uncompiled {
    /// The engine's error.
    Engine(Error),
    /// Not given to the engine, for this reason.
    Refused(EvaluateErrorKind),
}

impl Script {
    pub(crate) fn new(limits: Limits) -> Result<Self, StartError> {
        let started = || {
            let runtime = Runtime::new()?;
            runtime.set_memory_limit(limits.memory_bytes);
            runtime.set_max_stack_size(limits.stack_bytes);
            let world = Rc::new(World::new(limits.cpu));
            let watched = Rc::clone(&world);
            runtime.set_interrupt_handler(Some(Box::new(move || watched.should_stop())));
            let (context, prelude) = fresh_context(&runtime, &world)?;
            Ok((runtime, world, context, prelude))
        };
        let (runtime, world, context, prelude) =
            started().map_err(|source| StartError { memory_bytes: limits.memory_bytes, source })?;
        let compiled = HashMap::new();
        Ok(Script { compiled, is_dirty: false, context, prelude, runtime, world, limits })
    }

    /// Compiles an expression without running it.
    pub(crate) fn check(&mut self, source: &str) -> Result<(), EvaluateErrorKind> {
        self.start_over_if_dirty()?;
        self.world.renew_budget();
        let Script { context, world, limits, .. } = &*self;
        let result = context.with(|ctx| match compile(&ctx, source, limits) {
            Ok(_) => Ok(()),
            Err(Uncompiled::Refused(kind)) => Err(kind),
            Err(Uncompiled::Engine(error)) => {
                Err(kind_of(&CaughtError::from_error(&ctx, error), world, limits, None))
            }
        });
        self.clean(result.is_err());
        result
    }

    /// Evaluates expressions of one text, in order, each with the parameters as the ones before left them.
    /// Answers the printed results, or the index of the expression that failed.
    pub(crate) fn run(
        &mut self,
        now_ms: f64,
        time_zone: &TimeZone,
        sources: &[&Rc<str>],
        used: &UsedNames,
        names: &Names<'_>,
    ) -> Result<Vec<String>, (usize, EvaluateErrorKind)> {
        self.start_over_if_dirty().map_err(|kind| (0, kind))?;
        self.world.begin(now_ms, time_zone);
        let result = self.run_once(sources, used, names);
        let is_full = matches!(result, Err((_, EvaluateErrorKind::MemoryLimit { .. })));
        if !is_full || self.compiled.is_empty() {
            return result;
        }
        // A text must not fail because of what others left in the cache.
        self.compiled.clear();
        self.runtime.run_gc();
        self.start_over_if_dirty().map_err(|kind| (0, kind))?;
        self.world.begin(now_ms, time_zone);
        self.run_once(sources, used, names)
    }

    fn run_once(
        &mut self,
        sources: &[&Rc<str>],
        used: &UsedNames,
        names: &Names<'_>,
    ) -> Result<Vec<String>, (usize, EvaluateErrorKind)> {
        if self.compiled.len() + sources.len() > COMPILED_MAX {
            self.compiled.clear();
        }
        let Script { compiled, context, prelude, world, limits, .. } = self;
        let mut can_store = false;
        let result = context.with(|ctx| {
            let fail = |index, error: CaughtError<'_>| {
                (index, kind_of(&error, world, limits, Some(names)))
            };
            // All are compiled before the first one runs: digdag compiles a text as one function.
            let mut functions = Vec::with_capacity(sources.len());
            for (index, source) in sources.iter().enumerate() {
                let found = known_or_compiled(&ctx, compiled, source, limits);
                let found = found.map_err(|error| match error {
                    Uncompiled::Refused(kind) => (index, kind),
                    Uncompiled::Engine(error) => {
                        let error = CaughtError::from_error(&ctx, error);
                        (index, kind_of(&error, world, limits, None))
                    }
                })?;
                can_store |= found.can_store;
                let function = found.function.restore(&ctx).catch(&ctx);
                functions.push(function.map_err(|error| fail(index, error))?);
            }
            let scope = scope_object(&ctx, used, names).and_then(|scope| {
                if *used == UsedNames::All {
                    prelude.enter.clone().restore(&ctx)?.call::<_, ()>((scope.clone(),))?;
                }
                Ok(scope)
            });
            let scope = scope.catch(&ctx).map_err(|error| fail(0, error))?;
            let mut printed = Vec::with_capacity(functions.len());
            for (index, function) in functions.iter().enumerate() {
                let text = function
                    .call((This(scope.clone()),))
                    .and_then(|value| print(&ctx, prelude, value));
                printed.push(text.catch(&ctx).map_err(|error| fail(index, error))?);
                // It may have caught the error that should have stopped it.
                if world.was_stopped() {
                    return Err((index, EvaluateErrorKind::TimeLimit { limit: limits.cpu }));
                }
            }
            Ok(printed)
        });
        if can_store || result.is_err() {
            self.clean(result.is_err());
        }
        result
    }

    /// Removes what the last text left in the context.
    fn clean(&mut self, failed: bool) {
        self.world.renew_budget();
        let is_clean = self.context.with(|ctx| {
            let clean = self.prelude.clean.clone().restore(&ctx)?;
            clean.call::<_, bool>(()).catch(&ctx).map_err(|_| Error::Exception)
        });
        self.is_dirty = !is_clean.unwrap_or(false);
        if failed {
            self.runtime.run_gc();
        }
    }

    /// Starts over with a new runtime if the last text left something that cannot be removed. A new context would
    /// not do: the runtime keeps the prototype of moments.
    fn start_over_if_dirty(&mut self) -> Result<(), EvaluateErrorKind> {
        if self.is_dirty {
            let limit = self.limits.memory_bytes;
            let fresh = Script::new(self.limits);
            *self = fresh.map_err(|_| EvaluateErrorKind::MemoryLimit { limit })?;
        }
        Ok(())
    }
}

fn known_or_compiled(
    ctx: &Ctx<'_>,
    compiled: &mut HashMap<Rc<str>, Compiled>,
    source: &Rc<str>,
    limits: &Limits,
) -> Result<Compiled, Uncompiled> {
    if let Some(known) = compiled.get(source) {
        return Ok(known.clone());
    }
    let (function, can_store) = compile(ctx, source, limits)?;
    let fresh = Compiled { function: Persistent::save(ctx, function), can_store };
    compiled.insert(Rc::clone(source), fresh.clone());
    Ok(fresh)
}

/// The expression as a function whose `this` is the object of parameters, as digdag has it, and whether it can leave
/// something behind. The function is frozen because it is used again and an expression can reach it.
fn compile<'js>(
    ctx: &Ctx<'js>,
    source: &str,
    limits: &Limits,
) -> Result<(Function<'js>, bool), Uncompiled> {
    if source.len() > limits.expression_bytes {
        let limit = limits.expression_bytes;
        return Err(Uncompiled::Refused(EvaluateErrorKind::SourceLimit { limit }));
    }
    let (text, can_store, refusal) = match guarded(source) {
        Guarded::Code { text, can_repeat } => (text, can_repeat, None),
        // QuickJS's message about the code as it was written is better, if it has one.
        Guarded::Unreadable => {
            let message = "it cannot be read".to_owned();
            (source.to_owned(), true, Some(EvaluateErrorKind::Syntax { message }))
        }
        Guarded::Refused(reason) => {
            let message = reason.to_owned();
            (source.to_owned(), true, Some(EvaluateErrorKind::Thrown { message }))
        }
    };
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    let code = format!("Object.freeze({{f(){{with(this){{return (\n{text}\n)}}}}}}.f)");
    let function: Function<'js> =
        ctx.eval_with_options(code, options).map_err(Uncompiled::Engine)?;
    match refusal {
        None => Ok((function, can_store)),
        Some(reason) => Err(Uncompiled::Refused(reason)),
    }
}

/// A new object with the parameters that the expressions can see.
fn scope_object<'js>(
    ctx: &Ctx<'js>,
    used: &UsedNames,
    names: &Names<'_>,
) -> Result<Object<'js>, Error> {
    let scope = Object::new(ctx.clone())?;
    match used {
        UsedNames::Words(words) => {
            for word in words {
                if let Some(value) = names.get(word) {
                    define(ctx, &scope, word, value)?;
                }
            }
        }
        UsedNames::All => {
            for (name, value) in names.iter() {
                define(ctx, &scope, name, value)?;
            }
            // `this.__himekuri_tick = ...` would cover the checks in the code.
            for name in [LONG, TICK] {
                let check: Value<'js> = ctx.globals().get(name)?;
                scope.prop(name, rquickjs::object::Property::from(check))?;
            }
        }
    }
    Ok(scope)
}

fn define<'js>(
    ctx: &Ctx<'js>,
    scope: &Object<'js>,
    name: &str,
    value: &serde_json::Value,
) -> Result<(), Error> {
    use rquickjs::object::Property;
    // They would cover the checks in the code.
    if name == LONG || name == TICK {
        return Ok(());
    }
    let value = to_js(ctx, value)?;
    // Defined, not assigned: `toString` or `__proto__` may be the name of a parameter.
    scope.prop(name, Property::from(value).writable().enumerable().configurable())
}

fn to_js<'js>(ctx: &Ctx<'js>, value: &serde_json::Value) -> Result<Value<'js>, Error> {
    use serde_json::Value as Json;
    Ok(match value {
        Json::Null => Value::new_null(ctx.clone()),
        Json::Bool(value) => Value::new_bool(ctx.clone(), *value),
        Json::Number(number) => Value::new_number(ctx.clone(), number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => rquickjs::String::from_str(ctx.clone(), text)?.into_value(),
        Json::Array(_) | Json::Object(_) => ctx.json_parse(value.to_string())?,
    })
}

/// What a template prints for a value: nothing for null and undefined, strings as they are, the rest as JSON.
fn print<'js>(ctx: &Ctx<'js>, prelude: &Prelude, value: Value<'js>) -> Result<String, Error> {
    if value.is_null() || value.is_undefined() {
        return Ok(String::new());
    }
    if let Some(text) = value.as_string() {
        return to_rust(ctx, text);
    }
    if let Some(number) = value.as_number() {
        return Ok(json::number(number));
    }
    let json = prelude.json.clone().restore(ctx)?;
    match json.call::<_, Option<rquickjs::String<'js>>>((value,))? {
        Some(text) => to_rust(ctx, &text),
        // A function. digdag adds `undefined` to a text.
        None => Ok("undefined".to_owned()),
    }
}

/// Halves of surrogate pairs, which UTF-8 cannot hold, become U+FFFD.
fn to_rust<'js>(ctx: &Ctx<'js>, text: &rquickjs::String<'js>) -> Result<String, Error> {
    text.to_string().or_else(|_| {
        let repair: Function<'js> = ctx.eval("String.prototype.toWellFormed")?;
        repair.call::<_, String>((This(text.clone()),))
    })
}
