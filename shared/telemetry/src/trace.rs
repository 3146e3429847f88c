//! Traces. A span is told when it is over, from what is written down: ids are derived from names, so that a coordinator which took
//! over, and a worker which got a message a second time, mean the same span.
//!
//! ```text
//! POST /v1/attempts ─► attempt ─► +task ─► try (publish) ─► process (worker) ─► BigQuery job
//! ```

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::str::FromStr;
use std::time::SystemTime;

use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use sha2::{Digest, Sha256};

use crate::export;

/// Name of the header that carries a [`TraceContext`] (W3C, "Trace Context").
pub const TRACEPARENT: &str = "traceparent";

/// Bytes of its value: version, trace, span and flags.
const TRACEPARENT_LENGTH: usize = 2 + 1 + 32 + 1 + 16 + 1 + 2;

/// Where in which trace something happens: what travels to those who go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span that is the parent of whatever follows; invalid for a trace without a beginning of its own.
    pub span: SpanId,
    /// Whether all of its spans are told, also those of what went well.
    pub sampled: bool,
}

/// A text that is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent: `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`")]
pub struct TraceContextError;

impl TraceContext {
    /// A new trace. `random` decides its id, and whether it is among the `ratio` of traces that are told whole.
    #[must_use]
    pub fn begin(random: u128, ratio: f64) -> Self {
        // As OpenTelemetry's TraceIdRatioBased: others who look at the id decide the same.
        let low = u64::try_from(random & u128::from(u64::MAX)).unwrap_or_default() >> 1;
        #[expect(clippy::cast_precision_loss, reason = "a share needs no precision")]
        let sampled = ratio >= 1.0 || (low as f64) < ratio * (u64::MAX >> 1) as f64;
        Self { trace: TraceId::from(random), span: SpanId::INVALID, sampled }
    }

    /// The same place as a name says, below this one: the same name always gives the same span.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(self.trace.to_bytes());
        hasher.update(name);
        let digest = hasher.finalize();
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        Self { span: SpanId::from_bytes(id), ..*self }
    }

    /// The header's value.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let mut text = String::with_capacity(TRACEPARENT_LENGTH);
        // A text takes everything.
        let _written = write!(text, "{self}");
        text
    }

    /// Whether the trace has an id at all.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.trace != TraceId::INVALID
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

impl FromStr for TraceContext {
    type Err = TraceContextError;

    fn from_str(text: &str) -> Result<Self, TraceContextError> {
        let mut parts = text.trim().split('-');
        let mut part = || parts.next().ok_or(TraceContextError);
        let [version, trace, span, flags] = [part()?, part()?, part()?, part()?];
        let is_hex = |text: &str, digits| {
            text.len() == digits && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
        };
        let known = version != "ff" && (version != "00" || parts.next().is_none());
        if !known
            || !is_hex(version, 2)
            || !is_hex(trace, 32)
            || !is_hex(span, 16)
            || !is_hex(flags, 2)
        {
            return Err(TraceContextError);
        }
        let context = Self {
            trace: TraceId::from_hex(trace).map_err(|_| TraceContextError)?,
            span: SpanId::from_hex(span).map_err(|_| TraceContextError)?,
            sampled: u8::from_str_radix(flags, 16).map_err(|_| TraceContextError)? & 1 == 1,
        };
        if context.is_valid() { Ok(context) } else { Err(TraceContextError) }
    }
}

/// Something that is over.
#[derive(Clone, Debug)]
pub struct Span {
    /// Itself.
    pub context: TraceContext,
    /// What it is part of; invalid for the first of its trace.
    pub parent: SpanId,
    /// Whether the parent is another process's.
    pub parent_is_remote: bool,
    /// What it is to those whom it talks to.
    pub kind: SpanKind,
    /// What it is called: few names for many spans.
    pub name: Cow<'static, str>,
    /// When it began.
    pub begin: SystemTime,
    /// When it was over.
    pub end: SystemTime,
    /// What else is known; no SQL and no secrets.
    pub attributes: Vec<KeyValue>,
    /// Why it went wrong, if it did.
    pub error: Option<String>,
}

impl Span {
    /// Tells it. Whether it is to be told, the caller has decided; without a receiver nothing happens.
    pub fn tell(self) {
        if let Some(processor) = export::spans() {
            processor(self.into_data());
        }
    }

    fn into_data(self) -> SpanData {
        let flags = TraceFlags::SAMPLED;
        let TraceContext { trace, span, .. } = self.context;
        SpanData {
            span_context: SpanContext::new(trace, span, flags, false, TraceState::default()),
            parent_span_id: self.parent,
            parent_span_is_remote: self.parent_is_remote,
            span_kind: self.kind,
            name: self.name,
            start_time: self.begin,
            // Clocks of two machines may differ: nothing ends before it began.
            end_time: self.end.max(self.begin),
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: self.error.map_or(Status::Unset, Status::error),
            instrumentation_scope: InstrumentationScope::builder("himekuri").build(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_context_is_written_as_it_was_read() {
        let context: TraceContext = TEXT.parse().unwrap();

        assert_eq!(context.traceparent(), TEXT);
        assert!(context.sampled);
        assert!(!TEXT.replace("-01", "-00").parse::<TraceContext>().unwrap().sampled);
        // A version of tomorrow may say more.
        let newer = format!("{}-more", TEXT.replacen("00", "01", 1));
        assert_eq!(newer.parse::<TraceContext>().unwrap().to_string(), TEXT);
    }

    #[test]
    fn what_is_no_context_is_refused() {
        let texts = [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ];

        for text in texts {
            assert_eq!(text.parse::<TraceContext>(), Err(TraceContextError), "{text}");
        }
    }

    #[test]
    fn a_name_gives_the_same_span_in_the_same_trace_only() {
        let one = TraceContext::begin(1 << 70, 0.0);
        let other = TraceContext::begin(1 << 71, 0.0);

        assert_eq!(one.below("7/3/1"), one.below("7/3/1"));
        assert_ne!(one.below("7/3/1").span, one.below("7/3/2").span);
        assert_ne!(one.below("7/3/1").span, other.below("7/3/1").span);
    }

    #[test]
    fn about_as_many_traces_are_told_whole_as_the_ratio_says() {
        let ids = (1..=10_000_u64).map(|n| {
            let digest = Sha256::digest(n.to_be_bytes());
            digest.iter().take(16).fold(0_u128, |id, byte| (id << 8) | u128::from(*byte))
        });
        let sampled = ids.filter(|id| TraceContext::begin(*id, 0.1).sampled).count();

        assert!((800..1_200).contains(&sampled), "{sampled} of 10,000");
        assert!(TraceContext::begin(u128::MAX >> 1, 1.0).sampled);
        assert!(!TraceContext::begin(1, 0.0).sampled);
    }
}
