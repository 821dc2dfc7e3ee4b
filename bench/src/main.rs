//! Ratios against a floor and a ceiling, measured in one run.
fn main() {}
