//! AWS's codes and words for everything that can go wrong. No other file knows the codes.
//!
//! Where the words come from: recordings of the real service in public test suites; where there was none, the
//! service's documentation.

use tidegate_api_lambda::errors;
use tidegate_effects::EffectError;
use tidegate_ports::ObjectRefusal;
use tidegate_protocol::errors::{ACCESS_DENIED, VALIDATION};
use tidegate_protocol::{ErrorShape, Fault, ServiceError};
use tidegate_store::{CommitError, StoreError};
use tidegate_types::ErrorKind;

use crate::domain::{BadZip, InvalidLayers, InvalidName, MAX_ASYNC_PAYLOAD, MAX_LAYERS, MAX_UNZIPPED_BYTES};
use crate::error::Error;

const NO_SUCH: &str = "The resource you requested does not exist.";

/// What is answered to whatever is too large. The model names it otherwise: RequestTooLargeException.
pub(super) const TOO_LARGE: ErrorShape = ErrorShape::new("RequestEntityTooLargeException", 413, Fault::Sender);

impl From<Error> for ServiceError {
    fn from(error: Error) -> ServiceError {
        match error {
            Error::Name(error) => name(error),
            Error::NoFunction(arn) => not_found(format!("Function not found: {arn}")),
            Error::NoAlias(arn) => not_found(format!("Cannot find alias arn: {arn}")),
            Error::NoResource(_) | Error::NoPolicy => not_found(NO_SUCH),
            Error::Missing(words) => not_found(words),
            Error::Layers(error) => layers(error),
            Error::LayerName(text) => new(
                VALIDATION,
                format!(
                    "1 validation error detected: Value '{text}' at 'layerName' failed to satisfy constraint: Member \
                     must satisfy regular expression pattern: \
                     (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{{12}}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+"
                ),
            ),
            Error::LayerArn(text) => new(
                VALIDATION,
                format!(
                    "1 validation error detected: Value '{text}' at 'arn' failed to satisfy constraint: Member must \
                     satisfy regular expression pattern: {LAYER_VERSION_ARN}"
                ),
            ),
            Error::NoLayerVersion(arn) => not_found(format!("Layer version {arn} does not exist.")),
            Error::NoLayerPolicy => not_found("No policy is associated with the given resource."),
            Error::Object(refusal) => of_object(refusal),
            Error::LayerDenied(arn) => new(
                ACCESS_DENIED,
                format!(
                    "You are not authorized to perform: lambda:GetLayerVersion on resource: {arn} because no \
                     resource-based policy allows the lambda:GetLayerVersion action"
                ),
            ),
            Error::NoStatement(sid) => not_found(format!("Statement {sid} is not found in resource policy.")),
            Error::NoInvokeConfig(arn) => not_found(format!("The function {arn} doesn't have an EventInvokeConfig")),
            Error::NoProvisioned => new(
                errors::PROVISIONED_CONCURRENCY_CONFIG_NOT_FOUND_EXCEPTION,
                "No Provisioned Concurrency Config found for this function",
            ),
            Error::NoSigning(arn) => new(
                errors::CODE_SIGNING_CONFIG_NOT_FOUND_EXCEPTION,
                format!(
                    "The code signing configuration cannot be found. Check that the provided configuration is not \
                     deleted: {arn}."
                ),
            ),
            Error::FunctionExists(name) => conflict(format!("Function already exist: {name}")),
            Error::AliasExists(arn) => conflict(format!("Alias already exists: {arn}")),
            Error::Conflict(words) => conflict(words),
            Error::StatementExists(sid) => conflict(format!(
                "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the \
                 existing statement."
            )),
            Error::OtherRevision { getter } => new(
                errors::PRECONDITION_FAILED_EXCEPTION,
                format!(
                    "The Revision Id provided does not match the latest Revision Id. Call the {getter} API to \
                     retrieve the latest Revision Id"
                ),
            ),
            Error::Zip(BadZip::Disk(error)) => ServiceError::unavailable(error.to_string()),
            Error::Zip(BadZip::TooLarge(_)) => invalid(too_large_unzipped()),
            Error::Zip(error @ (BadZip::Unreadable(_) | BadZip::LeadsOut(_))) => {
                let words = "Could not unzip uploaded file. Please check your file, then try to upload again.";
                invalid(words).with_detail(error.to_string())
            }
            Error::Unzipped(_) => invalid(too_large_unzipped()),
            Error::ZipTooLarge { limit } => new(TOO_LARGE, format!("Zipped size must be smaller than {limit} bytes")),
            Error::Role(refusal) => invalid("The role defined for the function cannot be assumed by Lambda.")
                .with_detail(refusal.to_string()),
            Error::Invalid(words) => invalid(words),
            Error::InvalidContent(words) => new(errors::INVALID_REQUEST_CONTENT_EXCEPTION, words),
            Error::Validation(words) => new(VALIDATION, words),
            Error::PayloadTooLarge { bytes, limit } => {
                let kind = if limit == MAX_ASYNC_PAYLOAD { "Event" } else { "RequestResponse" };
                let words =
                    format!("{bytes} byte payload is too large for the {kind} invocation type (limit {limit} bytes)");
                new(TOO_LARGE, words)
            }
            Error::Throttled { reason } => {
                new(errors::TOO_MANY_REQUESTS_EXCEPTION, "Rate Exceeded.").with_field("Reason", reason)
            }
            Error::Recursion => new(
                errors::RECURSIVE_INVOCATION_EXCEPTION,
                "Lambda detected the function being invoked in a recursive loop with other AWS resources and stopped \
                 the invocation.",
            ),
            Error::CannotRun(words) => new(errors::SERVICE_EXCEPTION, words).with_kind(ErrorKind::Unavailable),
            Error::NotImplemented(what) => ServiceError::not_implemented("lambda", what),
            Error::Disk(detail) => ServiceError::unavailable(detail),
            Error::Effect(EffectError::Commit(error)) => commit(error),
            Error::Effect(EffectError::Store(error)) => store(&error),
            Error::Effect(EffectError::Queue(error)) => ServiceError::unavailable(error.to_string()),
            Error::Store(error) => store(&error),
            Error::Commit(error) => commit(error),
        }
    }
}

fn too_large_unzipped() -> String {
    format!("Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes")
}

fn name(error: InvalidName) -> ServiceError {
    match error {
        InvalidName::Malformed(text) => new(
            VALIDATION,
            format!(
                "1 validation error detected: Value '{text}' at 'functionName' failed to satisfy constraint: Member \
                 must satisfy regular expression pattern: \
                 (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{{2}}(-gov)?-[a-z]+-\\d{{1}}:)?(\\d{{12}}:)?(function:)?\
                 ([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"
            ),
        ),
        InvalidName::TwoQualifiers => {
            invalid("The derived qualifier from the function name does not match the specified qualifier.")
        }
        InvalidName::TooLong(text) => invalid(format!(
            "1 validation error detected: Value '{text}' at 'functionName' failed to satisfy constraint: Member must have \
             length less than or equal to 64"
        )),
        InvalidName::OtherRegion { own, here } => not_found(format!(
            "Functions from '{}' are not reachable in this region ('{}')",
            own.as_str(),
            here.as_str()
        )),
    }
}

const LAYER_VERSION_ARN: &str = "(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|\
                                 (arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)";

fn layers(error: InvalidLayers) -> ServiceError {
    match error {
        InvalidLayers::Malformed(texts) => new(
            VALIDATION,
            format!(
                "1 validation error detected: Value '[{texts}]' at 'layers' failed to satisfy constraint: Member must \
                 satisfy constraint: [Member must have length less than or equal to 2048, Member must have length \
                 greater than or equal to 1, Member must satisfy regular expression pattern: {LAYER_VERSION_ARN}, \
                 Member must not be null]"
            ),
        ),
        InvalidLayers::TooMany => invalid(format!("Cannot reference more than {MAX_LAYERS} layers.")),
        InvalidLayers::OtherRegion(region) => invalid(format!(
            "Layers are not in the same region as the function. Layers are expected to be in region {}.",
            region.as_str()
        )),
        InvalidLayers::SameLayer(one, other) => invalid(format!(
            "Two different versions of the same layer are not allowed to be referenced in the same function. {one} \
             and {other}."
        )),
    }
}

fn new(shape: ErrorShape, message: impl Into<String>) -> ServiceError {
    ServiceError::new(shape, message)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    new(errors::INVALID_PARAMETER_VALUE_EXCEPTION, message)
}

fn not_found(message: impl Into<String>) -> ServiceError {
    new(errors::RESOURCE_NOT_FOUND_EXCEPTION, message)
}

fn conflict(message: impl Into<String>) -> ServiceError {
    new(errors::RESOURCE_CONFLICT_EXCEPTION, message)
}

fn commit(error: CommitError) -> ServiceError {
    match error {
        CommitError::Store(error) => store(&error),
        CommitError::Conflict { .. } => ServiceError::unavailable(error.to_string()),
        CommitError::TooLarge { .. } => ServiceError::internal(error.to_string()),
    }
}

fn store(error: &StoreError) -> ServiceError {
    match error {
        StoreError::Unavailable { .. } | StoreError::Engine(_) => ServiceError::unavailable(error.to_string()),
        StoreError::Corrupt { .. } => ServiceError::internal(error.to_string()).with_kind(ErrorKind::Corrupt),
    }
}

/// AWS says what S3 said to it.
fn of_object(refusal: ObjectRefusal) -> ServiceError {
    let said = |code: &str, refusal: &ObjectRefusal| {
        let words = format!("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {refusal}");
        new(errors::INVALID_PARAMETER_VALUE_EXCEPTION, words)
    };
    match &refusal {
        ObjectRefusal::NoSuchBucket => said("NoSuchBucket", &refusal),
        ObjectRefusal::NoSuchKey => said("NoSuchKey", &refusal),
        ObjectRefusal::NoSuchVersion => said("NoSuchVersion", &refusal),
        ObjectRefusal::TooLarge { .. } => said("EntityTooLarge", &refusal),
        ObjectRefusal::Denied => new(
            ACCESS_DENIED,
            "Your access has been denied by S3, please make sure your request credentials have permission to \
             GetObject for the bucket and key. S3 Error Code: AccessDenied. S3 Error Message: Access Denied",
        ),
        ObjectRefusal::Unavailable(_) => said("ServiceUnavailable", &refusal),
    }
}
