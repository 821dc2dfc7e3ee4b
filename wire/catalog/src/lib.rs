//! Every service and operation that Tidegate knows by name: generated tables.
