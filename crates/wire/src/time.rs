//! Moments as text, one form per protocol.
//!
//! | where | form | example |
//! |---|---|---|
//! | XML, trail | ISO 8601, UTC, milliseconds | `2026-01-02T03:04:05.123Z` |
//! | XML by override | ISO 8601, UTC, whole seconds | `2026-01-02T03:04:05Z` |
//! | JSON | epoch seconds with fraction | `1767323045.123` |

use base::Timestamp;
use std::fmt::Write;

/// ISO 8601 with exactly three digits of fraction. Moments before 1970 or at the very end of 9999 are shown as the nearest moment
/// in between: no client reads others, and none can arise but by a mistake.
pub fn iso_millis(at: Timestamp) -> String {
    format!("{:.3}", civil(at.millis()))
}

/// ISO 8601 with whole seconds, rounded down; bounded like [`iso_millis`].
pub fn iso_seconds(at: Timestamp) -> String {
    format!("{:.0}", civil(Timestamp::from_secs(at.secs()).millis()))
}

fn civil(millis: i64) -> jiff::Timestamp {
    // In these bounds the conversion cannot fail.
    jiff::Timestamp::from_millisecond(millis.clamp(0, MILLIS_MAX)).unwrap_or_default()
}

/// 9999-12-30T21:59:59.999Z: jiff ends the year 9999 early by the widest offset there is.
const MILLIS_MAX: i64 = 253_402_207_199_999;

/// Reads ISO 8601 as clients write it: with an offset or `Z`, or without (then UTC), or a date alone.
pub fn parse_iso(text: &str) -> Option<Timestamp> {
    let moment = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}

/// Appends epoch seconds; always with a fraction, so that every client reads a number of one kind.
pub fn write_epoch(at: Timestamp, out: &mut String) {
    let (sign, millis) = (if at.millis() < 0 { "-" } else { "" }, at.millis().unsigned_abs());
    let (secs, rest) = (millis / 1000, millis % 1000);
    let fraction = format!("{rest:03}");
    let short = fraction.trim_end_matches('0');
    let _ = write!(out, "{sign}{secs}.{}", if short.is_empty() { "0" } else { short });
}

/// Epoch seconds as a JSON number; `None` if not finite or beyond the year 9999 on either side.
pub fn from_epoch(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    // The bound also makes the cast exact: 2.5e14 is below 2^53.
    (millis.abs() <= MILLIS_MAX as f64).then(|| Timestamp::from_millis(millis as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_the_form_of_its_protocol() {
        let at = Timestamp::from_millis(1_767_323_045_120);
        assert_eq!(iso_millis(at), "2026-01-02T03:04:05.120Z");
        assert_eq!(iso_seconds(at), "2026-01-02T03:04:05Z");
        assert_eq!(iso_millis(Timestamp::from_millis(0)), "1970-01-01T00:00:00.000Z");
        for (millis, text) in
            [(1_767_323_045_120, "1767323045.12"), (0, "0.0"), (-1500, "-1.5"), (7, "0.007"), (1000, "1.0")]
        {
            let mut out = String::new();
            write_epoch(Timestamp::from_millis(millis), &mut out);
            assert_eq!(out, text);
            assert_eq!(from_epoch(text.parse().unwrap()), Some(Timestamp::from_millis(millis)));
        }
    }

    #[test]
    fn moments_beyond_what_can_be_written_are_bounded_and_do_not_panic() {
        for millis in [i64::MIN, -1] {
            assert_eq!(iso_millis(Timestamp::from_millis(millis)), "1970-01-01T00:00:00.000Z");
        }
        for millis in [MILLIS_MAX, MILLIS_MAX + 1, i64::MAX] {
            assert_eq!(iso_seconds(Timestamp::from_millis(millis)), "9999-12-30T21:59:59Z");
        }
        for seconds in [f64::NAN, f64::INFINITY, 1e18, -1e18] {
            assert_eq!(from_epoch(seconds), None);
        }
    }

    #[test]
    fn clients_write_moments_in_several_ways_and_nonsense_is_none() {
        let at = Some(Timestamp::from_secs(1_767_323_045));
        for text in [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.000Z",
            "2026-01-02T04:04:05+01:00",
            "2026-01-02T03:04:05",
        ] {
            assert_eq!(parse_iso(text), at, "{text}");
        }
        assert_eq!(parse_iso("2026-01-02"), Some(Timestamp::from_secs(1_767_312_000)));
        for bad in
            ["", "now", "2026-13-01T00:00:00Z", "1767323045", "2026-01-02T25:00:00Z", "99999-01-01T00:00:00Z"]
        {
            assert_eq!(parse_iso(bad), None, "{bad}");
        }
    }
}
