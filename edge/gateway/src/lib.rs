//! One port: finds the service, authenticates, bounds, answers.
