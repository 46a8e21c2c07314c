//! Moments in conditions: seconds since 1970, or ISO 8601 as the W3C profiles it (`2026-08-31`, `2026-08-31T12:00:00.5+02:00`).

/// Years that AWS takes: those whose milliseconds fit into 64 bits.
const YEARS: std::ops::RangeInclusive<i64> = -292_275_054..=292_278_993;

/// Nanoseconds since 1970-01-01T00:00:00Z; `None` for what is no moment. As AWS does, takes fields without leading zeros, and days
/// up to the 31st in every month.
pub(super) fn read(text: &str) -> Option<i128> {
    if !text.contains(['T', 't', '-']) {
        return number(text, 19).map(whole);
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    let (sign, date) = match date.strip_prefix('-') {
        Some(date) => (-1, date),
        None => (1, date),
    };
    let mut parts = date.split('-');
    let year = sign * number(parts.next()?, 9)?;
    let month = parts.next().map_or(Some(1), |part| number(part, 2))?;
    let day = parts.next().map_or(Some(1), |part| number(part, 2))?;
    if parts.next().is_some()
        || !YEARS.contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
    {
        return None;
    }
    let at_midnight = whole(days_since_1970(year, month, day) * 86_400);
    time_of_day(time).map(|nanos| at_midnight + nanos)
}

fn whole(seconds: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000
}

/// Nanoseconds since midnight in UTC: `[hh[:mm[:ss[.f…]]]]`, then `Z`, `±hh[:mm]` or nothing, which is UTC.
fn time_of_day(text: &str) -> Option<i128> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(place) => (text.get(..place)?, offset(text.get(place..)?)?),
        None => (text, 0),
    };
    if clock.is_empty() {
        return Some(whole(-offset));
    }
    let mut parts = clock.splitn(3, ':');
    let hour = number(parts.next()?, 2)?;
    let minute = parts.next().map_or(Some(0), |part| number(part, 2))?;
    let (second, fraction) = match parts.next() {
        None => (0, 0),
        Some(part) => {
            let (second, fraction) = part.split_once('.').unwrap_or((part, "0"));
            (number(second, 2)?, nanoseconds(fraction)?)
        }
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(whole(hour * 3600 + minute * 60 + second - offset) + i128::from(fraction))
}

/// Seconds that a zone is ahead of UTC.
fn offset(text: &str) -> Option<i64> {
    let (sign, zone) = match text.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(0),
        ("+", zone) => (1, zone),
        ("-", zone) => (-1, zone),
        _ => return None,
    };
    let (hour, minute) = match zone.split_once(':') {
        Some(parts) => parts,
        None => zone.split_at_checked(2)?,
    };
    let two = |text: &str| (text.len() == 2).then(|| number(text, 2)).flatten();
    let (hour, minute) = (two(hour)?, if minute.is_empty() { 0 } else { two(minute)? });
    (hour <= 23 && minute <= 59).then_some(sign * (hour * 3600 + minute * 60))
}

/// A number of up to so many digits.
fn number(text: &str, digits_max: usize) -> Option<i64> {
    let fits = text.len() <= digits_max && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// A fraction of a second of up to nine digits.
fn nanoseconds(fraction: &str) -> Option<i64> {
    number(fraction, 9).map(|value| value * 10_i64.pow(9 - fraction.len() as u32))
}

/// Days from 1970-01-01 in the Gregorian calendar. (H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.)
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_form_of_the_profile() {
        for (text, seconds) in [
            ("0", 0),
            ("1756641600", 1_756_641_600),
            ("1970-01-01", 0),
            ("1970-01", 0),
            ("2025-08-31T12:00:00Z", 1_756_641_600),
            ("2025-08-31T12:00Z", 1_756_641_600),
            ("2025-08-31t12:00:00z", 1_756_641_600),
            ("2025-08-31T14:00:00+02:00", 1_756_641_600),
            ("2025-08-31T14:00:00+0200", 1_756_641_600),
            ("2025-08-31T07:30:00-04:30", 1_756_641_600),
            ("2025-08-31T12:00:00", 1_756_641_600),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("1969-12-31T23:59:59Z", -1),
            ("1970-1-1t0:0:0z", 0),
            ("1970T", 0),
            ("0001-01-01", -62_135_596_800),
            ("2025-02-30", 1_740_873_600),
        ] {
            assert_eq!(read(text), Some(whole(seconds)), "{text}");
        }
        assert_eq!(read("1970-01-01T00:00:00.25Z"), Some(250_000_000));
    }

    #[test]
    fn what_is_no_moment_is_not_read() {
        for text in [
            "",
            "now",
            "2025-13-01",
            "2025-00-10",
            "2025-01-00",
            "2025-01-32",
            "2025-",
            "-",
            "T",
            "2025-01-01T24:00:00Z",
            "2025-01-01T12:60:00Z",
            "2025-01-01T12:00:60Z",
            "2025-01-01T12:00:00X",
            "9999999999-01-01",
            "2025-01-01T12::00",
            "2025-01-01T12:00:00+25:00",
            "2025-01-01T12:00:00+2",
            "2025-01-01-01",
            "2025-01-01T12:00:00.1234567890Z",
            "2025-01-01T12:00:00.Z",
            "9223372036854775808",
            "+5",
            "1.5",
            "300000000-01-01",
            "１９７０-01-01",
            "2025-01-01T12:00:00+é",
            "é-01",
            "-é",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
