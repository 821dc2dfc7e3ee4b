//! Capacity units, in halves, because an eventually consistent read costs half of one.

/// What reading `bytes` costs, in half units: 4 KB a unit, half of that if not consistent.
pub fn read_units(bytes: usize, consistent: bool) -> u64 {
    let units = bytes.div_ceil(4096).max(1) as u64;
    if consistent { 2 * units } else { units }
}

/// What writing an item of `bytes` costs, in half units: 1 KB a unit.
pub fn write_units(bytes: usize) -> u64 {
    2 * bytes.div_ceil(1024).max(1) as u64
}
