//! How large requests may be.

use tidegate_protocol::ServiceError;

use super::errors::TOO_LARGE;

/// A request with code in it: 50 MB of zip file in base64, and the rest.
const CODE_REQUEST_BYTES: usize = 70_167_211;
/// An event that somebody waits for.
const EVENT_BYTES: usize = 6_291_456;

/// The most bytes of an operation's request.
pub(crate) fn body_limit(operation: &str) -> Option<usize> {
    match operation {
        "CreateFunction" | "UpdateFunctionCode" | "PublishLayerVersion" => Some(CODE_REQUEST_BYTES),
        "Invoke" | "InvokeAsync" | "InvokeWithResponseStream" => Some(EVENT_BYTES),
        _ => None,
    }
}

/// What is said to a larger one.
pub(crate) fn too_large(operation: &str, limit: usize) -> ServiceError {
    let operation = if operation == "Invoke" { "InvokeFunction" } else { operation };
    let message = format!("Request must be smaller than {limit} bytes for the {operation} operation");
    ServiceError::new(TOO_LARGE, message)
}
