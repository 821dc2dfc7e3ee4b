//! Why an operation did not happen. `wire/errors.rs` gives each of these its AWS code and words.

use tidegate_effects::EffectError;
use tidegate_ports::{ObjectRefusal, RoleRefusal};
use tidegate_store::{CommitError, StoreError, TransactError};

use crate::domain::{BadZip, InvalidLayers, InvalidName};

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("there is no function {0}")]
    NoFunction(String),
    #[error("there is no alias {0}")]
    NoAlias(String),
    #[error("there is no {0}")]
    NoResource(String),
    #[error("{0}")]
    Missing(String),
    #[error(transparent)]
    Layers(#[from] InvalidLayers),
    #[error("{0} is not the name of a layer")]
    LayerName(String),
    #[error("{0} is not the ARN of a layer's version")]
    LayerArn(String),
    #[error("there is no layer version {0}")]
    NoLayerVersion(String),
    #[error("the layer version has no policy")]
    NoLayerPolicy,
    #[error("layer version {0} is another account's")]
    LayerDenied(String),
    #[error("there is no policy")]
    NoPolicy,
    #[error("there is no statement {0}")]
    NoStatement(String),
    #[error("{0} has no configuration for events")]
    NoInvokeConfig(String),
    #[error("nothing is kept ready of it")]
    NoProvisioned,
    #[error("there is no code signing configuration {0} for a function")]
    NoSigning(String),
    #[error("function {0} exists already")]
    FunctionExists(String),
    #[error("alias {0} exists already")]
    AliasExists(String),
    #[error("{0}")]
    Conflict(String),
    #[error("statement {0} exists already")]
    StatementExists(String),
    #[error("the revision is another")]
    OtherRevision { getter: &'static str },
    #[error("the zip file cannot be used: {0}")]
    Zip(#[source] BadZip),
    #[error("the code has {0} bytes unzipped")]
    Unzipped(u64),
    #[error("the zip file has more than {limit} bytes")]
    ZipTooLarge { limit: usize },
    #[error("the object cannot be read: {0}")]
    Object(#[source] ObjectRefusal),
    #[error("the role cannot be assumed: {0}")]
    Role(#[source] RoleRefusal),
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    InvalidContent(String),
    #[error("{0}")]
    Validation(String),
    #[error("the payload has {bytes} bytes, more than {limit}")]
    PayloadTooLarge { bytes: usize, limit: usize },
    #[error("too many invocations: {reason}")]
    Throttled { reason: &'static str },
    #[error("the chain of events goes round in circles")]
    Recursion,
    #[error("the function cannot be run: {0}")]
    CannotRun(String),
    #[error("Tidegate does not implement {0} yet")]
    NotImplemented(&'static str),
    #[error("the disk refused: {0}")]
    Disk(String),
    #[error(transparent)]
    Effect(#[from] EffectError),
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
