//! Ordered records with cursors and trimming.
