//! Names, and what is read back from disk.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use bytes::Bytes;
use tidegate_fuzz::{Material, fuzz};
use tidegate_record::{Key, KeyReader, Root, Stored};
use tidegate_sqs::domain::{Message, MoveTask, QueueName, QueueReference, Receipt, ReceiptKey};
use tidegate_sqs::store::{AttemptRecord, DeletedQueueRecord, QueueRecord, SecretRecord};
use tidegate_types::{AccountId, Arn, Region, Timestamp};

const NAMES: Material<'static> = Material {
    examples: &[
        b"arn:aws:sqs:us-east-1:123456789012:orders.fifo",
        b"arn:aws:s3:::bucket/key:with:colons",
        b"123456789012",
        b"eu-central-1",
        b"orders.fifo",
    ],
    words: &["arn:", "aws", "aws-cn", ":", "::", "*", "/", ".fifo", "000000000000", "us-gov-west-1", "\u{0}", "ä"],
};

#[test]
fn arns_accounts_regions_and_queue_names() {
    fuzz(NAMES, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(arn) = text.parse::<Arn>() {
            assert_eq!(arn.to_string().parse::<Arn>().unwrap(), arn);
        }
        if let Ok(account) = text.parse::<AccountId>() {
            assert_eq!(account.to_string(), text);
        }
        if let Ok(region) = text.parse::<Region>() {
            assert_eq!(region.as_str(), text);
        }
        if let Ok(name) = QueueName::parse(&text) {
            assert_eq!(name.as_str(), text);
        }
    });
}

const URLS: Material<'static> = Material {
    examples: &[
        b"http://localhost:4566/000000000000/orders",
        b"https://sqs.us-east-1.amazonaws.com/123456789012/orders.fifo",
        b"http://eu-west-1.queue.localhost.localstack.cloud:4566/000000000000/q",
        b"http://localhost:4566/queue/us-east-1/000000000000/q",
        b"orders",
    ],
    words: &[
        "http://", "https://", "://", "/", "//", ":", "?", "#", "@", "sqs.", ".queue.", "queue/", "%2F", "[::1]", "..",
        "ä",
    ],
};

#[test]
fn queue_urls() {
    fuzz(URLS, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Some(reference) = QueueReference::parse(&text) {
            let address = reference.resolve(AccountId::DEFAULT, &Region::us_east_1());
            assert_eq!(address.arn().to_string().parse::<Arn>().unwrap(), address.arn());
        }
    });
}

/// A receipt handle opens to what was sealed, or not at all.
#[test]
fn receipt_handles() {
    let key = ReceiptKey::new(&[7; 32]);
    let real = key.seal(&receipt());
    let examples = [real.as_bytes(), b"AQEBzbVv...fajsrd", b"", b"AAAA"];
    let material = Material { examples: &examples, words: &["=", "==", "A", "/", "+", "-", "_", "\n"] };
    fuzz(material, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(opened) = key.open(&text) {
            assert_eq!(opened, receipt(), "{text:?} was forged");
        }
    });
    assert_eq!(key.open(&real).unwrap(), receipt());
}

fn receipt() -> Receipt {
    Receipt {
        queue: 9,
        generation: 3,
        position: 77,
        lane: b"group".to_vec(),
        receive_count: 2,
        received_at: Timestamp::from_secs(1_700_000_000),
    }
}

/// What decodes is encoded again to what decodes to the same.
fn decode<T: Stored + PartialEq + std::fmt::Debug>(bytes: &Bytes) {
    if let Ok(record) = T::decode(bytes) {
        assert_eq!(T::decode(&record.encode()).as_ref(), Ok(&record), "{}", T::NAME);
    }
}

const RECORDS: Material<'static> = Material {
    examples: &[
        b"\x01\x00\x00\x00",
        b"\x01\x05hello\x02\x01a\x01b\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10",
        b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x02",
    ],
    words: &["\u{0}", "\u{1}", "\u{7f}", "\u{ff}", "aaaaaaaaaaaaaaaa"],
};

#[test]
fn records() {
    fuzz(RECORDS, |bytes| {
        let bytes = Bytes::copy_from_slice(bytes);
        decode::<Message>(&bytes);
        decode::<MoveTask>(&bytes);
        decode::<QueueRecord>(&bytes);
        decode::<AttemptRecord>(&bytes);
        decode::<DeletedQueueRecord>(&bytes);
        decode::<SecretRecord>(&bytes);
    });
}

/// A key that can be read is the key that its parts make.
#[test]
fn keys() {
    let real = Key::new(Root::Queue).u8(1).u16(2).u32(3).u64(4).bytes(b"a\0b").text("name").build();
    let material = Material { examples: &[&real], words: &["\u{0}", "\u{1}", "\u{0}\u{ff}"] };
    fuzz(material, |bytes| {
        let read = || {
            let mut reader = KeyReader::new(bytes, Root::Queue)?;
            let (a, b, c, d) = (reader.u8()?, reader.u16()?, reader.u32()?, reader.u64()?);
            let (e, f) = (reader.bytes()?, reader.text()?);
            reader.end()?;
            Ok::<_, tidegate_record::DecodeError>((a, b, c, d, e, f))
        };
        if let Ok((a, b, c, d, e, f)) = read() {
            let again = Key::new(Root::Queue).u8(a).u16(b).u32(c).u64(d).bytes(&e).text(&f).build();
            assert_eq!(&again[..], bytes);
        }
    });
}
