use super::MAX_MESSAGE_BYTES;

/// The most entries of a batch.
pub const MAX_BATCH_ENTRIES: usize = 10;

/// The longest id of an entry.
const MAX_ENTRY_ID_BYTES: usize = 80;

/// What is wrong with a batch as a whole: none of its entries is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It has no entries.
    #[error("a batch without entries")]
    Empty,
    /// It has too many.
    #[error("{0} entries are more than {MAX_BATCH_ENTRIES}")]
    TooMany(usize),
    /// An entry's id is not 1 to 80 letters, digits, hyphens and underscores.
    #[error("an entry's id is 1 to 80 letters, digits, hyphens and underscores")]
    MalformedId,
    /// Two entries have the same id.
    #[error("two entries have the id {0}")]
    RepeatedId(String),
    /// Its messages together are too large.
    #[error("{bytes} bytes are more than {MAX_MESSAGE_BYTES}")]
    TooLarge {
        /// How large they are.
        bytes: usize,
    },
}

/// Checks the ids of a batch.
///
/// # Errors
/// [`BatchError`], and of repeated ids the one that repeats first.
pub fn check_batch(ids: &[&str]) -> Result<(), BatchError> {
    if ids.is_empty() {
        return Err(BatchError::Empty);
    }
    if ids.len() > MAX_BATCH_ENTRIES {
        return Err(BatchError::TooMany(ids.len()));
    }
    if !ids.iter().all(|id| is_entry_id(id)) {
        return Err(BatchError::MalformedId);
    }
    for (at, id) in ids.iter().enumerate() {
        if ids[..at].contains(id) {
            return Err(BatchError::RepeatedId((*id).to_owned()));
        }
    }
    Ok(())
}

/// Checks the size of all messages of a batch together.
///
/// # Errors
/// [`BatchError::TooLarge`].
pub fn check_batch_bytes(bytes: usize) -> Result<(), BatchError> {
    if bytes > MAX_MESSAGE_BYTES { Err(BatchError::TooLarge { bytes }) } else { Ok(()) }
}

fn is_entry_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_ENTRY_ID_BYTES).contains(&id.len()) && id.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches() {
        let (longest, too_long) = ("i".repeat(80), "i".repeat(81));
        let cases: &[(&[&str], Result<(), BatchError>)] = &[
            (&["a"], Ok(())),
            (&["a", "B", "_-9", &longest], Ok(())),
            (&[], Err(BatchError::Empty)),
            (&["a"; 11], Err(BatchError::TooMany(11))),
            (&[""], Err(BatchError::MalformedId)),
            (&["a b"], Err(BatchError::MalformedId)),
            (&[&too_long], Err(BatchError::MalformedId)),
            (&["1", "2", "2", "1"], Err(BatchError::RepeatedId("2".to_owned()))),
        ];
        for (ids, expected) in cases {
            assert_eq!(check_batch(ids), *expected, "{ids:?}");
        }
    }
}
