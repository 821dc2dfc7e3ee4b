use http::HeaderMap;

/// What of a request is signed, body excepted.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The path exactly as it was sent, still percent-encoded.
    pub path: &'a str,
    /// The query string exactly as it was sent, without the question mark.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The authority of an HTTP/2 request, which has no `Host` header.
    pub authority: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// From the head of an HTTP request.
    pub fn from_parts(parts: &'a http::request::Parts) -> Request<'a> {
        Request {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            authority: parts.uri.authority().map(|authority| authority.as_str()),
        }
    }

    /// A header's text; `None` if it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A parameter of the query string, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
        values.next().map(crate::canonical::decode_query)
    }
}

/// How a service canonicalises, and in which words it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Every service but S3: paths are normalised and encoded once more than on the wire; the body is
    /// always signed.
    Standard,
    /// S3: paths are taken as they are, because keys may contain `//` and `..`; the body's hash is
    /// stated in `x-amz-content-sha256`.
    S3,
}
