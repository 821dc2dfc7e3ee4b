//! Listings that are handed out page by page. A token is where to go on: the last name of the page.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::QueueName;
use crate::error::{Error, RangeError};
use crate::store::Queue;

/// The most entries of a page.
const MAX_RESULTS: i32 = 1000;

/// Which page of a listing is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    /// The page begins behind this.
    pub after: Option<QueueName>,
    /// At most this many.
    max: usize,
    /// Whether there is a token if there is more: those who set no maximum get none, as AWS has it.
    paged: bool,
}

impl Listing {
    /// The listing that a request asks for.
    pub(crate) fn new(max_results: Option<i32>, token: Option<&str>) -> Result<Listing, Error> {
        let max = max_results.unwrap_or(MAX_RESULTS);
        let in_range = usize::try_from(max).ok().filter(|_| (1..=MAX_RESULTS).contains(&max));
        let max = in_range.ok_or(RangeError::MaxResults(max))?;
        let after = token.map(|token| open(token).ok_or(Error::MalformedToken)).transpose()?;
        Ok(Listing { after, max, paged: max_results.is_some() })
    }

    /// Cuts the queues behind [`Listing::after`] to one page, and makes the token of the next.
    pub(crate) fn page(&self, queues: &mut Vec<Arc<Queue>>) -> Option<String> {
        let more = queues.len() > self.max;
        queues.truncate(self.max);
        let last = queues.last().filter(|_| more && self.paged)?;
        Some(URL_SAFE_NO_PAD.encode(last.address.name.as_str()))
    }
}

fn open(token: &str) -> Option<QueueName> {
    let name = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    QueueName::parse(&name).ok()
}
