//! How completely each operation is served: plain data, from which `docs/coverage.md` is generated.
//!
//! It must name nothing but [`Coverage`]: `cargo xtask codegen` compiles this file into itself.

use tidegate_protocol::Coverage;

/// By operation. One that is not listed is not implemented.
pub const COVERAGE: &[(&str, Coverage)] = &[];
