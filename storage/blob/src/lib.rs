//! Bodies too large for a commit, in files.
