/// What a request asks for that cannot be, in the words in which DynamoDB's clients know it.
///
/// The texts stand here, beside the rule that is broken, and not in `wire/`: expression errors quote
/// the expression, and one code (`ValidationException`) covers them all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(String);

impl Misuse {
    /// A misuse in these words.
    pub fn new(words: impl Into<String>) -> Misuse {
        Misuse(words.into())
    }

    /// A misuse of a parameter's value.
    pub fn parameter(words: impl AsRef<str>) -> Misuse {
        Misuse(format!("One or more parameter values were invalid: {}", words.as_ref()))
    }
}
