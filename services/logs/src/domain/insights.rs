//! What Insights adds to the rules: the times of a query, where an event is found again, and how a query ends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How a query stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryState {
    /// It waits or runs.
    Unfinished,
    /// It has its rows.
    Complete,
    /// It needed more memory than it may have.
    Failed,
    /// Its owner stopped it.
    Cancelled,
    /// It ran for too long.
    TimedOut,
}

/// Why an operation of Insights was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum QueryRefused {
    #[error(transparent)]
    Malformed(#[from] tidegate_insights::Malformed),
    #[error("there is no query {0}")]
    NoSuchQuery(String),
    #[error("there is no query definition {0}")]
    NoSuchDefinition(String),
    #[error("account {account} has no log group {name}")]
    NoSuchGroup { name: String, account: String },
    #[error("the query has ended")]
    NotRunning,
    #[error("{0} queries run already")]
    TooMany(usize),
    #[error("the range {from}..{to} lies before all events")]
    TooEarly { from: i64, to: i64 },
    #[error("there is no event {0}")]
    NoSuchRecord(String),
}

/// Times from here on are milliseconds: as seconds they would lie in the year 5138.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// The begin of a query's range in milliseconds. AWS documents seconds and takes milliseconds too.
pub fn begin_ms(time: i64) -> u64 {
    u64::try_from(if time < FIRST_MILLIS { time.saturating_mul(1000) } else { time }).unwrap_or(0)
}

/// Where the range ends, itself excluded: the last second, or millisecond, belongs to the range.
pub fn end_ms(time: i64) -> u64 {
    let behind = time.saturating_add(1);
    u64::try_from(if time < FIRST_MILLIS { behind.saturating_mul(1000) } else { behind }).unwrap_or(0)
}

/// Where an event is found again: what `@ptr` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// The name of its group.
    pub group: String,
    /// The name of its stream.
    pub stream: String,
    /// The position of its chunk.
    pub position: u64,
    /// Its place in the chunk.
    pub index: u32,
}

impl Pointer {
    /// Its text, opaque as AWS's is.
    pub fn text(&self) -> String {
        // Neither name has a line end in it, as the model's constraints say.
        STANDARD.encode(format!("1\n{}\n{}\n{}\n{}", self.position, self.index, self.group, self.stream))
    }

    /// The pointer that a text is.
    pub fn parse(text: &str) -> Option<Pointer> {
        let bytes = STANDARD.decode(text).ok()?;
        let mut lines = std::str::from_utf8(&bytes).ok()?.splitn(5, '\n');
        lines.next().filter(|version| *version == "1")?;
        let position = lines.next()?.parse().ok()?;
        let index = lines.next()?.parse().ok()?;
        Some(Pointer { position, index, group: lines.next()?.to_owned(), stream: lines.next()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Pointer, begin_ms, end_ms};

    #[test]
    fn times_are_seconds_or_milliseconds() {
        assert_eq!((begin_ms(1_700_000_000), end_ms(1_700_000_000)), (1_700_000_000_000, 1_700_000_001_000));
        assert_eq!((begin_ms(1_700_000_000_000), end_ms(1_700_000_000_000)), (1_700_000_000_000, 1_700_000_000_001));
        assert_eq!((begin_ms(0), begin_ms(-5), end_ms(i64::MAX)), (0, 0, 9_223_372_036_854_775_807));
    }

    #[test]
    fn pointers_are_texts() {
        let pointer = Pointer { group: "/g".into(), stream: "s/[$LATEST]".into(), position: u64::MAX, index: 7 };
        assert_eq!(Pointer::parse(&pointer.text()), Some(pointer));
        for text in ["", "AA==", "MQox", "not base64!"] {
            assert_eq!(Pointer::parse(text), None);
        }
    }
}
