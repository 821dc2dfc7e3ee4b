use std::collections::BTreeMap;

/// What clients were told of numbers that only grow: each item's version, each counter's count.
#[derive(Debug, Default)]
pub struct Ledger {
    grown: BTreeMap<String, Grown>,
    /// Whether all accounts were acknowledged.
    pub opened: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Grown {
    /// It is at least this.
    acknowledged: i64,
    /// It is at most this.
    offered: i64,
}

impl Ledger {
    /// Somebody asks for a number to grow by this; what it may be afterwards at most.
    pub fn offer(&mut self, id: &str, by: i64) -> i64 {
        let grown = self.grown.entry(id.to_owned()).or_default();
        grown.offered += by;
        grown.offered
    }

    /// It was told that a number has grown by this.
    pub fn acknowledge(&mut self, id: &str, by: i64) {
        self.grown.entry(id.to_owned()).or_default().acknowledged += by;
    }

    /// It was told that a number is this.
    pub fn reach(&mut self, id: &str, value: i64) {
        let grown = self.grown.entry(id.to_owned()).or_default();
        grown.acknowledged = grown.acknowledged.max(value);
    }

    /// The least that a read which begins now may find.
    pub fn least(&self, id: &str) -> i64 {
        self.grown.get(id).map_or(0, |grown| grown.acknowledged)
    }

    /// What is wrong with a number that was read, of which `least` was known when the read began.
    pub fn judge(&self, id: &str, least: i64, found: i64) -> Option<String> {
        let most = self.grown.get(id).map_or(0, |grown| grown.offered);
        (found < least || found > most).then(|| format!("{id} is {found}, which is not within {least} and {most}"))
    }

    /// Every number that was ever offered.
    pub fn ids(&self) -> Vec<String> {
        self.grown.keys().cloned().collect()
    }
}
