//! Why an operation did not happen. `wire/errors.rs` gives each of these its AWS code and words, for each API.

use tidegate_store::{CommitError, StoreError, TransactError};
use tidegate_types::Region;

use crate::ops::signing::WantedKey;

/// What may be missing or there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Thing {
    Identity,
    Policy,
    ConfigurationSet,
    TrackingOptions,
    Template,
    CustomTemplate,
    RuleSet,
    Rule,
    Filter,
    Suppressed,
    ContactList,
    Contact,
    Pool,
    Tenant,
    Resource,
}

/// What an event destination or a receipt action names wrongly: each has a code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Target {
    SnsDestination,
    CloudWatch,
    Firehose,
    SnsTopic,
    S3,
    Lambda,
    Tracking,
    Delivery,
}

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Constraint(String),
    #[error("not verified: {addresses:?}")]
    Unverified { addresses: Vec<String>, region: Region },
    #[error("{0} is not verified, from which a custom verification mail would come")]
    FromUnverified(String),
    #[error("{0}")]
    Rejected(String),
    #[error("{0} cannot be used: its MX record was not found")]
    MailFrom(String),
    #[error("there is no {0:?} {1}")]
    NoSuch(Thing, String),
    #[error("there is a {0:?} {1} already")]
    Exists(Thing, String),
    #[error("there is no event destination {name} in {set}")]
    NoDestination { set: String, name: String },
    #[error("there is an event destination {name} in {set} already")]
    DestinationExists { set: String, name: String },
    #[error("{0}")]
    Limit(String),
    #[error("{0}")]
    Throttled(&'static str),
    #[error("the account's sending is paused")]
    AccountPaused,
    #[error("sending with {0} is paused")]
    SetPaused(String),
    #[error("{0} is the active rule set")]
    Active(String),
    #[error("{0}")]
    Template(String),
    #[error("{0} is not among the data")]
    MissingAttribute(String),
    #[error("{0}")]
    RenderingData(String),
    #[error("{0}")]
    CustomContent(String),
    #[error("{0}")]
    PolicyDocument(String),
    #[error("{what}")]
    Target { target: Target, what: String },
    #[error("{0} is stored, which {1} cannot carry out")]
    NotServed(&'static str, &'static str),
    #[error("the domain {} has no key yet to sign with", .0.domain)]
    NoSigningKey(Box<WantedKey>),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Error {
    /// A parameter that cannot be taken.
    pub(crate) fn invalid(what: impl Into<String>) -> Error {
        Error::Invalid(what.into())
    }
}

impl From<TransactError<Error>> for Error {
    fn from(error: TransactError<Error>) -> Error {
        match error {
            TransactError::Refused(error) => error,
            TransactError::Commit(error) => error.into(),
        }
    }
}
