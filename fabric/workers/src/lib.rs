//! Supervised reconcilers: they run on a hint and on a timer.
