use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_mail::{Incoming, Received, Refusal};

use crate::service::Ses;

/// Mail that comes in: what the active rule sets say is done.
pub(crate) struct Inbound {
    pub(crate) ses: Arc<Ses>,
}

impl Incoming for Inbound {
    fn accepts<'a>(&'a self, _recipient: &'a str) -> BoxFuture<'a, bool> {
        async { false }.boxed()
    }

    fn receive(&self, _mail: Received) -> BoxFuture<'_, Result<(), Refusal>> {
        async { Ok(()) }.boxed()
    }
}
