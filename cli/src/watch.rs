//! Looks at something once, or again and again on a terminal: what every `--watch` does.

use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use console::Term;
use jiff::Timestamp;

use crate::failure::Usage;
use crate::output::{Rows, Target};
use crate::{output, times};

/// Whether, and how often.
#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    /// Show it again and again on a terminal, every 2 seconds unless another number is given, until Ctrl-C.
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..=86_400),
        conflicts_with = "json"
    )]
    watch: Option<u64>,
}

/// What somebody sees.
pub(crate) struct Look {
    pub(crate) text: String,
    /// Whether it will never look otherwise.
    pub(crate) is_over: bool,
}

impl Look {
    /// One that may look otherwise the next time.
    pub(crate) fn for_now(text: String) -> Self {
        Self { text, is_over: false }
    }
}

impl WatchArguments {
    /// How a table is drawn: as many rows as fit a screen, if it is drawn again.
    pub(crate) fn target(&self) -> Target {
        match (self.watch, Target::of_output()) {
            (Some(_), Target::Terminal) => Target::Screen,
            (_, target) => target,
        }
    }

    /// Shows what `look` sees. A coordinator that does not answer while it is watched is asked again; what was seen last stays.
    ///
    /// # Errors
    /// [`Usage`] without a terminal; the first look fails.
    pub(crate) async fn show(
        &self,
        look: impl AsyncFn() -> anyhow::Result<Look>,
    ) -> anyhow::Result<()> {
        let screen = Term::stdout();
        if self.watch.is_some() && !screen.is_term() {
            let wrong = "`--watch` draws on a terminal, and this is none; without it, the same is shown once";
            return Err(Usage(anyhow!("{wrong}")).into());
        }
        // What is wrong from the beginning will not mend itself.
        let mut seen = look().await?;
        let Some(seconds) = self.watch else {
            output::line(seen.text);
            return Ok(());
        };
        let mut trouble = None;
        loop {
            let last = format!("{}{}", headline(trouble.take()), seen.text);
            if seen.is_over {
                output::redraw(&screen, &last, Rows::All)?;
                return Ok(());
            }
            output::redraw(&screen, &last, Rows::OfScreen)?;
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            match look().await {
                Ok(look) => seen = look,
                Err(error) => trouble = Some(error),
            }
        }
    }
}

/// When it was looked at, and whether that failed.
fn headline(trouble: Option<anyhow::Error>) -> String {
    let at = times::full_clock(Timestamp::now(), &times::machine_zone());
    match trouble {
        None => format!("{at}\n"),
        Some(error) => format!("{at}: could not look, this was seen before: {error:#}\n"),
    }
}
