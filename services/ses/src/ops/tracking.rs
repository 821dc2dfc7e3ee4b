//! Hearing of it when a mail is opened or a link in it is followed.
//!
//! Where a configuration set has a destination for such events, the links of its mails lead here first, and a
//! picture that nobody sees is at their end. Each address carries all that there is to know, and a code by which
//! we know our own: nobody can be led elsewhere by us, and no event can be made up.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use tidegate_store::{StoreError, Tx, transact};

use super::outcomes::{self, find_sent};
use crate::desk::Desk;
use crate::domain::configuration_set::{ConfigurationSet, EventType};
use crate::domain::tracking::{Link, Tracker, tracked as with_tracker};
use crate::error::Error;
use crate::events::Event;
use crate::service::Ses;
use crate::store::{Place, Shelf};
use crate::wire::events::iso;

/// Where pictures are asked for, below `/_tidegate/`.
pub(crate) const OPEN_PATH: &str = "ses/open";
/// Where links lead, below `/_tidegate/`.
pub(crate) const CLICK_PATH: &str = "ses/click";

/// Bytes of the code that says that an address is ours.
const CODE_BYTES: usize = 16;

/// What the codes of an account's addresses are made with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingSecret {
    /// In Base64.
    pub secret: String,
}

impl std::fmt::Debug for TrackingSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TrackingSecret")
    }
}

/// What an address carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    #[serde(rename = "a")]
    account: String,
    #[serde(rename = "r")]
    region: String,
    #[serde(rename = "m")]
    message: String,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<(String, String)>,
}

impl Mark {
    fn place(&self) -> Option<Place> {
        Some(Place { account: self.account.parse().ok()?, region: self.region.parse().ok()? })
    }

    /// The last segment of an address.
    fn token(&self, secret: &[u8]) -> String {
        let text =
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("it has text keys and no failing serializers"));
        let code = code(secret, &text);
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(&code[..CODE_BYTES]))
    }
}

fn code(secret: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("keys of any length will do");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn is_code(secret: &[u8], text: &str, given: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("keys of any length will do");
    mac.update(text.as_bytes());
    given.len() == CODE_BYTES && mac.verify_truncated_left(given).is_ok()
}

/// The mail so changed that we hear of it, as far as its configuration set wants that.
pub(crate) async fn tracked(
    desk: &mut Desk<'_>,
    set: Option<&ConfigurationSet>,
    id: &str,
    mime: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let wants = |kind| set.is_some_and(|set| set.destinations.iter().any(|own| own.wants(kind)));
    let (opens, clicks) = (wants(EventType::Open), wants(EventType::Click));
    let base = desk.call.base_url.trim_end_matches('/').to_owned();
    // What comes in by SMTP does not say by which address we are reached.
    if !opens && !clicks || base.is_empty() {
        return Ok(mime);
    }
    let secret = secret(desk).await?;
    let mark = Mark {
        account: desk.shelf.place.account.to_string(),
        region: desk.shelf.place.region.to_string(),
        message: id.to_owned(),
        url: None,
        tags: Vec::new(),
    };
    let link = |link: &Link| {
        let mark = Mark { url: Some(link.url.clone()), tags: link.tags.clone(), ..mark.clone() };
        format!("{base}/_tidegate/{CLICK_PATH}/{}", mark.token(&secret))
    };
    let picture = opens.then(|| format!("{base}/_tidegate/{OPEN_PATH}/{}", mark.token(&secret)));
    let tracker = Tracker { link: if clicks { Some(&link) } else { None }, picture };
    Ok(with_tracker(&mime, &tracker).unwrap_or(mime))
}

async fn secret(desk: &mut Desk<'_>) -> Result<Vec<u8>, Error> {
    let known = match desk.shelf.find::<TrackingSecret>("").await? {
        Some(known) => known,
        None => {
            let mut bytes = [0; 32];
            desk.ses.env.fill_random(&mut bytes);
            let new = TrackingSecret { secret: STANDARD.encode(bytes) };
            desk.shelf.put(&new);
            new
        }
    };
    Ok(STANDARD.decode(known.secret).unwrap_or_default())
}

impl Ses {
    /// What an address carries, if it is one of ours.
    pub(crate) async fn mark(&self, token: &str) -> Result<Option<Mark>, Error> {
        let Some((text, given)) = token.split_once('.') else { return Ok(None) };
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let Some(mark) = decode(text).and_then(|json| serde_json::from_slice::<Mark>(&json).ok()) else {
            return Ok(None);
        };
        let (Some(place), Some(given)) = (mark.place(), decode(given)) else { return Ok(None) };
        let read = transact(&*self.store, &[], async |tx: &mut Tx| -> Result<_, Error> {
            Ok(Shelf { tx, place: place.clone() }.find::<TrackingSecret>("").await?)
        });
        let secret = read.await.map_err(Error::from)?.value.and_then(|own| STANDARD.decode(own.secret).ok());
        Ok(secret.filter(|secret| is_code(secret, text, &given)).map(|_| mark))
    }

    /// Tells that a mail was opened, or a link of it followed.
    pub(crate) async fn engaged(&self, mark: &Mark, agent: Option<&str>) -> Result<(), Error> {
        let Some(place) = mark.place() else { return Ok(()) };
        let now = self.env.now();
        let mut body = json!({ "ipAddress": "127.0.0.1", "timestamp": iso(now), "userAgent": agent });
        let event = match &mark.url {
            Some(url) => {
                body["link"] = json!(url);
                body["linkTags"] = link_tags(&mark.tags);
                Event { kind: EventType::Click, member: "click", body }
            }
            None => Event { kind: EventType::Open, member: "open", body },
        };
        let latches = self.latches(&place, now);
        let told = transact(&*self.store, &latches, async |tx: &mut Tx| -> Result<(), StoreError> {
            let found = find_sent(tx, &mark.message).await?;
            match found.filter(|sent| (sent.account, &sent.region) == (place.account, &place.region)) {
                Some(mut sent) => outcomes::engaged(self, tx, &mut sent, &event, now).await,
                // After two weeks nobody wants to know any more.
                None => Ok(()),
            }
        });
        told.await.map_err(|error| match error {
            tidegate_store::TransactError::Refused(error) => Error::Store(error),
            tidegate_store::TransactError::Commit(error) => Error::Commit(error),
        })?;
        Ok(())
    }
}

fn link_tags(tags: &[(String, String)]) -> Value {
    if tags.is_empty() {
        return Value::Null;
    }
    let mut all: Map<String, Value> = Map::new();
    for (name, value) in tags {
        let values = all.entry(name.clone()).or_insert_with(|| json!([]));
        values.as_array_mut().into_iter().for_each(|values| values.push(json!(value)));
    }
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_as_ours() {
        let mark = Mark {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            message: "m".to_owned(),
            url: Some("https://example.com/?a=b&c=ä".to_owned()),
            tags: vec![("k".to_owned(), "v".to_owned())],
        };
        let token = mark.token(b"secret");
        let (text, given) = token.split_once('.').unwrap();
        let given = URL_SAFE_NO_PAD.decode(given).unwrap();
        assert!(is_code(b"secret", text, &given));
        assert!(!is_code(b"another", text, &given));
        assert!(!is_code(b"secret", &text[1..], &given));
        assert!(!is_code(b"secret", text, &given[1..]));
        assert!(!is_code(b"secret", text, &[]));
        let read: Mark = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
        assert_eq!(read, mark);
    }
}
