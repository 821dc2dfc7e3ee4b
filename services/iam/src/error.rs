//! Why an operation did not happen. `wire/errors.rs` gives each of these its AWS code and words.

use std::sync::Arc;

use tidegate_store::{CommitError, StoreError, TransactError};
use tidegate_types::AccountId;

use crate::domain::{PolicyFault, TagFault, Thing};

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error("there is no {0:?} {1}")]
    NoSuch(Thing, String),
    #[error(
        "the stored record of {thing:?} {name} cannot be read ({what}); nothing else is affected; restore a backup of \
         the data folder"
    )]
    Unreadable { thing: Thing, name: String, what: Arc<str> },
    #[error("there is a {0:?} {1}")]
    Exists(Thing, String),
    #[error("version {version} of {arn} does not exist")]
    NoSuchVersion { arn: String, version: String },
    #[error("it still has {0:?}")]
    StillHas(Holding),
    #[error("there may be at most {limit} {quota}")]
    Quota { quota: &'static str, limit: usize },
    #[error("inline policies of {owner} are larger than {limit}")]
    InlineSize { owner: String, limit: usize },
    #[error("a policy has as many versions as it may have")]
    TooManyVersions,
    #[error("the default version cannot be deleted")]
    DefaultVersion,
    #[error(transparent)]
    Document(#[from] PolicyFault),
    #[error(transparent)]
    Tag(#[from] TagFault),
    #[error("{0} is not an ARN of this kind")]
    Arn(String),
    #[error("{0}")]
    Value(ValueFault),
    #[error("the caller is no user")]
    NoUser,
    #[error("role {0} belongs to a service")]
    ServiceLinked(String),
    #[error("a new password breaks the policy")]
    Password,
    #[error("the old password is another one")]
    OldPassword,
    #[error("there is no credential report")]
    NoReport,
    #[error("the credential report is too old")]
    ReportExpired,
    #[error("these are not two codes in a row of device {0}")]
    AuthenticationCode(String),
    #[error("the certificate cannot be read")]
    Certificate,
    #[error("the certificate is there already")]
    DuplicateCertificate,
    #[error("the public key cannot be read")]
    PublicKey,
    #[error("the public key {0} is there already")]
    DuplicateSshKey(String),
    #[error("public keys are not shown as {0}")]
    KeyEncoding(String),
    #[error("{0} has no credentials of its own")]
    NoServiceCredentials(String),
    #[error("a provider has fewer than {0} thumbprints")]
    Thumbprints(usize),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What keeps an entity from being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Holding {
    AttachedPolicies,
    InlinePolicies,
    AccessKeys,
    MfaDevices,
    SigningCertificates,
    SshKeys,
    ServiceCredentials,
    AssignedDevice,
    LoginProfile,
    Groups,
    Users,
    InstanceProfiles,
    Roles,
    Attachments,
    Versions,
}

/// A parameter's value is not what it can be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ValueFault {
    #[error("a path begins and ends with a slash")]
    Path(&'static str),
    #[error("the marker continues no listing")]
    Marker,
    #[error("{0} is not a service that roles are linked to")]
    LinkedService(String),
    #[error("{0} is not a URL of a provider")]
    Url(String),
    #[error("{0} is no metadata document")]
    Metadata(&'static str),
    #[error("{0} is no managed policy's ARN for a boundary")]
    Boundary(String),
    #[error("the policy's source is no user, group or role")]
    PolicySource(String),
    #[error("simulated policy {0} is malformed")]
    Simulated(String),
    #[error("account {owner} is not the caller's")]
    ForeignSource { caller: AccountId, owner: AccountId },
    #[error("{0} is no user in whose name requests can be simulated")]
    Caller(String),
    #[error("{0} names no account")]
    ResourceOwner(String),
    #[error("{0} is no action")]
    Action(String),
    #[error("there are more than {0} resources")]
    TooManyResources(usize),
    #[error("there is more than one boundary")]
    Boundaries,
    #[error("a resource's policy needs a caller")]
    NoCaller,
}

impl From<TransactError<Error>> for Error {
    fn from(error: TransactError<Error>) -> Error {
        match error {
            TransactError::Refused(error) => error,
            TransactError::Commit(error) => error.into(),
        }
    }
}
