//! The project's own commands: codegen, tidy, test, bench, demo.
fn main() {}
