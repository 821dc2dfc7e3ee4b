use tidegate_store::{KeyRange, Order, Page, Space, Tx};

use crate::error::Error;
use crate::service::S3;
use crate::store::keys;

/// How many records one step removes.
const STEP: usize = 1000;

/// Removes every bucket and all that is in them. Files that were referred to are left to the sweep.
pub(crate) async fn delete_everything(s3: &S3) -> Result<(), Error> {
    let range = KeyRange::prefix(&keys::everything());
    for space in [Space::Map, Space::Log] {
        loop {
            let entries = &s3.store.snapshot()?.scan(space, &range, Order::Ascending, Page::of(STEP)).await?;
            if entries.is_empty() {
                break;
            }
            let removed = s3.transact(&[], async |tx: &mut Tx| {
                entries.iter().for_each(|entry| tx.delete(space, entry.key.clone()));
                Ok(())
            });
            removed.await?;
        }
    }
    Ok(())
}
