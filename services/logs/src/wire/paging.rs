use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use crate::error::Error;

/// One page of a listing. A token is the place of the last thing that was answered.
pub(crate) struct Paging {
    /// At most this many.
    pub max: usize,
    after: Option<Vec<u8>>,
}

impl Paging {
    /// The page that a request asks for; its limits were checked with the model's.
    pub(crate) fn new(limit: Option<i32>, default: usize, token: Option<&str>) -> Result<Paging, Error> {
        let max = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default);
        let open = |token: &str| URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::InvalidToken);
        Ok(Paging { max, after: token.map(open).transpose()? })
    }

    /// The name behind which the page begins.
    pub(crate) fn after(&self) -> Result<Option<&str>, Error> {
        let text = |after| std::str::from_utf8(after).map_err(|_| Error::InvalidToken);
        self.after.as_deref().map(text).transpose()
    }

    /// The key behind which the page begins; one that lies elsewhere is no token of this listing.
    pub(crate) fn after_key(&self, prefix: &[u8]) -> Result<Option<Bytes>, Error> {
        match &self.after {
            Some(after) if after.starts_with(prefix) => Ok(Some(Bytes::copy_from_slice(after))),
            Some(_) => Err(Error::InvalidToken),
            None => Ok(None),
        }
    }

    /// Cuts what lies behind the token to one page, and makes the token of the next.
    pub(crate) fn cut<T>(&self, found: &mut Vec<T>, name: impl Fn(&T) -> String) -> Option<String> {
        self.cut_keys(found, |found| Bytes::from(name(found)))
    }

    /// The same for what has a key.
    pub(crate) fn cut_keys<T>(&self, found: &mut Vec<T>, key: impl Fn(&T) -> Bytes) -> Option<String> {
        let more = found.len() > self.max;
        found.truncate(self.max);
        found.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(key(last)))
    }
}
