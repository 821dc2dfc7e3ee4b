/// What an error means for whoever meets it: it drives the HTTP status, whether a caller should
/// try again, and the label under which it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request cannot be carried out as it stands; repeating it changes nothing.
    Invalid,
    /// What the request names does not exist.
    NotFound,
    /// Another writer was there first; the same request may succeed when repeated.
    Conflict,
    /// The caller may not do this.
    Denied,
    /// Too much at once; the same request will succeed later.
    Throttled,
    /// The server cannot serve this now: it is starting, stopping, out of disk, or recovering.
    Unavailable,
    /// Stored bytes are not what was written.
    Corrupt,
    /// The server contradicts itself. Never the caller's fault.
    Bug,
}

impl ErrorKind {
    /// The label in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::Invalid => "invalid",
            ErrorKind::NotFound => "not_found",
            ErrorKind::Conflict => "conflict",
            ErrorKind::Denied => "denied",
            ErrorKind::Throttled => "throttled",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Corrupt => "corrupt",
            ErrorKind::Bug => "bug",
        }
    }
}
