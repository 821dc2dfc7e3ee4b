//! Functions of IP addresses. What is no address is in no network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::value::Value;

fn address(value: &Value) -> Option<IpAddr> {
    value.text()?.trim().parse().ok()
}

fn flag(holds: Option<bool>) -> Value {
    Value::Flag(holds.unwrap_or(false))
}

pub(super) fn is_valid(values: &[Value]) -> Value {
    flag(address(&values[0]).map(|_| true))
}

pub(super) fn is_valid_v4(values: &[Value]) -> Value {
    flag(address(&values[0]).map(|address| address.is_ipv4()))
}

pub(super) fn is_valid_v6(values: &[Value]) -> Value {
    flag(address(&values[0]).map(|address| address.is_ipv6()))
}

/// Whether the address is in `network/length`, both of one family.
fn within(values: &[Value]) -> Option<bool> {
    let address = address(&values[0])?;
    let subnet = values[1].text()?;
    let (network, length) = subnet.trim().split_once('/')?;
    let length: u32 = length.parse().ok()?;
    Some(match (address, network.parse().ok()?) {
        (IpAddr::V4(address), IpAddr::V4(network)) if length <= 32 => {
            same_head(u128::from(address.to_bits()), u128::from(network.to_bits()), 32 - length)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if length <= 128 => {
            same_head(address.to_bits(), network.to_bits(), 128 - length)
        }
        _ => false,
    })
}

fn same_head(one: u128, two: u128, tail_bits: u32) -> bool {
    one.checked_shr(tail_bits) == two.checked_shr(tail_bits)
}

pub(super) fn in_subnet(values: &[Value]) -> Value {
    flag(within(values))
}

pub(super) fn v4_in_subnet(values: &[Value]) -> Value {
    flag(address(&values[0]).filter(IpAddr::is_ipv4).and_then(|_| within(values)))
}

pub(super) fn v6_in_subnet(values: &[Value]) -> Value {
    flag(address(&values[0]).filter(IpAddr::is_ipv6).and_then(|_| within(values)))
}

pub(super) fn v4_to_number(values: &[Value]) -> Value {
    match address(&values[0]) {
        Some(IpAddr::V4(address)) => Value::Number(f64::from(address.to_bits())),
        Some(IpAddr::V6(_)) | None => Value::Missing,
    }
}

fn private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.segments()[0] & 0xfe00 == 0xfc00,
    }
}

fn reserved(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => reserved_v4(address),
        IpAddr::V6(address) => reserved_v6(address),
    }
}

/// This network, loopback, link-local, shared, test, benchmark, multicast and future use.
fn reserved_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && b & 0xc0 == 64)
        || (a == 198 && b & 0xfe == 18)
        || (a == 192 && b == 0 && c == 0)
}

fn reserved_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || first & 0xffc0 == 0xfe80
        || address.segments()[..2] == [0x2001, 0x0db8]
}

pub(super) fn is_private(values: &[Value]) -> Value {
    flag(address(&values[0]).map(private))
}

pub(super) fn is_reserved(values: &[Value]) -> Value {
    flag(address(&values[0]).map(reserved))
}

pub(super) fn is_public(values: &[Value]) -> Value {
    flag(address(&values[0]).map(|address| !private(address) && !reserved(address)))
}
