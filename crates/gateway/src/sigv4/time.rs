//! The moment a request says it was signed: `20150830T123600Z`, ISO 8601 in its basic form.

use base::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How far a signing time may be from ours, either way. Source: IAM User Guide, "Troubleshoot Signature Version 4 requests".
pub(crate) const SKEW_MAX_SECS: i64 = 15 * 60;

const DIGITS_AT: [std::ops::Range<usize>; 6] = [0..4, 4..6, 6..8, 9..11, 11..13, 13..15];

/// Reads `YYYYMMDDThhmmssZ`; `None` for anything else, also for days that no calendar has.
pub(crate) fn parse_basic(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |at: &std::ops::Range<usize>| -> Option<i16> {
        let digits = text.get(at.clone())?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let small = |at: &std::ops::Range<usize>| number(at).and_then(|n| i8::try_from(n).ok());
    let [year, month, day, hour, minute, second] = &DIGITS_AT;
    let civil = DateTime::new(
        number(year)?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    );
    let zoned = civil.ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_secs(zoned.timestamp().as_second()))
}

/// Writes `YYYYMMDDThhmmssZ`, rounded down to the second. Times outside the years 1 to 9999 become the epoch; no request is
/// that old.
pub(crate) fn format_basic(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_second(at.secs()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let civil = TimeZone::UTC.to_datetime(moment);
    let (date, time) = (civil.date(), civil.time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// Reads the `Date` header, which stands in when there is no `X-Amz-Date`: RFC 1123 text, or the basic form.
pub(crate) fn parse_date_header(text: &str) -> Option<Timestamp> {
    parse_basic(text).or_else(|| {
        let moment = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Timestamp::from_secs(moment.as_second()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basic_form_reads_back_as_it_was_written() {
        for text in ["20150830T123600Z", "20240229T235959Z", "19700101T000000Z"] {
            assert_eq!(format_basic(parse_basic(text).unwrap()), text);
        }
        assert_eq!(parse_basic("20150830T123600Z").unwrap().secs(), 1_440_938_160);
    }

    #[test]
    fn nothing_but_the_basic_form_is_a_signing_time() {
        for bad in [
            "",
            "20150830T123600",
            "20150830T123600z",
            "2015-08-30T12:36:00Z",
            "20150830 123600Z",
            "20150230T123600Z",
            "20150830T243600Z",
            "20150830T126000Z",
            "+0150830T123600Z",
            "2015083ñT12360Z",
            "20150830T1236000Z",
        ] {
            assert_eq!(parse_basic(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_date_header_is_rfc_1123_or_the_basic_form() {
        let at = parse_basic("20150830T123600Z");
        assert_eq!(parse_date_header("Sun, 30 Aug 2015 12:36:00 GMT"), at);
        assert_eq!(parse_date_header("20150830T123600Z"), at);
        assert_eq!(parse_date_header("yesterday"), None);
    }
}
