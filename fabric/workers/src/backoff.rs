use std::time::Duration;

/// The pause after a first failure, at most.
const FIRST: Duration = Duration::from_millis(100);
/// The pause after many failures, at most.
const LONGEST: Duration = Duration::from_secs(30);

/// How long to pause after so many failures in a row: doubling from [`FIRST`] to [`LONGEST`], less
/// up to half of it by chance, so that workers that failed together do not return together.
pub(crate) fn pause(failures: u32, chance: u64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let longest = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let half = longest / 2;
    half + half.mul_f64(chance as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        for (failures, shortest, longest) in
            [(1, 50, 100), (2, 100, 200), (5, 800, 1600), (10, 15_000, 30_000), (u32::MAX, 15_000, 30_000)]
        {
            assert_eq!(pause(failures, 0), Duration::from_millis(shortest), "after {failures}");
            assert_eq!(pause(failures, u64::MAX), Duration::from_millis(longest), "after {failures}");
        }
    }
}
