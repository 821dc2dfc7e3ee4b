use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use tidegate_ports::{AdminAnswer, AdminRoute};
use tidegate_types::{AccountId, Region};

use crate::service::Ses;
use crate::store::Place;

/// `GET /_tidegate/ses/dkim?domain=…`: what a name server must answer, so that a domain's mails are believed where
/// a relay takes them. (AWS has one CNAME record for each token, which leads to records of its own.)
pub(crate) struct Dkim(pub(crate) Arc<Ses>);

impl AdminRoute for Dkim {
    fn path(&self) -> &'static str {
        "ses/dkim"
    }

    fn get<'a>(&'a self, query: &'a [(String, String)]) -> BoxFuture<'a, AdminAnswer> {
        async move {
            let text = |wanted: &str| query.iter().find(|(name, _)| name == wanted).map(|(_, text)| text.as_str());
            let account = text("account").map_or(Ok(AccountId::DEFAULT), str::parse);
            let region = text("region").map_or(Ok(Region::us_east_1()), str::parse);
            let (Ok(account), Ok(region), Some(domain)) = (account, region, text("domain")) else {
                return AdminAnswer::error(400, "ask with domain, and with account and region if they are others");
            };
            match self.0.signing_record(Place { account, region }, domain).await {
                Ok(Some((name, value))) => {
                    AdminAnswer::ok(json!({ "records": [{ "name": name, "type": "TXT", "value": value }] }))
                }
                Ok(None) => AdminAnswer::error(404, "no such domain signs its mails"),
                Err(error) => AdminAnswer::error(503, error.to_string()),
            }
        }
        .boxed()
    }
}
