use tidegate_protocol::Coverage;

/// How completely each operation is served.
pub const COVERAGE: &[(&str, Coverage)] = &[];
