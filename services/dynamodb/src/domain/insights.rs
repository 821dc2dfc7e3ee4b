use tidegate_types::Timestamp;

/// Whether it is counted which keys of a table, or of a global index, are asked for most. It is kept and shown, without
/// effect: the counts are CloudWatch's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Insights {
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether only what is throttled is counted.
    pub throttled_only: bool,
    /// When that was last changed.
    pub since: Timestamp,
}
