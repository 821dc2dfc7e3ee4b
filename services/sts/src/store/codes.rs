//! Codes of MFA devices that were shown: none counts twice, over a restart either.

use std::collections::HashMap;

use bytes::Bytes;
use parking_lot::Mutex;
use tidegate_record::{DecodeError, Key, KeyReader, Reader, Root, Stored, Writer};
use tidegate_store::{KeyRange, Order, Page, Space, Store, StoreError};
use tidegate_types::Timestamp;

/// Longer than any code holds.
const REMEMBERED_MS: u64 = 5 * 60 * 1000;

const CODE: u8 = 2;

/// That a code was shown. Device and code are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownCode {
    /// When: real time, in which devices live.
    pub(crate) at: Timestamp,
}

impl Stored for ShownCode {
    const NAME: &'static str = "sts shown code";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(ShownCode { at: from.timestamp()? })
    }
}

fn codes() -> Bytes {
    Key::new(Root::Sts).u8(CODE).build()
}

/// Where it lies that a device showed a code.
pub(crate) fn code_key((serial, code): &Code) -> Bytes {
    Key::new(Root::Sts).u8(CODE).text(serial).text(code).build()
}

fn read_code_key(key: &[u8]) -> Result<Code, DecodeError> {
    let mut reader = KeyReader::after(key, &codes())?;
    let code = (reader.text()?, reader.text()?);
    reader.end()?;
    Ok(code)
}

/// A device's ARN and what it showed.
pub(crate) type Code = (String, String);

/// The codes that were shown lately, and when.
#[derive(Default)]
pub(crate) struct ShownCodes(Mutex<HashMap<Code, Timestamp>>);

impl ShownCodes {
    /// Those of a store.
    ///
    /// # Errors
    /// What the store answers.
    pub(crate) async fn open(store: &dyn Store, now: Timestamp) -> Result<ShownCodes, StoreError> {
        let (prefix, snapshot) = (codes(), store.snapshot()?);
        let (mut range, mut shown) = (KeyRange::prefix(&prefix), HashMap::new());
        loop {
            let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
            let Some(last) = page.last() else { break };
            range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
            for found in &page {
                // A damaged one was shown who knows when: it is refused for as long as any may be.
                let at = ShownCode::decode(&found.record.value).map_or(now, |code| code.at);
                match read_code_key(&found.key) {
                    Ok(code) => drop(shown.insert(code, at)),
                    Err(error) => tracing::warn!(key = ?found.key, %error, "a code that was shown cannot be read"),
                }
            }
        }
        Ok(ShownCodes(Mutex::new(shown)))
    }

    pub(crate) fn has(&self, code: &Code) -> bool {
        self.0.lock().contains_key(code)
    }

    /// Notes a code, and returns those that need not be remembered any more. `None` if somebody was faster.
    pub(crate) fn note(&self, code: Code, now: Timestamp) -> Option<Vec<Code>> {
        let mut shown = self.0.lock();
        let gone = shown.extract_if(|_, at| at.plus_millis(REMEMBERED_MS) <= now).map(|(code, _)| code).collect();
        shown.insert(code, now).is_none().then_some(gone)
    }

    /// Forgets all, and returns them.
    pub(crate) fn forget(&self) -> Vec<Code> {
        std::mem::take(&mut *self.0.lock()).into_keys().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        tidegate_record::testing::assert_golden("01ac02", &ShownCode { at: Timestamp::from_millis(300) });
    }

    #[test]
    fn keys_come_back() {
        let code = ("arn:aws:iam::1:mfa/d".to_owned(), "123456".to_owned());
        assert_eq!(read_code_key(&code_key(&code)), Ok(code));
    }
}
