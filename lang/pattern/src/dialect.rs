//! Who a pattern is for.

/// Where a pattern is used, which decides its limits and a few operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// A rule's pattern.
    EventBridge,
    /// A filter of an event source mapping. The caller gives the record as Lambda sees it, with `body` or
    /// `data` decoded if it is JSON.
    LambdaFilter,
    /// A subscription's filter policy for attributes; see [`sns::attributes`](crate::sns::attributes).
    SnsMessageAttributes,
    /// A subscription's filter policy for the body.
    SnsBody,
}

impl Dialect {
    /// The most bytes that a pattern may have.
    pub fn max_bytes(self) -> usize {
        match self {
            Dialect::EventBridge | Dialect::LambdaFilter => 4096,
            Dialect::SnsMessageAttributes | Dialect::SnsBody => 256 * 1024,
        }
    }

    pub(crate) fn is_sns(self) -> bool {
        matches!(self, Dialect::SnsMessageAttributes | Dialect::SnsBody)
    }
}
