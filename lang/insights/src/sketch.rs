//! Counts of distinct values and percentiles in bounded memory: exact while there are few, close beyond.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

/// How many hashes a distinct count keeps. The error beyond is about one in the square root: 1.6 %.
const HASHES: usize = 4096;
/// How many values a percentile keeps before it only counts them by size.
const VALUES: usize = 4096;
/// How far apart sizes are: the error of a percentile is half of that.
const GAMMA: f64 = 1.01;

/// A count of distinct values: the smallest hashes say how dense all of them lie.
#[derive(Debug, Clone, Default)]
pub(crate) struct Distinct {
    smallest: BTreeSet<u64>,
    full: bool,
}

impl Distinct {
    pub(crate) fn add(&mut self, text: &str) {
        self.smallest.insert(xxh3_64(text.as_bytes()));
        if self.smallest.len() > HASHES {
            self.smallest.pop_last();
            self.full = true;
        }
    }

    pub(crate) fn count(&self) -> f64 {
        match self.smallest.last() {
            Some(largest) if self.full => {
                let share = *largest as f64 / u64::MAX as f64;
                ((HASHES - 1) as f64 / share).round()
            }
            _ => self.smallest.len() as f64,
        }
    }

    pub(crate) fn cost(&self) -> usize {
        self.smallest.len() * 24
    }
}

/// A percentile: all values, or how many there are of each size.
#[derive(Debug, Clone)]
pub(crate) enum Percentile {
    Values(Vec<f64>),
    Sizes { sizes: BTreeMap<i32, u64>, total: u64 },
}

impl Default for Percentile {
    fn default() -> Percentile {
        Percentile::Values(Vec::new())
    }
}

impl Percentile {
    pub(crate) fn add(&mut self, value: f64) {
        match self {
            Percentile::Sizes { sizes, total } => {
                *sizes.entry(size(value)).or_default() += 1;
                *total += 1;
            }
            Percentile::Values(values) if values.len() < VALUES => values.push(value),
            Percentile::Values(values) => {
                let mut sizes = BTreeMap::new();
                for value in values.iter().chain([&value]) {
                    *sizes.entry(size(*value)).or_default() += 1;
                }
                *self = Percentile::Sizes { sizes, total: VALUES as u64 + 1 };
            }
        }
    }

    /// The value below or at which `percent` of the values lie.
    pub(crate) fn at(&self, percent: f64) -> Option<f64> {
        let rank = |count: usize| ((percent / 100.0 * count as f64).ceil() as usize).clamp(1, count) - 1;
        match self {
            Percentile::Values(values) if values.is_empty() => None,
            Percentile::Values(values) => {
                let mut sorted = values.clone();
                sorted.sort_by(f64::total_cmp);
                Some(sorted[rank(sorted.len())])
            }
            Percentile::Sizes { sizes, total } => {
                let mut left = rank(*total as usize) as u64;
                for (size, count) in sizes {
                    match left.checked_sub(*count) {
                        Some(rest) => left = rest,
                        None => return Some(value(*size)),
                    }
                }
                None
            }
        }
    }

    pub(crate) fn cost(&self) -> usize {
        match self {
            Percentile::Values(values) => values.len() * 8,
            Percentile::Sizes { sizes, .. } => sizes.len() * 32,
        }
    }
}

/// Sizes near nought are one size; negative ones mirror the positive.
const SMALLEST: f64 = 1e-9;

fn size(value: f64) -> i32 {
    if value.abs() < SMALLEST {
        return 0;
    }
    let size = 1 + ((value.abs() / SMALLEST).ln() / GAMMA.ln()).floor() as i32;
    if value < 0.0 { -size } else { size }
}

fn value(size: i32) -> f64 {
    if size == 0 {
        return 0.0;
    }
    let middle = SMALLEST * GAMMA.powf(f64::from(size.abs()) - 0.5);
    if size < 0 { -middle } else { middle }
}

#[cfg(test)]
mod tests {
    use super::{Distinct, Percentile};

    #[test]
    fn few_are_exact_and_many_are_close() {
        let mut distinct = Distinct::default();
        let mut percentile = Percentile::default();
        assert_eq!(percentile.at(50.0), None);
        for number in 1..=1000 {
            distinct.add(&number.to_string());
            distinct.add(&number.to_string());
            percentile.add(f64::from(number));
        }
        assert_eq!(distinct.count(), 1000.0);
        assert_eq!([0.0, 50.0, 95.0, 100.0].map(|p| percentile.at(p)), [1.0, 500.0, 950.0, 1000.0].map(Some));
        for number in 1001..=200_000 {
            distinct.add(&number.to_string());
            percentile.add(f64::from(number));
        }
        assert!((distinct.count() / 200_000.0 - 1.0).abs() < 0.06, "{}", distinct.count());
        for p in [1.0, 50.0, 99.0] {
            let exact = 2000.0 * p;
            let close = percentile.at(p).expect("there are values");
            assert!((close / exact - 1.0).abs() < 0.01, "{close} for {exact}");
        }
        assert!(distinct.cost() + percentile.cost() < 300_000);
        let mut signed = Percentile::default();
        (0..10_000).for_each(|number| signed.add(f64::from(number) - 5000.0));
        assert!((signed.at(10.0).expect("there are values") / -4000.0 - 1.0).abs() < 0.01);
    }
}
