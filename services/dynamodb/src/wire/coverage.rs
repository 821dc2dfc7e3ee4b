use tidegate_protocol::Coverage;

/// How completely each operation is served.
pub const COVERAGE: &[(&str, Coverage)] = &[];

/// The same for the streams of tables, which are an API of their own.
pub const STREAMS_COVERAGE: &[(&str, Coverage)] = &[];
