use mail_parser::MessageParser;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;

use super::{PIECE_BYTES, WHOLE_BYTES, pieces};
use crate::keys;
use crate::outgoing::Outgoing;
use crate::records::{Body, EntryRecord, MessageRecord};

/// The most of a subject that the list shows, in characters.
const SUBJECT_CHARS: usize = 500;

/// Puts a mail into the mailbox.
pub(crate) fn keep_in_tx(tx: &mut Tx, mail: &Outgoing, now: Timestamp) {
    let size = mail.mime.len() as u64;
    let body = if mail.mime.len() <= WHOLE_BYTES { Body::Whole(mail.mime.clone()) } else { Body::Pieces(size) };
    if let Body::Pieces(size) = body {
        for piece in 0..pieces(size) {
            let from = piece as usize * PIECE_BYTES;
            let to = mail.mime.len().min(from + PIECE_BYTES);
            tx.put(Space::Log, keys::piece(&mail.id, piece), mail.mime.slice(from..to));
        }
    }
    let message = MessageRecord {
        position: 0,
        account: mail.account,
        region: mail.region.clone(),
        envelope_from: mail.envelope_from.clone(),
        recipients: mail.recipients.clone(),
        configuration_set: mail.configuration_set.clone(),
        tags: mail.tags.clone(),
        trace: mail.trace.clone(),
        at: now,
        body,
    };
    let slot = tx.position();
    tx.put_at(Space::Log, keys::entries(), slot, "", entry(mail, now).encode());
    let (before, after) = message.encode_around_position();
    tx.put_with_position(Space::Log, keys::message(&mail.id), before, slot, after);
}

/// Its line in the list.
fn entry(mail: &Outgoing, now: Timestamp) -> EntryRecord {
    let head = MessageParser::new().with_minimal_headers().parse_headers(&mail.mime[..]);
    let from = head.as_ref().and_then(|head| shown(head.from()?.first()?));
    let subject = head.as_ref().and_then(|head| head.subject()).unwrap_or_default();
    EntryRecord {
        id: mail.id.clone(),
        from: from.unwrap_or_else(|| mail.envelope_from.clone()),
        to: mail.recipients.clone(),
        subject: subject.chars().take(SUBJECT_CHARS).collect(),
        size: mail.mime.len() as u64,
        at: now,
        account: mail.account,
        region: mail.region.clone(),
    }
}

/// An address as people write it.
pub(crate) fn shown(address: &mail_parser::Addr<'_>) -> Option<String> {
    let bare = address.address()?;
    Some(match address.name() {
        Some(name) => format!("{name} <{bare}>"),
        None => bare.to_owned(),
    })
}
