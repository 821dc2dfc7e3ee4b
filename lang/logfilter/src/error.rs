//! What is wrong with a pattern, in AWS's words.

/// Why a pattern was refused. All of them are `InvalidParameterException` on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A term has a character that must be quoted, or a condition has a value that its operator cannot take.
    #[error("Invalid character(s) in term '{0}'")]
    Term(String),
    /// `{` without `}`.
    #[error("If a filter pattern starts with '{{' it must end with '}}'")]
    OpenJson,
    /// `[` without `]`.
    #[error("If a filter pattern starts with '[' it must end with ']'")]
    OpenFields,
    /// More than [`crate::MAX_REGEXES`] regular expressions.
    #[error("Filter pattern cannot contain more than 2 regular expressions")]
    TooManyRegexes,
    /// More wildcards than a selector, or all selectors together, may have.
    #[error("Filter pattern contains too many wildcard selectors")]
    TooManyWildcards,
    /// Longer than [`crate::MAX_PATTERN_CHARS`]. The API's own constraint refuses it before.
    #[error("Filter pattern is too long")]
    TooLong,
    /// Anything else that does not fit the grammar. AWS gives no detail.
    #[error("Invalid filter pattern")]
    Syntax,
}

/// Which operation the pattern was given to: their messages differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `PutMetricFilter` and `TestMetricFilter`.
    MetricFilter,
    /// `PutSubscriptionFilter`.
    SubscriptionFilter,
    /// `FilterLogEvents`.
    FilterLogEvents,
    /// `StartLiveTail`.
    LiveTail,
}

impl Error {
    /// The message of the `InvalidParameterException`.
    pub fn message(&self, place: Place) -> String {
        match (place, self) {
            (Place::MetricFilter, Error::Syntax) => "Invalid metric filter pattern".into(),
            (Place::SubscriptionFilter | Place::FilterLogEvents | Place::LiveTail, Error::Syntax) => self.to_string(),
            (Place::LiveTail, error) => format!("Invalid filter pattern: {error}"),
            (Place::MetricFilter | Place::SubscriptionFilter | Place::FilterLogEvents, error) => error.to_string(),
        }
    }
}
