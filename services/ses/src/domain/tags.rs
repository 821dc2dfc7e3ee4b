//! Tags of things.

use std::collections::BTreeMap;

/// Tags by their keys.
pub type Tags = BTreeMap<String, String>;
