//! Lists in pages: the token is the name of the last item, which is opaque to callers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;

/// A page of a list.
pub(crate) struct Paging {
    /// Behind which name it begins.
    pub(crate) after: Option<String>,
    /// How many items it has.
    pub(crate) size: usize,
}

impl Paging {
    /// What a request asks for: at most `most`, as many if it does not say.
    pub(crate) fn new(token: &Option<String>, size: Option<i64>, most: usize) -> Result<Paging, Error> {
        let after = match token.as_deref().filter(|token| !token.is_empty()) {
            Some(token) => Some(read(token).ok_or_else(|| Error::invalid(format!("Invalid NextToken: {token}")))?),
            None => None,
        };
        let size = match size {
            Some(size) if size > 0 => usize::try_from(size).unwrap_or(most).min(most),
            _ => most,
        };
        Ok(Paging { after, size })
    }

    /// How many are to be read: one more than are shown, which tells whether there are more.
    pub(crate) fn reach(&self) -> usize {
        self.size + 1
    }

    /// The items of the page, and the next page's token if there is one.
    pub(crate) fn cut<T>(&self, mut items: Vec<T>, name: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
        let more = items.len() > self.size;
        items.truncate(self.size);
        let token = items.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(name(last)));
        (items, token)
    }

    /// A page of a list that lies in memory, which is in order of name.
    pub(crate) fn cut_whole<T>(&self, items: Vec<T>, name: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
        let rest = items.into_iter().filter(|item| self.after.as_ref().is_none_or(|after| name(item) > *after));
        self.cut(rest.take(self.reach()).collect(), name)
    }
}

fn read(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let all: Vec<String> = (0..5).map(|n| n.to_string()).collect();
        let (mut token, mut seen) = (None, Vec::new());
        loop {
            let paging = Paging::new(&token, Some(2), 1000).unwrap();
            let (page, next) = paging.cut_whole(all.clone(), String::clone);
            assert!(page.len() <= 2);
            seen.extend(page);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        assert!(Paging::new(&Some("%".to_owned()), None, 10).is_err());
    }
}
