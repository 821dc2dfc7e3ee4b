//! AWS's codes and words for everything that can go wrong. No other file knows them.

use tidegate_api_sts::errors;
use tidegate_protocol::errors::{MISSING_AUTHENTICATION_TOKEN, VALIDATION};
use tidegate_protocol::{ErrorShape, Fault, ServiceError};
use tidegate_store::{CommitError, StoreError};
use tidegate_types::ErrorKind;

use crate::error::Error;
use crate::saml;

const DENIED: ErrorShape = ErrorShape::new("AccessDenied", 403, Fault::Sender);
const INVALID: ErrorShape = ErrorShape::new("InvalidParameterValue", 400, Fault::Sender);

fn new(shape: ErrorShape, message: impl Into<String>) -> ServiceError {
    ServiceError::new(shape, message)
}

impl From<Error> for ServiceError {
    fn from(error: Error) -> ServiceError {
        match error {
            Error::RoleArn(arn) => new(VALIDATION, format!("{arn} is invalid")),
            Error::NoRole { role, caller } => {
                let text = format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}");
                new(DENIED, text)
            }
            Error::Root => new(DENIED, "Roles may not be assumed by root accounts."),
            Error::TooLong => {
                let text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
                new(VALIDATION, text)
            }
            Error::TooLongChained => {
                let text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
                            chaining";
                new(VALIDATION, text)
            }
            Error::Policy => {
                new(errors::MALFORMED_POLICY_DOCUMENT_EXCEPTION, "The policy is not in the valid JSON format.")
            }
            Error::NoPolicy(arn) => new(
                errors::MALFORMED_POLICY_DOCUMENT_EXCEPTION,
                format!("Policy {arn} does not exist or is not attachable."),
            ),
            Error::TooManyPolicies => {
                let text = "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must \
                            have length less than or equal to 10";
                new(VALIDATION, text)
            }
            Error::Packed(percent) => {
                let text = format!("Packed size of session tags and policies consumes {percent}% of allotted space.");
                new(errors::PACKED_POLICY_TOO_LARGE_EXCEPTION, text)
            }
            Error::TooManyTags => {
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, "A session can have at most 50 session tags")
            }
            Error::TagLength(_) => {
                let text = "Session tag keys must have between 1 and 128 characters, and values at most 256";
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, text)
            }
            Error::DuplicateTag => {
                let text = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
                new(INVALID, text)
            }
            Error::TransitiveKey(key) => {
                new(INVALID, format!("The specified transitive tag key must be included in the requested tags: {key}"))
            }
            Error::TransitiveTag(_) => {
                let text = "One of the specified transitive tag keys can't be set because it conflicts with a \
                            transitive tag key from the calling session.";
                new(INVALID, text)
            }
            Error::Unsigned => new(MISSING_AUTHENTICATION_TOKEN, "Request is missing Authentication Token"),
            Error::BySession(operation) => new(DENIED, format!("Cannot call {operation} with session credentials")),
            Error::HalfMfa => {
                let text =
                    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";
                new(DENIED, text)
            }
            Error::NoMfaDevice => {
                let text = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA \
                            serial number is valid and associated with this user.";
                new(DENIED, text)
            }
            Error::MfaCode => new(DENIED, "MultiFactorAuthentication failed with invalid MFA one time pass code."),
            Error::NoKey(_) => new(VALIDATION, "Invalid Access Key ID."),
            Error::NoToken => {
                let text =
                    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, text)
            }
            Error::NoProvider(issuer) => {
                let text = format!("No OpenIDConnect provider found in your account for {issuer}");
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, text)
            }
            Error::Audience => new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, "Incorrect token audience"),
            Error::TokenExpired { now, end } => {
                let text =
                    format!("Token expired: current date/time {now} must be before the expiration date/time {end}");
                new(errors::EXPIRED_TOKEN_EXCEPTION, text)
            }
            Error::NoClaim(claim) => {
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, format!("Missing a required claim: {claim}"))
            }
            Error::TokenTooEarly => new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, "The token is not valid yet."),
            Error::IdpUnreachable => {
                let text = "The identity provider that was asked to verify the incoming identity token could not be \
                            reached.";
                new(errors::IDP_COMMUNICATION_ERROR_EXCEPTION, text)
            }
            Error::BadSignature => {
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, "The signature of the token is not valid.")
            }
            Error::Unverifiable => {
                let text = "Couldn't retrieve verification key from your identity provider,  please reference \
                            AssumeRoleWithWebIdentity documentation for requirements";
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, text)
            }
            Error::Untrusted => new(DENIED, "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
            Error::NoSamlProvider => new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, "Specified provider doesn't exist"),
            Error::SamlMetadata(_) => new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, "Could not parse metadata"),
            Error::Saml(fault) => unbelieved(fault),
            Error::UntrustedSaml => new(DENIED, "Not authorized to perform sts:AssumeRoleWithSAML"),
            Error::NoSamlSessionName => {
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, "RoleSessionName is required in AuthnResponse")
            }
            Error::SamlSessionName => {
                let text = "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}";
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, text)
            }
            Error::SamlSourceIdentity => {
                let text = "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"";
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, text)
            }
            Error::SamlDuration => {
                let text = "SessionDuration in AuthnResponse must be between 900 and 43200 seconds";
                new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, text)
            }
            Error::Message => new(errors::INVALID_AUTHORIZATION_MESSAGE_EXCEPTION, "Message is not valid."),
            Error::Store(error) => store(&error),
            Error::Commit(CommitError::Store(error)) => store(&error),
            Error::Commit(error @ CommitError::Conflict { .. }) => ServiceError::unavailable(error.to_string()),
            Error::Commit(error @ CommitError::TooLarge { .. }) => ServiceError::internal(error.to_string()),
        }
    }
}

fn unbelieved(fault: saml::Fault) -> ServiceError {
    let invalid = |text: &str| new(errors::INVALID_IDENTITY_TOKEN_EXCEPTION, text);
    match fault {
        saml::Fault::Malformed(_) => invalid("Your request included an invalid SAML response."),
        saml::Fault::Signature(_) => invalid("Response signature invalid"),
        saml::Fault::Issuer => invalid("Issuer not present in specified provider"),
        saml::Fault::Audience => invalid("Response does not contain the required audience."),
        saml::Fault::Expired => {
            new(errors::EXPIRED_TOKEN_EXCEPTION, "Token must be redeemed within 5 minutes of issuance")
        }
    }
}

fn store(error: &StoreError) -> ServiceError {
    match error {
        StoreError::Unavailable { .. } | StoreError::Engine(_) => ServiceError::unavailable(error.to_string()),
        StoreError::Corrupt { .. } => ServiceError::internal(error.to_string()).with_kind(ErrorKind::Corrupt),
    }
}
