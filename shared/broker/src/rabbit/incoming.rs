//! From RabbitMQ's delivery to ours.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, FieldTable};

use super::metrics::SENT_AT;
use crate::{Delivery, Queue, Settler, Topology};

/// Everything a reader may want to know, without the client library's types.
pub(super) fn convert(
    received: lapin::message::Delivery,
    topology: &Topology,
    settler: Settler,
) -> Delivery {
    let empty = FieldTable::default();
    let properties = &received.properties;
    let headers = properties.headers().as_ref().unwrap_or(&empty);
    let death = last_death(headers);
    Delivery {
        message_id: properties.message_id().as_ref().map(ToString::to_string),
        headers: text_headers(headers),
        redelivered: received.redelivered,
        delivery_count: count(headers),
        death_reason: death.and_then(|death| text(death.inner().get("reason")?)),
        died_in: death.and_then(|death| dead_queue(death, topology)),
        body: received.data,
        settler,
    }
}

/// When it was sent, if the sender says so.
pub(super) fn sent_at(received: &lapin::message::Delivery) -> Option<i64> {
    whole_number(received.properties.headers().as_ref()?.inner().get(SENT_AT)?)
}

/// The publisher's headers; `x-` belongs to RabbitMQ, and one to the metrics.
fn text_headers(headers: &FieldTable) -> BTreeMap<String, String> {
    let own = headers
        .inner()
        .iter()
        .filter(|(name, _)| !name.as_str().starts_with("x-") && name.as_str() != SENT_AT);
    own.filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect()
}

/// Absent on a first delivery by 4.0, 0 by 3.10.
fn count(headers: &FieldTable) -> u32 {
    let count = headers.inner().get("x-delivery-count").and_then(whole_number);
    count.and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
}

/// RabbitMQ puts the latest death first.
fn last_death(headers: &FieldTable) -> Option<&FieldTable> {
    headers.inner().get("x-death")?.as_array()?.as_slice().first()?.as_field_table()
}

fn dead_queue(death: &FieldTable, topology: &Topology) -> Option<Queue> {
    topology.queue(&text(death.inner().get("queue")?)?)
}

fn text(value: &AMQPValue) -> Option<String> {
    let text = value.as_long_string()?;
    String::from_utf8(text.as_bytes().to_vec()).ok()
}

/// RabbitMQ chooses the width by the value.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other types are not whole numbers")]
fn whole_number(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::ShortShortInt(n) => Some(i64::from(*n)),
        AMQPValue::ShortShortUInt(n) => Some(i64::from(*n)),
        AMQPValue::ShortInt(n) => Some(i64::from(*n)),
        AMQPValue::ShortUInt(n) => Some(i64::from(*n)),
        AMQPValue::LongInt(n) => Some(i64::from(*n)),
        AMQPValue::LongUInt(n) => Some(i64::from(*n)),
        AMQPValue::LongLongInt(n) => Some(*n),
        _ => None,
    }
}
