//! Schemas, codecs, constraint checks and error envelopes of the AWS protocols.
