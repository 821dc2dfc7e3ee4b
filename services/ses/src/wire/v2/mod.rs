//! Version 2 of the API, over REST and JSON.

mod routes;

pub(crate) use routes::router;
