//! Why an operation did not happen. `wire/errors.rs` gives each of these its AWS code and words.

use crate::saml::Fault;
use tidegate_store::{CommitError, StoreError, TransactError};

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error("{0} is not the ARN of a role")]
    RoleArn(String),
    #[error("there is no role {role} that {caller} may assume")]
    NoRole { role: String, caller: String },
    #[error("a root assumes no roles")]
    Root,
    #[error("the session would be longer than the role allows")]
    TooLong,
    #[error("a session that was made by a session lasts an hour at most")]
    TooLongChained,
    #[error("the session's policy is malformed")]
    Policy,
    #[error("there is no policy {0}")]
    NoPolicy(String),
    #[error("there are more managed policies than a session may have")]
    TooManyPolicies,
    #[error("policies and tags are {0} % of what they may be")]
    Packed(usize),
    #[error("there are more tags than a session may have")]
    TooManyTags,
    #[error("the tag {0} has a key or a value that is too long")]
    TagLength(String),
    #[error("a tag key occurs twice")]
    DuplicateTag,
    #[error("the transitive key {0} is not among the tags")]
    TransitiveKey(String),
    #[error("{0} overrides a transitive tag")]
    TransitiveTag(String),
    #[error("nobody signed the request")]
    Unsigned,
    #[error("{0} cannot be called by a session")]
    BySession(&'static str),
    #[error("an MFA device without a code, or a code without a device")]
    HalfMfa,
    #[error("the caller has no such MFA device")]
    NoMfaDevice,
    #[error("the code is not one of the device's")]
    MfaCode,
    #[error("there is no access key {0}")]
    NoKey(String),
    #[error("the token is not one")]
    NoToken,
    #[error("there is no provider for {0}")]
    NoProvider(String),
    #[error("the token is for another audience")]
    Audience,
    #[error("the token ended at {end}, it is {now}")]
    TokenExpired { now: String, end: String },
    #[error("the token says nothing of its {0}")]
    NoClaim(&'static str),
    #[error("the token is not good yet")]
    TokenTooEarly,
    #[error("the provider cannot be reached")]
    IdpUnreachable,
    #[error("the key of the token's signature is not known")]
    Unverifiable,
    #[error("the token's signature is not the provider's")]
    BadSignature,
    #[error("the role's trust policy does not allow it")]
    Untrusted,
    #[error("there is no such SAML provider")]
    NoSamlProvider,
    #[error("the SAML provider's metadata cannot be used: {0}")]
    SamlMetadata(Fault),
    #[error("the SAML response is not believed: {0}")]
    Saml(Fault),
    #[error("the SAML response does not let its subject have the role")]
    UntrustedSaml,
    #[error("the SAML response names no session")]
    NoSamlSessionName,
    #[error("the SAML response's name of the session is none")]
    SamlSessionName,
    #[error("the SAML response's source identity is none")]
    SamlSourceIdentity,
    #[error("the SAML response's session is too short or too long")]
    SamlDuration,
    #[error("the message is none of ours")]
    Message,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl From<TransactError<Error>> for Error {
    fn from(error: TransactError<Error>) -> Error {
        match error {
            TransactError::Refused(error) => error,
            TransactError::Commit(error) => error.into(),
        }
    }
}
