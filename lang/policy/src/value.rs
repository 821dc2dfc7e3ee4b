//! The typed values that condition operators compare.

use std::net::IpAddr;

use jiff::Timestamp;

/// A number, compared exactly where both sides are whole, otherwise as floating point.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
}

/// A date: ISO 8601 (`2026-01-31T12:00:00Z`, a date or a month alone) or seconds since the epoch.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        // Whole nanoseconds are more than any policy says.
        return Timestamp::from_nanosecond((seconds * 1e9) as i128).ok();
    }
    let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
    text.parse::<Timestamp>().ok().or_else(|| {
        let day = day(text).or_else(|| day(&format!("{text}-01")))?;
        day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|day| day.timestamp())
    })
}

/// `true` or `false`, without regard to case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Whether an address lies in a block such as `10.0.0.0/8`, or is the address that `block` names.
pub(crate) fn address_in(block: &str, address: &str) -> Option<bool> {
    let address: IpAddr = address.trim().parse().ok()?;
    let (network, length) = match block.trim().split_once('/') {
        Some((network, length)) => (network, Some(length.parse::<u32>().ok()?)),
        None => (block.trim(), None),
    };
    let network: IpAddr = network.parse().ok()?;
    let (width, network, address) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (32, u128::from(network.to_bits()), u128::from(address.to_bits()))
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (128, network.to_bits(), address.to_bits()),
        _ => return Some(false),
    };
    let length = length.unwrap_or(width);
    if length > width {
        return None;
    }
    let shift = width - length;
    // A shift by the whole width would overflow; a block of length zero holds every address.
    Some(length == 0 || network >> shift == address >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_their_addresses() {
        for (block, address, expected) in [
            ("10.0.0.0/8", "10.1.2.3", Some(true)),
            ("10.0.0.0/8", "11.0.0.1", Some(false)),
            ("0.0.0.0/0", "8.8.8.8", Some(true)),
            ("203.0.113.7", "203.0.113.7", Some(true)),
            ("2001:db8::/32", "2001:db8:1::1", Some(true)),
            ("2001:db8::/32", "10.0.0.1", Some(false)),
            ("10.0.0.0/33", "10.0.0.1", None),
            ("10.0.0.0/8", "nowhere", None),
        ] {
            assert_eq!(address_in(block, address), expected, "{block} {address}");
        }
    }

    #[test]
    fn dates_come_in_three_forms() {
        let expected = date("2026-01-31T00:00:00Z");
        assert!(expected.is_some());
        assert_eq!(date("2026-01-31"), expected);
        assert_eq!(date("1769817600"), expected);
        assert_eq!(date("2026-01-31T01:00+01:00"), expected);
        assert_eq!(date("2026-02"), date("2026-02-01"));
        assert_eq!(date("yesterday"), None);
    }
}
