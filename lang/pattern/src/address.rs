//! IP addresses and networks.
//!
//! AWS compares addresses as strings of hexadecimal digits, eight for IPv4 and 32 for IPv6, and a range has
//! matched as soon as the digits so far decide it. So an IPv6 address whose first eight digits lie in an IPv4
//! network matches it, and an IPv4 address matches an IPv6 network when its eight digits are strictly between
//! the ends. We do the same; see the page on deviations.

use std::net::Ipv6Addr;

/// An address: its digits at the top of 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    pub bits: u128,
    pub v6: bool,
}

impl Address {
    /// Reads an address; `None` if the text does not look like one, `Some(Err)` if it only looks like one.
    pub fn parse(text: &str) -> Option<Result<Address, ()>> {
        let bytes = text.as_bytes();
        match bytes.first() {
            Some(first) if first.is_ascii_hexdigit() || *first == b':' => {}
            _ => return None,
        }
        if bytes.contains(&b':') {
            let looks = bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b':');
            return looks.then(|| parse_v6(text));
        }
        let parts = text.split('.');
        let looks = parts.clone().count() == 4
            && parts.clone().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        looks.then(|| parse_v4(text))
    }
}

fn parse_v4(text: &str) -> Result<Address, ()> {
    // Java gives up on longer texts; leading zeros mean nothing to it.
    if text.len() > 15 {
        return Err(());
    }
    let mut bits = 0u32;
    for part in text.split('.') {
        bits = bits << 8 | u32::from(part.parse::<u8>().map_err(|_| ())?);
    }
    Ok(Address { bits: u128::from(bits) << 96, v6: false })
}

fn parse_v6(text: &str) -> Result<Address, ()> {
    let address: Ipv6Addr = text.parse().map_err(|_| ())?;
    Ok(match address.to_ipv4_mapped() {
        Some(v4) => Address { bits: u128::from(v4.to_bits()) << 96, v6: false },
        None => Address { bits: address.to_bits(), v6: true },
    })
}

/// Addresses that share their first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    /// The shared bits at the top, zeros below.
    pub bits: u128,
    /// How many.
    pub length: u32,
    pub v6: bool,
}

impl Network {
    /// The network of one address.
    pub fn of(address: Address) -> Network {
        Network { bits: address.bits, length: if address.v6 { 128 } else { 32 }, v6: address.v6 }
    }

    /// Reads `10.0.0.0/8`; the error is AWS's reason.
    pub fn parse(text: &str) -> Result<Network, String> {
        // As Java's split does: nothing after the last slash is no part.
        let trimmed = text.trim_end_matches('/');
        let Some((address, mask)) = trimmed.split_once('/').filter(|(_, mask)| !mask.contains('/')) else {
            return Err("Malformed CIDR, one '/' required".into());
        };
        let length: i32 = mask.parse().map_err(|_| "Malformed CIDR, mask bits must be an integer".to_owned())?;
        let length = u32::try_from(length).map_err(|_| "Malformed CIDR, mask bits must not be negative".to_owned())?;
        let address = match Address::parse(address) {
            Some(Ok(address)) => address,
            Some(Err(())) => return Err(format!("Invalid IP address: {address}")),
            None => return Err(format!("Nonstandard IP address: {address}")),
        };
        if address.v6 && length > 127 {
            return Err("IPv6 mask bits must be < 128".into());
        }
        if !address.v6 && length > 31 {
            return Err("IPv4 mask bits must be < 32".into());
        }
        Ok(Network { bits: head(address.bits, length), length, v6: address.v6 })
    }

    pub fn contains(&self, address: Address) -> bool {
        if head(address.bits, self.length) != self.bits {
            return false;
        }
        if address.v6 || !self.v6 {
            return true;
        }
        // Eight digits of 32: decided only strictly between the ends.
        let last = (self.bits | !head(u128::MAX, self.length)) >> 96;
        let first = self.bits >> 96;
        let given = address.bits >> 96;
        first < given && given < last
    }
}

/// The first bits.
pub(crate) fn head(bits: u128, length: u32) -> u128 {
    if length == 0 { 0 } else { bits & u128::MAX << (128 - length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        let network = Network::parse(network).expect("a network");
        Address::parse(address).and_then(Result::ok).is_some_and(|address| network.contains(address))
    }

    #[test]
    fn networks() {
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(contains("10.9.9.9/8", "010.0.0.1"));
        assert!(!contains("10.0.0.0/24", "10.0.1.0"));
        assert!(contains("0.0.0.0/0", "1.2.3.4"));
        assert!(contains("2001:db8::/32", "2001:DB8:1::1"));
        assert!(!contains("2001:db8::/32", "2001:db9::"));
        assert!(contains("10.0.0.0/8", "::ffff:0a00:0001"), "IPv4 in IPv6");
        assert!(!contains("10.0.0.0/8", "10.0.0"));
        assert!(!contains("10.0.0.0/8", "10.0.0.256"));
    }

    #[test]
    fn digits_decide_across_families_as_on_aws() {
        assert!(contains("10.0.0.0/8", "a00:1::"));
        assert!(contains("2000::/3", "32.1.0.0"));
        assert!(!contains("2000::/3", "32.0.0.0"));
        assert!(!contains("2001:db8::/32", "32.1.13.184"));
    }

    #[test]
    fn refusals() {
        for (text, reason) in [
            ("10.0.0.0", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/8/8", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/x", "Malformed CIDR, mask bits must be an integer"),
            ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
            ("xx.11.xx/8", "Nonstandard IP address: xx.11.xx"),
            ("/8", "Nonstandard IP address: "),
            ("300.0.0.0/8", "Invalid IP address: 300.0.0.0"),
            ("10.0.0.0/32", "IPv4 mask bits must be < 32"),
            ("::1/128", "IPv6 mask bits must be < 128"),
        ] {
            assert_eq!(Network::parse(text), Err(reason.to_owned()), "{text}");
        }
    }
}
