//! What is wrong with a query, and where.

/// Why a query was refused: AWS's `MalformedQueryException` with its `queryCompileError`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Malformed {
    /// In AWS's words where they are known.
    pub message: String,
    /// Where the fault begins, in characters.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl Malformed {
    /// A symbol that cannot stand where it stands. Lines count from one and positions from zero, as AWS's do.
    pub(crate) fn unexpected(text: &str, start: usize, end: usize) -> Malformed {
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let position = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
        let symbol = if start == end { "<EOF>" } else { &text[start..end] };
        let message = format!("unexpected symbol found {symbol} at line {line} and position {position}");
        Malformed::at(message, text, start, end)
    }

    /// Any other fault between two byte positions.
    pub(crate) fn at(message: impl Into<String>, text: &str, start: usize, end: usize) -> Malformed {
        let start_chars = text[..start].chars().count();
        Malformed { message: message.into(), start: start_chars, end: start_chars + text[start..end].chars().count() }
    }
}
