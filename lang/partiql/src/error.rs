/// Why a text is no statement, in the service's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("Statement wasn't well formed, can't be processed: {}", .0.words())]
    Malformed(Fault),
    /// A table is given another name.
    #[error("Aliasing is not supported")]
    Alias,
    /// A table's name has more parts than a table and an index.
    #[error("A path may contain at most 2 components in the FROM clause")]
    LongTarget,
    /// A part of a table's name is empty.
    #[error("Path component cannot be an empty string")]
    EmptyName,
    /// A write names an index.
    #[error("This operation is not supported on an index")]
    IndexWrite,
    /// A deletion returns what it cannot.
    #[error("Invalid returning clause: {0}. Only RETURNING ALL OLD * is allowed in DELETE statements.")]
    Returning(String),
    /// Something of PartiQL that DynamoDB lacks.
    #[error("Unsupported clause: {0}")]
    Clause(&'static str),
    /// A star among attributes.
    #[error("Other attributes should not be present in the projection when '*' is used.")]
    StarAndOthers,
}

/// Why a text cannot be read. The service names the kind of fault, and never the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A character, literal or comment that is none.
    Unreadable,
    /// It is no statement that reads or changes data.
    NoStatement,
    /// Something follows what would have been a statement.
    Remainder,
    /// Something stands where a term should.
    Term,
    /// A keyword stands where a term should.
    Keyword,
    /// An operator stands where a term should.
    Operator,
    /// Nothing stands behind an operator.
    RightHand,
    /// A table's name is missing.
    Table,
    /// `IS` is followed by no type.
    TypeName,
    /// Something else than this is missing.
    Expected(&'static str),
}

impl Fault {
    fn words(self) -> &'static str {
        match self {
            Fault::Unreadable => "",
            Fault::NoStatement => "Expected data manipulation",
            Fault::Remainder => "Unexpected token after expression",
            Fault::Term => "Unexpected term",
            Fault::Keyword => "Unexpected keyword",
            Fault::Operator => "Unexpected operator",
            Fault::RightHand => "Missing right-hand side expression of infix operator",
            Fault::Table => "Expected identifier for simple path",
            Fault::TypeName => "Expected type name",
            Fault::Expected(words) => words,
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Malformed(fault)
    }
}
