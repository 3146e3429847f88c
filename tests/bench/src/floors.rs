//! The barest ways to do what the language does: what no engine around it can be faster than.

use anyhow::Context as _;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rquickjs::{Context, Function, Runtime};

/// Reads the YAML events of each text and throws them away.
pub(crate) fn parse_events(texts: &[String]) -> anyhow::Result<usize> {
    let mut events = 0;
    for text in texts {
        for event in granit_parser::Parser::new_from_str(text) {
            event.context("the floor's text is YAML")?;
            events += 1;
        }
    }
    Ok(events)
}

/// A compiled JavaScript function in a context of its own, without limits.
pub(crate) struct BareScript {
    context: Context,
}

impl BareScript {
    /// Name of the function in its context.
    const NAME: &'static str = "floor";

    pub(crate) fn new(source: &str) -> anyhow::Result<Self> {
        let context = Context::full(&Runtime::new()?)?;
        context.with(|ctx| {
            let function: Function<'_> = ctx.eval(source)?;
            ctx.globals().set(Self::NAME, function)
        })?;
        Ok(Self { context })
    }

    pub(crate) fn call(&self, argument: &str) -> anyhow::Result<String> {
        let answer = self.context.with(|ctx| {
            let function: Function<'_> = ctx.globals().get(Self::NAME)?;
            function.call::<_, String>((argument,))
        });
        Ok(answer?)
    }
}

/// The local date `days` after a local midnight, by the calendar alone.
pub(crate) fn date_after(text: &str, zone: &TimeZone, days: i64) -> anyhow::Result<String> {
    let start: DateTime = text.parse()?;
    let later = start.to_zoned(zone.clone())?.checked_add(jiff::Span::new().days(days))?;
    Ok(later.strftime("%Y%m%d").to_string())
}
