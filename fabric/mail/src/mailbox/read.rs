use bytes::{Bytes, BytesMut};
use tidegate_store::{Snapshot, Space, StoreError};
use tidegate_types::{AccountId, Region, Timestamp};

use super::{decode, pieces};
use crate::keys;
use crate::records::{Body, JourneyRecord, MessageRecord};

/// A mail in the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// Where it was sent.
    pub region: Region,
    /// `MAIL FROM`.
    pub envelope_from: String,
    /// `RCPT TO`.
    pub recipients: Vec<String>,
    /// The configuration set it was sent with.
    pub configuration_set: Option<String>,
    /// What it is marked with.
    pub tags: Vec<(String, String)>,
    /// When it was sent: product time.
    pub at: Timestamp,
    /// The whole message.
    pub mime: Bytes,
    /// How far a relay has got with it; `None` without one.
    pub(crate) journey: Option<JourneyRecord>,
}

/// Reads a mail, if it is there.
pub(crate) async fn kept(snapshot: &dyn Snapshot, id: &str) -> Result<Option<Kept>, StoreError> {
    let Some(message) = message_of(snapshot, id).await? else { return Ok(None) };
    let journey = journey_of(snapshot, id).await?;
    if journey.as_ref().is_some_and(|journey| journey.unlisted) {
        return Ok(None);
    }
    let mime = mime_of(snapshot, id, &message).await?;
    Ok(Some(Kept {
        id: id.to_owned(),
        account: message.account,
        region: message.region,
        envelope_from: message.envelope_from,
        recipients: message.recipients,
        configuration_set: message.configuration_set,
        tags: message.tags,
        at: message.at,
        mime,
        journey,
    }))
}

pub(crate) async fn message_of(snapshot: &dyn Snapshot, id: &str) -> Result<Option<MessageRecord>, StoreError> {
    let key = keys::message(id);
    match snapshot.get(Space::Log, &key).await? {
        Some(found) => Ok(Some(decode(Space::Log, &key, &found.value)?)),
        None => Ok(None),
    }
}

pub(crate) async fn journey_of(snapshot: &dyn Snapshot, id: &str) -> Result<Option<JourneyRecord>, StoreError> {
    let key = keys::journey(id);
    match snapshot.get(Space::Map, &key).await? {
        Some(found) => Ok(Some(decode(Space::Map, &key, &found.value)?)),
        None => Ok(None),
    }
}

/// The whole MIME.
///
/// # Errors
/// The store's; [`StoreError::Corrupt`] if a piece is gone.
pub(crate) async fn mime_of(snapshot: &dyn Snapshot, id: &str, message: &MessageRecord) -> Result<Bytes, StoreError> {
    let size = match &message.body {
        Body::Whole(mime) => return Ok(mime.clone()),
        Body::Pieces(size) => *size,
    };
    let mut mime = BytesMut::with_capacity(size as usize);
    for piece in 0..pieces(size) {
        let key = keys::piece(id, piece);
        let gone = || StoreError::Corrupt { space: Space::Log, key: key.clone(), what: "it is gone".into() };
        mime.extend_from_slice(&snapshot.get(Space::Log, &key).await?.ok_or_else(gone)?.value);
    }
    Ok(mime.freeze())
}
