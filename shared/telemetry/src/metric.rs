//! What a metric is: everything that a reader of a dashboard must know about it.

/// One metric of the contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name in OpenTelemetry.
    pub name: &'static str,
    /// How its values behave.
    pub kind: Kind,
    /// What one is, in the words of UCUM (OpenTelemetry, "Instrument units"); names of things stand in braces.
    pub unit: &'static str,
    /// What its series differ in. No label may have more values than a pool has titles, workflows or marts.
    pub labels: &'static [&'static str],
    /// What it says, for people.
    pub description: &'static str,
}

/// How values behave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows, from 0 at the start of a process.
    Counter,
    /// What is so at the moment.
    Gauge,
    /// Many values in buckets with these upper bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// For tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl Metric {
    /// Its name in Prometheus, as the exporter of OpenTelemetry makes it: points become underscores, the unit is added, and
    /// `_total` to counters ("Prometheus and OpenMetrics Compatibility"). Histograms have `_bucket`, `_sum` and `_count` behind it.
    #[must_use]
    pub fn prometheus_name(&self) -> String {
        let mut name = self.name.replace('.', "_");
        let unit = match self.unit {
            "s" => "_seconds",
            "By" => "_bytes",
            "1" if self.kind == Kind::Gauge => "_ratio",
            _ => "",
        };
        if !name.ends_with(unit) {
            name.push_str(unit);
        }
        if self.kind == Kind::Counter {
            name.push_str("_total");
        }
        name
    }
}
