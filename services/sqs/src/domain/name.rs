use std::fmt;
use std::sync::Arc;

/// The longest name, the suffix of a FIFO queue's included.
const MAX_NAME_BYTES: usize = 80;

/// What ends the name of every FIFO queue, and of no other.
const FIFO_SUFFIX: &str = ".fifo";

/// A queue's name: 1 to 80 letters, digits, hyphens and underscores; a FIFO queue's ends in `.fifo`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName(Arc<str>);

/// Why a text cannot be the name of a new queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// None was given.
    #[error("a queue needs a name")]
    Missing,
    /// It has no characters.
    #[error("a queue's name is not empty")]
    Empty,
    /// It has other characters than allowed, or too many.
    #[error("a queue's name is 1 to 80 letters, digits, hyphens and underscores")]
    Malformed,
    /// A FIFO queue's name must end in `.fifo`.
    #[error("a FIFO queue's name ends in .fifo")]
    NotFifo,
}

impl QueueName {
    /// The name that this text is, whatever kind of queue it names.
    ///
    /// # Errors
    /// [`NameError::Empty`] and [`NameError::Malformed`].
    pub fn parse(text: &str) -> Result<QueueName, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let stem = text.strip_suffix(FIFO_SUFFIX).unwrap_or(text);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if stem.is_empty() || text.len() > MAX_NAME_BYTES || !stem.bytes().all(allowed) {
            return Err(NameError::Malformed);
        }
        Ok(QueueName(text.into()))
    }

    /// The name of a queue that is to be created, of the kind that it is to be.
    ///
    /// # Errors
    /// As [`QueueName::parse`]; [`NameError::Malformed`] if a standard queue's name ends in `.fifo`,
    /// [`NameError::NotFifo`] if a FIFO queue's does not.
    pub fn for_new_queue(text: &str, fifo: bool) -> Result<QueueName, NameError> {
        match (QueueName::parse(text), fifo) {
            (Ok(name), fifo) if name.is_fifo() == fifo => Ok(name),
            (Err(NameError::Empty), _) => Err(NameError::Empty),
            (_, true) => Err(NameError::NotFifo),
            (_, false) => Err(NameError::Malformed),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a FIFO queue's.
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO_SUFFIX)
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let longest = "x".repeat(80);
        let longest_fifo = format!("{}.fifo", "x".repeat(75));
        let cases: &[(&str, bool, Result<(), NameError>)] = &[
            ("orders", false, Ok(())),
            ("Orders_1-b", false, Ok(())),
            (&longest, false, Ok(())),
            ("orders.fifo", true, Ok(())),
            (&longest_fifo, true, Ok(())),
            ("", false, Err(NameError::Empty)),
            ("", true, Err(NameError::Empty)),
            ("a.b", false, Err(NameError::Malformed)),
            ("a/b", false, Err(NameError::Malformed)),
            ("ä", false, Err(NameError::Malformed)),
            ("orders.fifo", false, Err(NameError::Malformed)),
            (&format!("{longest}x"), false, Err(NameError::Malformed)),
            ("orders", true, Err(NameError::NotFifo)),
            (".fifo", true, Err(NameError::NotFifo)),
            (&format!("x{longest_fifo}"), true, Err(NameError::NotFifo)),
        ];
        for (text, fifo, expected) in cases {
            assert_eq!(QueueName::for_new_queue(text, *fifo).map(drop), *expected, "{text:?} fifo={fifo}");
        }
    }
}
