use tidegate_types::Timestamp;

/// For how long what was not used is kept: AWS keeps five minutes of it.
const BURST_SECONDS: u64 = 300;

/// A token bucket: so many tokens come every second, and what is not used of five minutes is kept.
///
/// Whoever finds a token may take as many as he needs: what an operation costs is known only once it has
/// read its items, and an operation that costs more than ever fits must be possible at all. The debt is
/// paid off before anybody else is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Tokens that come every second.
    rate: u64,
    /// Thousandths of tokens; below zero is debt.
    level: i128,
    at: Timestamp,
}

impl Bucket {
    /// A full one.
    pub fn full(rate: u64, now: Timestamp) -> Bucket {
        Bucket { rate, level: Bucket::room(rate), at: now }
    }

    fn room(rate: u64) -> i128 {
        i128::from(rate) * i128::from(BURST_SECONDS) * 1000
    }

    /// Adds what has come since, at the rate of that time, and goes on at a rate.
    pub fn refill(&mut self, rate: u64, now: Timestamp) {
        let millis = i128::try_from(now.since(self.at).as_millis()).unwrap_or(i128::MAX);
        let come = i128::from(self.rate).saturating_mul(millis);
        self.level = self.level.saturating_add(come).min(Bucket::room(rate));
        (self.rate, self.at) = (rate, now.max(self.at));
    }

    /// Whether there is any token.
    pub fn has_any(&self) -> bool {
        self.level > 0
    }

    /// Whether forgetting it changes nothing.
    pub fn is_full(&self) -> bool {
        self.level >= Bucket::room(self.rate)
    }

    /// Takes tokens.
    pub fn take(&mut self, tokens: u64) {
        self.level -= i128::from(tokens) * 1000;
    }

    /// Puts tokens back that were taken for nothing.
    pub fn put_back(&mut self, tokens: u64) {
        self.level = (self.level + i128::from(tokens) * 1000).min(Bucket::room(self.rate));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_secs(1000);

    #[test]
    fn five_minutes_are_kept_and_debt_is_paid_off() {
        let mut bucket = Bucket::full(2, START);
        bucket.take(599);
        assert!(bucket.has_any());
        bucket.take(1);
        assert!(!bucket.has_any());
        bucket.refill(2, START.plus_millis(1));
        assert!(bucket.has_any());
        bucket.take(4);
        bucket.refill(2, START.plus_millis(2000));
        assert!(!bucket.has_any());
        bucket.refill(2, START.plus_millis(2001));
        assert!(bucket.has_any());
        bucket.refill(2, START.plus_millis(10_000_000));
        assert!(bucket.is_full());
    }

    #[test]
    fn another_rate_holds_from_now_on() {
        let mut bucket = Bucket::full(1, START);
        bucket.take(300);
        bucket.refill(10, START.plus_millis(1000));
        bucket.take(1);
        assert!(!bucket.has_any());
        bucket.refill(10, START.plus_millis(1100));
        assert!(bucket.has_any());
        bucket.take(1);
        bucket.put_back(1);
        assert!(bucket.has_any() && !bucket.is_full());
    }

    #[test]
    fn time_that_stands_still_or_jumps_breaks_nothing() {
        let mut bucket = Bucket::full(u64::MAX, START);
        bucket.take(u64::MAX);
        bucket.refill(u64::MAX, Timestamp::from_millis(u64::MAX));
        assert!(bucket.is_full());
        bucket.refill(0, START);
        assert!(!bucket.has_any());
    }
}
