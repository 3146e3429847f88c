//! Whether a server can do what this crate promises, and what differs between those that can.

use std::fmt;

use super::greeting::Greeting;

/// Major and minor version: nothing here depends on a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u16, u16);

/// The oldest version that is supported: Debian 12's. At-least-once dead-lettering came with it
/// (<https://www.rabbitmq.com/blog/2022/03/29/at-least-once-dead-lettering>).
const OLDEST: Version = Version(3, 10);
/// The first version about which nothing is known here.
const UNKNOWN: Version = Version(5, 0);

/// Extensions of AMQP 0-9-1 that must be there, each with what it is for
/// (<https://www.rabbitmq.com/docs/extensions>).
const CAPABILITIES: [(&str, &str); 4] = [
    ("publisher_confirms", "without confirms a lost message is not noticed"),
    ("basic.nack", "without it a full queue cannot refuse a message"),
    ("consumer_cancel_notify", "without it a consumer of a deleted queue waits for ever"),
    ("per_consumer_qos", "without it a worker cannot limit what it holds"),
];

/// Something that an admin should know about some versions.
struct Difference {
    /// The first version it holds for.
    from: Version,
    /// The first version it no longer holds for.
    before: Version,
    /// What is so there.
    says: &'static str,
    /// Whether somebody has to look after it.
    urgency: Urgency,
}

/// How much a difference asks of an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Good to know when something is looked for.
    Remark,
    /// Something may have to be done.
    Warning,
}

/// What differs and matters here; what this crate sets itself on every version (delivery limit, dead-lettering) is not listed.
const DIFFERENCES: &[Difference] = &[
    // https://www.rabbitmq.com/docs/quorum-queues#activating-at-least-once-dead-lettering; 3.12 starts only with all feature
    // flags of 3.11 enabled: release notes of 3.12.0, "Required Feature Flags".
    Difference {
        from: OLDEST,
        before: Version(3, 12),
        says: "if this cluster was upgraded from 3.9, enable the feature flag `stream_queue` \
               (`rabbitmqctl enable_feature_flag stream_queue`): without it dead messages can get lost",
        urgency: Urgency::Remark,
    },
    // Release notes of 4.0.1, "Maximum message size"; our own limit is the default of 4.0, see `MAX_BODY_BYTES`.
    Difference {
        from: Version(4, 0),
        before: UNKNOWN,
        says: "leave `max_message_size` at 16 MiB or more: a message above it closes the channel of all others",
        urgency: Urgency::Remark,
    },
    // Release notes of 4.3.0; rabbitmq-server discussion 18226: `basic.reject` counts, a consumer timeout does not.
    Difference {
        from: Version(4, 3),
        before: UNKNOWN,
        says: "a delivery that times out does not count towards the delivery limit and comes again without an end: leave \
               `consumer_timeout` above 2 minutes",
        urgency: Urgency::Remark,
    },
    // Release notes of 4.3.0, quorum queues; `consumer_timeout_response` in those of 4.3.7.
    Difference {
        from: Version(4, 3),
        before: UNKNOWN,
        says: "a delivery that times out cancels its consumer, which is logged as a deleted queue",
        urgency: Urgency::Remark,
    },
    Difference {
        from: UNKNOWN,
        before: Version(u16::MAX, u16::MAX),
        says: "this version is newer than this program: see whether a newer Himekuri knows it",
        urgency: Urgency::Warning,
    },
];

/// Why a server is refused, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unfit {
    pub(super) why: String,
    pub(super) cure: &'static str,
}

/// The version of a server that can be used.
pub(super) fn judge(greeting: &Greeting) -> Result<Version, Unfit> {
    let said = said(greeting);
    if greeting.product != "RabbitMQ" {
        return Err(Unfit {
            why: format!("it is {said}"),
            cure: "give the address of a RabbitMQ: others lack its quorum queues",
        });
    }
    let Some(version) = Version::parse(&greeting.version) else {
        return Err(Unfit {
            why: format!("it is {said}, whose version cannot be read"),
            cure: "give the address of a RabbitMQ 3.10 or later",
        });
    };
    if version < OLDEST {
        return Err(Unfit {
            why: format!("it is {said}, which cannot dead-letter at least once"),
            cure: "upgrade it to RabbitMQ 3.10 or later",
        });
    }
    let offers = |name: &str| greeting.capabilities.iter().any(|offered| offered == name);
    match CAPABILITIES.iter().find(|(name, _)| !offers(name)) {
        None => Ok(version),
        Some((name, reason)) => Err(Unfit {
            why: format!("it does not offer `{name}`, and {reason}"),
            cure: "if something stands between this program and RabbitMQ, connect without it",
        }),
    }
}

/// What an admin should know about this version.
pub(super) fn remarks(version: Version) -> impl Iterator<Item = (Urgency, &'static str)> {
    let holds = move |row: &&Difference| row.from <= version && version < row.before;
    DIFFERENCES.iter().filter(holds).map(|row| (row.urgency, row.says))
}

/// Product and version for people.
pub(super) fn said(greeting: &Greeting) -> String {
    let or = |text: &str, other: &str| match text.is_empty() {
        true => other.to_owned(),
        false => text.chars().filter(|char| !char.is_control()).take(60).collect(),
    };
    let product = or(&greeting.product, "a server without a name");
    format!("{product} {}", or(&greeting.version, "without a version"))
}

impl Version {
    /// `3.12.0`, also with something behind it, as in `4.1.0-rc.1`.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit());
        Some(Self(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(product: &str, version: &str) -> Greeting {
        Greeting {
            product: product.to_owned(),
            version: version.to_owned(),
            capabilities: CAPABILITIES.iter().map(|(name, _)| (*name).to_owned()).collect(),
        }
    }

    fn remarks_of(version: &str) -> String {
        let version = Version::parse(version).unwrap();
        remarks(version).map(|(_, says)| says).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn rabbitmq_from_3_10_on_is_fit() {
        for version in ["3.10.0", "3.10.8", "3.13.7", "4.0.5", "4.1.0-rc.1", "4.3.7", "5.0.0"] {
            assert!(judge(&greeting("RabbitMQ", version)).is_ok(), "{version}");
        }
    }

    #[test]
    fn older_versions_are_refused_with_the_version_and_the_cure() {
        for version in ["3.9.29", "3.8.9", "2.8.7"] {
            let unfit = judge(&greeting("RabbitMQ", version)).unwrap_err();

            assert!(unfit.why.contains(&format!("RabbitMQ {version}")), "{unfit:?}");
            assert!(unfit.cure.contains("3.10 or later"), "{unfit:?}");
        }
    }

    #[test]
    fn other_products_are_refused_by_name() {
        let unfit = judge(&greeting("LavinMQ", "2.1.0")).unwrap_err();

        assert_eq!(unfit.why, "it is LavinMQ 2.1.0");
        assert_eq!(said(&Greeting::default()), "a server without a name without a version");
    }

    #[test]
    fn an_unreadable_version_is_refused() {
        for version in ["", "four", "4", ".1"] {
            assert!(judge(&greeting("RabbitMQ", version)).is_err(), "{version}");
        }
    }

    #[test]
    fn every_capability_is_asked_for() {
        for (name, reason) in CAPABILITIES {
            let mut poor = greeting("RabbitMQ", "4.0.5");
            poor.capabilities.retain(|offered| offered != name);

            let unfit = judge(&poor).unwrap_err();

            assert!(unfit.why.contains(name) && unfit.why.contains(reason), "{unfit:?}");
        }
    }

    #[test]
    fn the_feature_flag_of_streams_is_named_before_3_12() {
        assert!(remarks_of("3.10.8").contains("stream_queue"));
        assert!(remarks_of("3.11.28").contains("stream_queue"));
        assert!(!remarks_of("3.12.0").contains("stream_queue"));
    }

    #[test]
    fn the_smaller_messages_of_4_0_are_named() {
        assert!(!remarks_of("3.13.7").contains("max_message_size"));
        assert!(remarks_of("4.0.1").contains("max_message_size"));
    }

    #[test]
    fn what_4_3_counts_is_named() {
        assert!(!remarks_of("4.2.5").contains("comes again without an end"));
        assert!(remarks_of("4.3.0").contains("comes again without an end"));
    }

    #[test]
    fn how_4_3_times_out_is_named() {
        assert!(!remarks_of("4.2.5").contains("cancels its consumer"));
        assert!(remarks_of("4.3.0").contains("cancels its consumer"));
    }

    #[test]
    fn only_a_version_from_the_future_is_a_warning() {
        let urgencies = |version| {
            let all = remarks(Version::parse(version).unwrap());
            all.map(|(urgency, _)| urgency).collect::<Vec<_>>()
        };

        assert_eq!(urgencies("3.13.7"), []);
        assert!(urgencies("4.3.7").iter().all(|urgency| *urgency == Urgency::Remark));
        assert_eq!(urgencies("5.0.0"), [Urgency::Warning]);
    }
}
