//! What is done, whichever API asked for it.

pub(crate) mod configuration_sets;
pub(crate) mod feedback;
pub(crate) mod identities;
pub(crate) mod letters;
pub(crate) mod outcomes;
pub(crate) mod receipt;
pub(crate) mod returned;
pub(crate) mod sending;
pub(crate) mod signing;
pub(crate) mod statistics;
pub(crate) mod templates;
pub(crate) mod tracking;
