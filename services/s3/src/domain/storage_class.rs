//! What objects are stored as. Here it is a word that decides whether they can be read at once.

/// The storage classes.
#[derive(Debug)]
pub struct StorageClass;

impl StorageClass {
    /// What an object is stored as that nobody said more about.
    pub const STANDARD: &str = "STANDARD";

    /// Whether an object may be written as this.
    pub fn can_be_written(name: &str) -> bool {
        matches!(
            name,
            "STANDARD"
                | "REDUCED_REDUNDANCY"
                | "STANDARD_IA"
                | "ONEZONE_IA"
                | "INTELLIGENT_TIERING"
                | "GLACIER"
                | "DEEP_ARCHIVE"
                | "GLACIER_IR"
        )
    }

    /// Whether an object must be restored before it can be read.
    pub fn is_archive(name: &str) -> bool {
        matches!(name, "GLACIER" | "DEEP_ARCHIVE")
    }
}
