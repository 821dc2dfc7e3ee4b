use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tidegate_types::Timestamp;

/// The first byte of every handle: the layout of the rest.
const VERSION: u8 = 1;

/// Queue, generation, position, count and time, before the lane.
const FIXED_BYTES: usize = 1 + 8 + 4 + 8 + 4 + 8;

/// The bytes of the tag behind the lane.
const TAG_BYTES: usize = 8;

/// What a receipt handle says: which message was received, and which of its receives this was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The number of the queue.
    pub queue: u64,
    /// The generation of the queue in which the message was sent.
    pub generation: u32,
    /// The message's place.
    pub position: u64,
    /// The lane that it lies in.
    pub lane: Vec<u8>,
    /// The how-manieth receive it was.
    pub receive_count: u32,
    /// When it was.
    pub received_at: Timestamp,
}

/// The text is not a handle that this server has given out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a receipt handle: {0:?}")]
pub struct InvalidReceipt(pub String);

/// The secret of a store, with which it recognises its own handles.
///
/// A handle names records of the store. Without the tag a client that makes handles up could reach
/// messages that it never received; with it, garbage is told from an old handle without a look-up.
#[derive(Clone)]
pub struct ReceiptKey(Hmac<Sha256>);

impl ReceiptKey {
    /// The key of a secret.
    pub fn new(secret: &[u8; 32]) -> ReceiptKey {
        ReceiptKey(Hmac::new_from_slice(secret).expect("a key may have any length"))
    }

    fn tag(&self, payload: &[u8]) -> [u8; TAG_BYTES] {
        let mut mac = self.0.clone();
        mac.update(payload);
        let tag = mac.finalize().into_bytes();
        *tag.first_chunk().expect("SHA-256 has 32 bytes")
    }

    /// The handle of a receipt.
    pub fn seal(&self, receipt: &Receipt) -> String {
        let mut bytes = Vec::with_capacity(FIXED_BYTES + receipt.lane.len() + TAG_BYTES);
        bytes.push(VERSION);
        bytes.extend_from_slice(&receipt.queue.to_be_bytes());
        bytes.extend_from_slice(&receipt.generation.to_be_bytes());
        bytes.extend_from_slice(&receipt.position.to_be_bytes());
        bytes.extend_from_slice(&receipt.receive_count.to_be_bytes());
        bytes.extend_from_slice(&receipt.received_at.as_millis().to_be_bytes());
        bytes.extend_from_slice(&receipt.lane);
        let tag = self.tag(&bytes);
        bytes.extend_from_slice(&tag);
        STANDARD.encode(bytes)
    }

    /// The receipt of a handle.
    ///
    /// # Errors
    /// [`InvalidReceipt`] if it is none of this store's.
    pub fn open(&self, handle: &str) -> Result<Receipt, InvalidReceipt> {
        self.try_open(handle).ok_or_else(|| InvalidReceipt(handle.to_owned()))
    }

    fn try_open(&self, handle: &str) -> Option<Receipt> {
        let bytes = STANDARD.decode(handle).ok()?;
        let (payload, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        let mut mac = self.0.clone();
        mac.update(payload);
        mac.verify_truncated_left(tag).ok()?;
        let (version, rest) = payload.split_first()?;
        let (queue, rest) = rest.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (position, rest) = rest.split_first_chunk()?;
        let (receive_count, rest) = rest.split_first_chunk()?;
        let (received_at, lane) = rest.split_first_chunk()?;
        (*version == VERSION).then(|| Receipt {
            queue: u64::from_be_bytes(*queue),
            generation: u32::from_be_bytes(*generation),
            position: u64::from_be_bytes(*position),
            lane: lane.to_vec(),
            receive_count: u32::from_be_bytes(*receive_count),
            received_at: Timestamp::from_millis(u64::from_be_bytes(*received_at)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    fn key() -> ReceiptKey {
        ReceiptKey::new(&[7; 32])
    }

    fn receipt(position: u64, lane: Vec<u8>) -> Receipt {
        let received_at = Timestamp::from_millis(position / 3);
        Receipt { queue: position / 2, generation: 3, position, lane, receive_count: 4, received_at }
    }

    proptest! {
        #[test]
        fn handles_round_trip(position in any::<u64>(), lane in any::<Vec<u8>>()) {
            let receipt = receipt(position, lane);
            prop_assert_eq!(key().open(&key().seal(&receipt)), Ok(receipt));
        }

        #[test]
        fn a_changed_handle_is_refused(position in any::<u64>(), at in 0usize..50, flip in 1u8..=255) {
            let handle = key().seal(&receipt(position, b"lane".to_vec()));
            let mut bytes = STANDARD.decode(&handle).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            prop_assert!(key().open(&STANDARD.encode(bytes)).is_err());
        }

        #[test]
        fn garbage_is_refused(text in ".*", bytes in any::<Vec<u8>>()) {
            prop_assert!(key().open(&text).is_err());
            prop_assert!(key().open(&STANDARD.encode(bytes)).is_err());
        }
    }

    #[test]
    fn another_stores_handle_is_refused() {
        let handle = ReceiptKey::new(&[8; 32]).seal(&receipt(1, Vec::new()));
        assert_eq!(key().open(&handle), Err(InvalidReceipt(handle)));
    }
}
