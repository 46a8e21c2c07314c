//! Values of conditions that are not text: numbers, truth values, bytes, addresses. What cannot be read compares with nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::cmp::Ordering;
use std::net::IpAddr;

/// Compares two decimal numbers of any length exactly: `10` is `10.0`, and 2^53 is not 2^53 + 1.
pub(super) fn compare_numbers(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (Decimal::read(left)?, Decimal::read(right)?);
    Some(match (left.negative, right.negative) {
        (false, false) => left.size(&right),
        (true, true) => right.size(&left),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

struct Decimal<'a> {
    negative: bool,
    /// without leading zeros
    whole: &'a str,
    /// without trailing zeros
    fraction: &'a str,
}

impl Decimal<'_> {
    fn read(text: &str) -> Option<Decimal<'_>> {
        let text = text.trim();
        let (minus, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Decimal { negative: minus && !zero, whole, fraction })
    }

    fn size(&self, other: &Decimal) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(other.whole));
        whole.then_with(|| self.fraction.cmp(other.fraction))
    }
}

/// `true` and `false`, in any case.
pub(super) fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Whether two texts are the same bytes in base64.
pub(super) fn same_bytes(left: &str, right: &str) -> bool {
    match (STANDARD.decode(left), STANDARD.decode(right)) {
        (Ok(left), Ok(right)) => left == right,
        _ => false,
    }
}

/// Whether an address lies in a range: `203.0.113.0/24`, `2001:db8::/32`, or a single address.
pub(super) fn address_in(range: &str, address: &str) -> bool {
    let (network, bits) = match range.split_once('/') {
        Some((network, bits)) => match bits.parse::<u32>() {
            Ok(bits) => (network, Some(bits)),
            Err(_) => return false,
        },
        None => (range, None),
    };
    let same = |network: u128, address: u128, width: u32| {
        let bits = bits.unwrap_or(width);
        // A shift by the whole width is no shift in Rust: nothing is compared then.
        bits <= width && (network ^ address).checked_shr(width - bits).unwrap_or(0) == 0
    };
    match (network.parse(), address.parse()) {
        (Ok(IpAddr::V4(network)), Ok(IpAddr::V4(address))) => {
            same(u128::from(network.to_bits()), u128::from(address.to_bits()), 32)
        }
        (Ok(IpAddr::V6(network)), Ok(IpAddr::V6(address))) => same(network.to_bits(), address.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_exactly_and_what_is_no_number_compares_with_nothing() {
        for (left, right, order) in [
            ("10", "10.0", Some(Ordering::Equal)),
            ("010", "10", Some(Ordering::Equal)),
            ("-0", "0", Some(Ordering::Equal)),
            ("9", "10", Some(Ordering::Less)),
            ("-9", "-10", Some(Ordering::Greater)),
            ("-1", "1", Some(Ordering::Less)),
            ("1.05", "1.5", Some(Ordering::Less)),
            ("9007199254740993", "9007199254740992", Some(Ordering::Greater)),
            (".5", "0.5", Some(Ordering::Equal)),
            ("+3", "3", Some(Ordering::Equal)),
            ("1e3", "1000", None),
            ("NaN", "NaN", None),
            ("inf", "1", None),
            ("", "0", None),
            (".", "0", None),
            ("--1", "1", None),
            ("1.2.3", "1", None),
            ("٣", "3", None),
        ] {
            assert_eq!(compare_numbers(left, right), order, "{left} {right}");
        }
    }

    #[test]
    fn an_address_lies_in_its_ranges_only() {
        for (range, address, lies) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("10.1.2.3/32", "10.1.2.4", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("::/0", "2001:db8::1", true),
            ("::/0", "203.0.113.9", false),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1", true),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("10.0.0.0/-1", "10.0.0.0", false),
            ("10.0.0.0/", "10.0.0.0", false),
            ("10.0.0/8", "10.0.0.1", false),
            ("*", "10.0.0.1", false),
            ("10.0.0.0/8", "ten", false),
        ] {
            assert_eq!(address_in(range, address), lies, "{range} {address}");
        }
    }

    #[test]
    fn bytes_are_compared_as_bytes() {
        assert!(same_bytes("aGk=", "aGk="));
        assert!(!same_bytes("aGk=", "aGo="));
        assert!(!same_bytes("%%", "%%"), "no base64");
    }
}
