//! Durations as people write them: `1d 2h 3m 4s`, each part at most once and in this order (digdag `Durations`).

use std::time::Duration;

/// Units with their seconds, longest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// `None` for anything else; at least one part is needed.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut units = UNITS.iter();
    let mut seconds = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let mut after = rest.get(digits..)?.trim_start().chars();
        let unit = after.next()?.to_ascii_lowercase();
        let (_, length) = units.find(|(name, _)| *name == unit)?;
        seconds = seconds.checked_add(number.checked_mul(*length)?)?;
        rest = after.as_str().trim_start();
    }
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_added() {
        let cases = [
            ("10s", 10),
            ("1h 30m", 5_400),
            ("1d2h3m4s", 93_784),
            (" 2 H  5 s ", 7_205),
            ("0s", 0),
        ];

        for (text, seconds) in cases {
            assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn a_text_of_another_form_is_no_duration() {
        for text in
            ["", " ", "10", "s", "1m 1h", "1s 1s", "-1s", "1.5h", "1w", "99999999999999999999d"]
        {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
