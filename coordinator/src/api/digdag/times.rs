//! Times as digdag's clients write them: an instant, or a local time of the workflow (`LocalTimeOrInstant`).

use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::super::problem::Problem;

/// The moment that a text means in a zone.
pub(super) fn time_in(text: &str, zone: &TimeZone) -> Result<Timestamp, Problem> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let local = text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(zone.clone()).ok());
    local.map(|local| local.timestamp()).ok_or_else(|| {
        let detail =
            format!("`{text}` is no time; write it as 2019-09-01T00:00:00Z or 2019-09-01T00:00:00");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

/// A moment with the offset of a zone.
pub(super) fn local(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_instant_or_a_local_time() {
        let tokyo = himekuri_schedule::time_zone("Asia/Tokyo").unwrap();
        let midnight: Timestamp = "2019-08-31T15:00:00Z".parse().unwrap();

        for text in ["2019-08-31T15:00:00Z", "2019-09-01T00:00:00", "2019-09-01 00:00:00"] {
            assert!(time_in(text, &tokyo).is_ok_and(|time| time == midnight), "{text}");
        }
        assert!(time_in("yesterday", &tokyo).is_err());
        assert_eq!(local(midnight, &tokyo), "2019-09-01T00:00:00+09:00");
    }
}
