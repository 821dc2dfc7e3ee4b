//! Identity and Access Management.
