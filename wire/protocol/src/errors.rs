//! Errors that belong to the protocols and to AWS's common front end, not to one service's model.
//!
//! Codes, namespaces and statuses are those that AWS has been seen to answer over JSON and query;
//! SQS, which speaks both, shows how they correspond.

use crate::model::{ErrorShape, Fault};

const CORAL: &str = "com.amazon.coral.service";
const CORAL_VALIDATE: &str = "com.amazon.coral.validate";

const fn sender(code: &'static str, status: u16) -> ErrorShape {
    ErrorShape::new(code, status, Fault::Sender).namespaced(CORAL)
}

const fn receiver(code: &'static str, status: u16) -> ErrorShape {
    ErrorShape::new(code, status, Fault::Receiver).namespaced(CORAL)
}

/// The body cannot be read.
pub const SERIALIZATION: ErrorShape = sender("SerializationException", 400).query("MalformedInput").capital_message();
/// The body is no XML, or none that the API knows.
pub const MALFORMED_XML: ErrorShape = sender("MalformedXML", 400);
/// A query parameter cannot be read as its type.
pub const MALFORMED_INPUT: ErrorShape = sender("MalformedInput", 400);
/// The input breaks the model's constraints.
pub const VALIDATION: ErrorShape =
    ErrorShape::new("ValidationException", 400, Fault::Sender).query("ValidationError").namespaced(CORAL_VALIDATE);
/// A required parameter is absent.
pub const MISSING_PARAMETER: ErrorShape = sender("MissingRequiredParameterException", 400).query("MissingParameter");
/// A parameter's value is out of its range or of the wrong form.
pub const INVALID_PARAMETER_VALUE: ErrorShape =
    sender("InvalidParameterValueException", 400).query("InvalidParameterValue");
/// The service has no such operation.
pub const UNKNOWN_OPERATION: ErrorShape = sender("UnknownOperationException", 400).query("InvalidAction");
/// A query request names no action.
pub const MISSING_ACTION: ErrorShape = sender("MissingAction", 400);
/// A real operation that Tidegate does not serve yet. No AWS service answers this code.
pub const NOT_IMPLEMENTED: ErrorShape = receiver("NotImplemented", 501);
/// The caller may not do this.
pub const ACCESS_DENIED: ErrorShape = sender("AccessDeniedException", 403).query("AccessDenied").capital_message();
/// The request carries no credentials.
pub const MISSING_AUTHENTICATION_TOKEN: ErrorShape =
    sender("MissingAuthenticationTokenException", 403).query("MissingAuthenticationToken");
/// The signature is not complete.
pub const INCOMPLETE_SIGNATURE: ErrorShape = sender("IncompleteSignatureException", 403).query("IncompleteSignature");
/// The signature is wrong or out of time.
pub const INVALID_SIGNATURE: ErrorShape = sender("InvalidSignatureException", 403).query("SignatureDoesNotMatch");
/// The access key does not exist.
pub const UNRECOGNIZED_CLIENT: ErrorShape = sender("UnrecognizedClientException", 403).query("InvalidClientTokenId");
/// The session's token has expired.
pub const EXPIRED_TOKEN: ErrorShape = sender("ExpiredTokenException", 403).query("ExpiredToken");
/// The presigned request has expired.
pub const REQUEST_EXPIRED: ErrorShape = sender("RequestExpired", 400);
/// Too many requests.
pub const THROTTLING: ErrorShape = sender("ThrottlingException", 400).query("Throttling");
/// The request's body is larger than any request may be.
pub const REQUEST_TOO_LARGE: ErrorShape = sender("RequestEntityTooLarge", 413);
/// The server cannot serve this now.
pub const SERVICE_UNAVAILABLE: ErrorShape = receiver("ServiceUnavailableException", 503).query("ServiceUnavailable");
/// The server failed.
pub const INTERNAL_FAILURE: ErrorShape = receiver("InternalFailure", 500);
