//! Leased messages: lanes, delays, visibility, receive counts, deduplication.
