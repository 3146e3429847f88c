//! JavaScript with limits: one QuickJS context, reused, in which evaluations leave nothing behind.
//!
//! What keeps evaluations apart: all built-ins are frozen by the prelude; every text gets its own object of
//! parameters; names that an expression makes global are removed after its text, and if they cannot be removed
//! the engine starts over; compiled functions are frozen. `eval` stays, as in digdag. Promises are never run.

pub(crate) mod world;

use std::collections::HashMap;
use std::rc::Rc;

use jiff::tz::TimeZone;
use rquickjs::context::intrinsic;
use rquickjs::function::This;
use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Error, Function, Object, Persistent, Runtime, Value,
};

use crate::error::{EvaluateErrorKind, StartError, nearest};
use crate::limits::Limits;
use crate::moment;
use crate::names::Names;
use crate::template::UsedNames;
use world::World;

/// Compiled expressions kept. A workflow has some dozens; a bound is needed because they live in the engine's memory.
const COMPILED_MAX: usize = 512;

/// `performance`, `WeakRef` and `DOMException` are left out: clocks, garbage collection and the web.
type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// The engine. Fields are dropped in order: functions, then the context, then the runtime.
pub(crate) struct Script {
    compiled: HashMap<Rc<str>, Persistent<Function<'static>>>,
    /// The prelude's function that removes what a text left behind.
    clean: Persistent<Function<'static>>,
    /// Whether the last text left something behind that `clean` could not remove.
    is_dirty: bool,
    context: Context,
    runtime: Runtime,
    world: Rc<World>,
    limits: Limits,
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
            let (context, clean) = fresh_context(&runtime, &world)?;
            Ok((runtime, world, context, clean))
        };
        let (runtime, world, context, clean) =
            started().map_err(|source| StartError { memory_bytes: limits.memory_bytes, source })?;
        Ok(Script {
            compiled: HashMap::new(),
            is_dirty: false,
            context,
            clean,
            runtime,
            world,
            limits,
        })
    }

    /// Compiles an expression without running it.
    pub(crate) fn check(&mut self, source: &str) -> Result<(), EvaluateErrorKind> {
        self.start_over_if_dirty()?;
        self.world.renew_budget();
        let Script { context, world, limits, .. } = &*self;
        let result = context.with(|ctx| match compile(&ctx, source).catch(&ctx) {
            Ok(_) => Ok(()),
            Err(error) => Err(kind_of(&error, world, limits, None)),
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
        let Script { compiled, context, world, limits, .. } = self;
        let result = context.with(|ctx| {
            let fail = |index, error: CaughtError<'_>| {
                (index, kind_of(&error, world, limits, Some(names)))
            };
            let refuse =
                |index, error: CaughtError<'_>| (index, kind_of(&error, world, limits, None));
            // All are compiled before the first one runs: digdag compiles a text as one function.
            let mut functions = Vec::with_capacity(sources.len());
            for (index, source) in sources.iter().enumerate() {
                let function = compiled_function(&ctx, compiled, source).catch(&ctx);
                functions.push(function.map_err(|error| refuse(index, error))?);
            }
            let scope =
                scope_object(&ctx, used, names).catch(&ctx).map_err(|error| fail(0, error))?;
            let mut printed = Vec::with_capacity(functions.len());
            for (index, function) in functions.iter().enumerate() {
                let text =
                    function.call((This(scope.clone()),)).and_then(|value| print(&ctx, value));
                printed.push(text.catch(&ctx).map_err(|error| fail(index, error))?);
            }
            Ok(printed)
        });
        self.clean(result.is_err());
        result
    }

    /// Removes what the last text left in the context.
    fn clean(&mut self, failed: bool) {
        self.world.renew_budget();
        let is_clean = self.context.with(|ctx| {
            let clean = self.clean.clone().restore(&ctx)?;
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

/// A context after the prelude, and the prelude's function that cleans up after a text.
fn fresh_context(
    runtime: &Runtime,
    world: &Rc<World>,
) -> Result<(Context, Persistent<Function<'static>>), Error> {
    let context = Context::custom::<Intrinsics>(runtime)?;
    let clean = context.with(|ctx| {
        world.renew_budget();
        world::install(&ctx, Rc::clone(world))?;
        let prelude: Function<'_> = ctx.eval(include_str!("script/prelude.js"))?;
        let native = Object::new(ctx.clone())?;
        native.set("moment", moment::install(&ctx)?)?;
        let to_local = |ctx: Ctx<'_>, ms: f64| {
            Ok::<f64, Error>(world::of(&ctx)?.with_zone(|zone| zone.local_ms(ms)))
        };
        let to_utc = |ctx: Ctx<'_>, ms: f64| {
            Ok::<f64, Error>(world::of(&ctx)?.with_zone(|zone| zone.utc_ms(ms)))
        };
        let now = |ctx: Ctx<'_>| Ok::<f64, Error>(world::of(&ctx)?.now_ms());
        native.set("toLocal", Function::new(ctx.clone(), to_local)?)?;
        native.set("toUtc", Function::new(ctx.clone(), to_utc)?)?;
        native.set("now", Function::new(ctx.clone(), now)?)?;
        let clean: Function<'_> = prelude.call((native,))?;
        Ok::<_, Error>(Persistent::save(&ctx, clean))
    })?;
    Ok((context, clean))
}

fn compiled_function<'js>(
    ctx: &Ctx<'js>,
    compiled: &mut HashMap<Rc<str>, Persistent<Function<'static>>>,
    source: &Rc<str>,
) -> Result<Function<'js>, Error> {
    if let Some(function) = compiled.get(source) {
        return function.clone().restore(ctx);
    }
    let function = compile(ctx, source)?;
    compiled.insert(Rc::clone(source), Persistent::save(ctx, function.clone()));
    Ok(function)
}

/// The expression as a function whose `this` is the object of parameters, as digdag has it. The function is frozen
/// because it is used again and an expression can reach it.
fn compile<'js>(ctx: &Ctx<'js>, source: &str) -> Result<Function<'js>, Error> {
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    let code = format!("Object.freeze({{f(){{with(this){{return (\n{source}\n)}}}}}}.f)");
    ctx.eval_with_options(code, options)
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
fn print<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<String, Error> {
    if value.is_null() || value.is_undefined() {
        return Ok(String::new());
    }
    match value.as_string() {
        Some(text) => to_rust(ctx, text),
        None => {
            let json: Object<'js> = ctx.globals().get("JSON")?;
            let stringify: Function<'js> = json.get("stringify")?;
            match stringify.call::<_, Option<rquickjs::String<'js>>>((value,))? {
                Some(text) => to_rust(ctx, &text),
                None => Ok(String::new()),
            }
        }
    }
}

/// Halves of surrogate pairs, which UTF-8 cannot hold, become U+FFFD.
fn to_rust<'js>(ctx: &Ctx<'js>, text: &rquickjs::String<'js>) -> Result<String, Error> {
    text.to_string().or_else(|_| {
        let repair: Function<'js> = ctx.eval("String.prototype.toWellFormed")?;
        repair.call::<_, String>((This(text.clone()),))
    })
}

/// What an error means, in terms of the limits and of the names that were known; no names while compiling.
fn kind_of(
    error: &CaughtError<'_>,
    world: &World,
    limits: &Limits,
    names: Option<&Names<'_>>,
) -> EvaluateErrorKind {
    if world.was_stopped() {
        return EvaluateErrorKind::TimeLimit { limit: limits.cpu };
    }
    let out_of_memory = EvaluateErrorKind::MemoryLimit { limit: limits.memory_bytes };
    let exception = match error {
        CaughtError::Exception(exception) => exception,
        // QuickJS throws null when there is not even memory for an error object.
        CaughtError::Value(value) if value.is_null() => return out_of_memory,
        CaughtError::Value(value) => {
            let text: Result<rquickjs::Coerced<String>, _> = value.get();
            // Making a text of it ran the expression's code once more.
            if world.was_stopped() {
                return EvaluateErrorKind::TimeLimit { limit: limits.cpu };
            }
            let message = text.map_or_else(|_| "a value was thrown".to_owned(), |text| text.0);
            return EvaluateErrorKind::Thrown { message };
        }
        CaughtError::Error(Error::Allocation) => return out_of_memory,
        CaughtError::Error(error) => {
            return EvaluateErrorKind::Thrown { message: error.to_string() };
        }
    };
    let message = exception.message().unwrap_or_default();
    let name: String = exception.as_object().get("name").unwrap_or_default();
    match (name.as_str(), message.as_str()) {
        (_, "out of memory") => out_of_memory,
        ("RangeError" | "InternalError", long) if is_about_length(long) => out_of_memory,
        ("RangeError" | "InternalError", deep) if is_about_depth(deep) => {
            EvaluateErrorKind::Recursion
        }
        // While it runs, only a text that it parses itself can be wrong: `JSON.parse(x)`.
        ("SyntaxError", _) if names.is_none() => EvaluateErrorKind::Syntax { message },
        ("ReferenceError", _) => reference(&message, names),
        ("TypeError", _) => EvaluateErrorKind::Type { message },
        (_, _) => EvaluateErrorKind::Thrown { message: format!("{name}: {message}") },
    }
}

fn is_about_length(message: &str) -> bool {
    [
        "invalid array length",
        "invalid string length",
        "string too long",
        "invalid array index",
        "array too large",
    ]
    .iter()
    .any(|start| message.starts_with(start))
}

fn is_about_depth(message: &str) -> bool {
    message.starts_with("Maximum call stack size") || message.starts_with("stack overflow")
}

fn reference(message: &str, names: Option<&Names<'_>>) -> EvaluateErrorKind {
    const GLOBALS: [&str; 5] = ["moment", "Date", "Math", "JSON", "Object"];
    let Some(name) = message.strip_suffix(" is not defined") else {
        return EvaluateErrorKind::Thrown { message: format!("ReferenceError: {message}") };
    };
    let name = name.trim_matches('\'').to_owned();
    let known = names.iter().flat_map(|names| names.iter().map(|(name, _)| name.as_str()));
    let suggestion = nearest(&name, known.chain(GLOBALS));
    EvaluateErrorKind::Reference { name, suggestion }
}
