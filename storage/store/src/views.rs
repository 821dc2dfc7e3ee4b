//! The two views of an embedded store: what is durable, and what is accepted.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, ready};

use crate::embedded::Shared;
use crate::engine::View;
use crate::{Each, Entry, KeyRange, Order, Page, Record, Sequence, Snapshot, Space, StoreError, overlay};

/// What was durable at one moment.
pub(crate) struct DurableView {
    pub(crate) view: Arc<dyn View>,
    pub(crate) sequence: Sequence,
}

impl Snapshot for DurableView {
    fn get<'a>(&'a self, space: Space, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(ready(overlay::get(&*self.view, space, key)))
    }

    fn scan<'a>(
        &'a self,
        space: Space,
        range: &'a KeyRange,
        order: Order,
        page: Page,
    ) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>> {
        Box::pin(ready(overlay::scan(&*self.view, Vec::new(), space, range, order, page)))
    }

    fn browse<'a>(
        &'a self,
        space: Space,
        range: &'a KeyRange,
        order: Order,
        page: Page,
        each: &'a mut Each<'a>,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        Box::pin(ready(overlay::browse(&*self.view, space, range, order, page, each)))
    }

    fn sequence(&self) -> Sequence {
        self.sequence
    }
}

/// What is accepted at the moment of each read.
pub(crate) struct AcceptedView {
    pub(crate) shared: Arc<Shared>,
}

impl AcceptedView {
    fn get_now(&self, space: Space, key: &[u8]) -> Result<Option<Record>, StoreError> {
        let found = self.shared.with_accepted(|sequencer| {
            let view = sequencer.view()?;
            Ok::<_, StoreError>(sequencer.overlay().get(space, key).cloned().ok_or_else(|| view.clone()))
        })?;
        match found {
            Ok(newest) => Ok(newest.value.map(|value| Record { version: newest.sequence, value })),
            Err(view) => overlay::get(&*view, space, key),
        }
    }

    fn scan_now(&self, space: Space, range: &KeyRange, order: Order, page: Page) -> Result<Vec<Entry>, StoreError> {
        let (above, view) = self.shared.with_accepted(|sequencer| {
            let view = sequencer.view()?.clone();
            Ok::<_, StoreError>((sequencer.overlay().range(space, range, order), view))
        })?;
        overlay::scan(&*view, above, space, range, order, page)
    }
}

impl Snapshot for AcceptedView {
    fn get<'a>(&'a self, space: Space, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(ready(self.get_now(space, key)))
    }

    fn scan<'a>(
        &'a self,
        space: Space,
        range: &'a KeyRange,
        order: Order,
        page: Page,
    ) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>> {
        Box::pin(ready(self.scan_now(space, range, order, page)))
    }

    fn sequence(&self) -> Sequence {
        self.shared.with_accepted(crate::sequencer::Sequencer::accepted)
    }
}
