//! Posts a delivery to its target inside the sender's transaction.
