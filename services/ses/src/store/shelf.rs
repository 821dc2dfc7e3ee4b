use bytes::Bytes;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, StoreError, Tx};
use tidegate_types::{AccountId, Region};

use super::keys;
use super::row::{Kept, Row};

/// How many records are read at once.
const AT_ONCE: usize = 500;

/// Whose, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
}

impl Place {
    /// The ARN of something that is here.
    pub(crate) fn arn(&self, resource: &str) -> String {
        format!("arn:aws:ses:{}:{}:{resource}", self.region, self.account)
    }
}

/// What an account has in a region, within a transaction.
pub(crate) struct Shelf<'a> {
    pub(crate) tx: &'a mut Tx,
    pub(crate) place: Place,
}

impl Shelf<'_> {
    /// The thing of this name.
    pub(crate) async fn find<T: Row>(&mut self, name: &str) -> Result<Option<T>, StoreError> {
        let key = keys::row(self.place.account, &self.place.region, T::KIND, name);
        match self.tx.get(Space::Map, &key).await? {
            Some(record) => decode(&key, &record.value).map(Some),
            None => Ok(None),
        }
    }

    /// Puts it where its name says.
    pub(crate) fn put<T: Row + Clone>(&mut self, row: &T) {
        let key = keys::row(self.place.account, &self.place.region, T::KIND, &row.key());
        self.tx.put(Space::Map, key, Kept(row.clone()).encode());
    }

    /// Takes the thing of this name away.
    pub(crate) fn remove<T: Row>(&mut self, name: &str) {
        self.tx.delete(Space::Map, keys::row(self.place.account, &self.place.region, T::KIND, name));
    }

    /// Up to `limit` things whose names begin so, in order of name, behind the name `after`. What this
    /// transaction itself wrote is not among them.
    pub(crate) async fn list<T: Row>(
        &self,
        beginning: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<T>, StoreError> {
        let Place { account, region } = &self.place;
        let prefix = keys::rows_from(*account, region, T::KIND, beginning);
        let mut range = match after {
            Some(after) => {
                let after = keys::row(*account, region, T::KIND, after);
                KeyRange::prefix_from(&prefix, [&after[..], b"\0"].concat().into())
            }
            None => KeyRange::prefix(&prefix),
        };
        let mut found = Vec::new();
        while found.len() < limit {
            let page = Page::of((limit - found.len()).min(AT_ONCE));
            let entries = self.tx.scan(Space::Map, &range, Order::Ascending, page).await?;
            let Some(last) = entries.last() else { break };
            range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
            for entry in &entries {
                found.push(decode(&entry.key, &entry.record.value)?);
            }
        }
        Ok(found)
    }

    /// All things of a kind: for those of which an account has few.
    pub(crate) async fn all<T: Row>(&self) -> Result<Vec<T>, StoreError> {
        self.list("", None, usize::MAX).await
    }
}

fn decode<T: Row>(key: &Bytes, value: &Bytes) -> Result<T, StoreError> {
    Kept::<T>::decode(value).map(|kept| kept.0).map_err(|error| StoreError::Corrupt {
        space: Space::Map,
        key: key.clone(),
        what: error.to_string().into(),
    })
}
