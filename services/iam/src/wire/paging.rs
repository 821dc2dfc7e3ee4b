use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, ValueFault};

/// What a request says about the page that it wants.
pub(crate) struct Listing {
    after: Option<String>,
    max: usize,
}

/// A page, and the marker of the next.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) marker: Option<String>,
}

impl Listing {
    /// The page behind `marker`; a hundred items where nothing is said.
    pub(crate) fn new(max_items: Option<i32>, marker: &Option<String>) -> Result<Listing, Error> {
        let max = usize::try_from(max_items.unwrap_or(100)).unwrap_or(100);
        let open = |marker: &String| String::from_utf8(URL_SAFE_NO_PAD.decode(marker).ok()?).ok();
        let after = marker.as_ref().map(|marker| open(marker).ok_or(Error::Value(ValueFault::Marker)));
        Ok(Listing { after: after.transpose()?, max })
    }

    /// Cuts items, which come in order of their keys, to one page and shows them.
    pub(crate) fn page<T, O>(
        &self,
        items: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
        show: impl Fn(T) -> O,
    ) -> Page<O> {
        let behind = |item: &T| self.after.as_ref().is_none_or(|after| key(item) > *after);
        let mut rest = items.into_iter().filter(behind).peekable();
        let (mut page, mut last) = (Vec::new(), None);
        while page.len() < self.max
            && let Some(item) = rest.next()
        {
            last = Some(key(&item));
            page.push(show(item));
        }
        let more = rest.peek().is_some();
        Page { items: page, marker: last.filter(|_| more).map(|key| URL_SAFE_NO_PAD.encode(key)) }
    }
}
