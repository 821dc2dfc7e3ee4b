use tidegate_types::ErrorKind;

/// Why stored bytes are not a key or a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A later release wrote the record.
    #[error(
        "a {record} record has version {found}, but this release reads at most {known}: run the release that wrote it"
    )]
    Newer {
        /// The record's name.
        record: &'static str,
        /// The version in the bytes.
        found: u8,
        /// The newest version this release reads.
        known: u8,
    },
    /// No release wrote this version.
    #[error("a {record} record has version {found}, which never existed")]
    UnknownVersion {
        /// The record's name.
        record: &'static str,
        /// The version in the bytes.
        found: u8,
    },
    /// The bytes do not follow the layout.
    #[error("malformed at byte {at}: {what}")]
    Malformed {
        /// Where in the key or record.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
}

impl DecodeError {
    /// What the error means to its caller: damage, except that a newer record only needs its release.
    pub fn kind(&self) -> ErrorKind {
        match self {
            DecodeError::Newer { .. } => ErrorKind::Unavailable,
            DecodeError::UnknownVersion { .. } | DecodeError::Malformed { .. } => ErrorKind::Corrupt,
        }
    }
}
