use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use tidegate_ports::{AdminAnswer, AdminRoute};
use tidegate_store::{Tx, transact};

use crate::domain::identity::Identity;
use crate::error::Error;
use crate::ops::identities::VERIFY_PATH;
use crate::service::Ses;
use crate::store::Shelf;

/// `GET /_tidegate/ses/verify?token=…`: where the link of a verification mail leads.
pub(crate) struct Verify(pub(crate) Arc<Ses>);

impl Verify {
    async fn verify(&self, token: &str) -> Result<Option<String>, Error> {
        let Some((place, name)) = self.0.directory.token(token) else { return Ok(None) };
        let now = self.0.env.now().as_millis();
        let verified = transact(&*self.0.store, &[], async |tx: &mut Tx| -> Result<bool, Error> {
            let mut shelf = Shelf { tx, place: place.clone() };
            let found = shelf.find::<Identity>(&name).await?.filter(|identity| identity.token == token);
            let Some(mut identity) = found else { return Ok(false) };
            identity.verify(now);
            shelf.put(&identity);
            Ok(true)
        });
        Ok(verified.await.map_err(Error::from)?.value.then_some(name))
    }
}

impl AdminRoute for Verify {
    fn path(&self) -> &'static str {
        VERIFY_PATH
    }

    fn get<'a>(&'a self, query: &'a [(String, String)]) -> BoxFuture<'a, AdminAnswer> {
        async move {
            let token = query.iter().find(|(name, _)| name == "token").map_or("", |(_, token)| token.as_str());
            match self.verify(token).await {
                Ok(Some(name)) => AdminAnswer::ok(json!({ "identity": name, "status": "Success" })),
                Ok(None) => AdminAnswer::error(404, "no identity waits for this token: was it deleted meanwhile?"),
                Err(error) => AdminAnswer::error(503, error.to_string()),
            }
        }
        .boxed()
    }
}
