//! Whatever is written is read back, and found by its method and path.

use std::sync::LazyLock;

use bytes::Bytes;
use proptest::prelude::any;
use proptest::proptest;
use tidegate_api_lambda::MODEL;
use tidegate_protocol::rest::{Asked, Head, PartsBody, Routes, fill};
use tidegate_protocol::rest_json::{RestJsonReader, RestJsonWriter};
use tidegate_protocol::{ProtocolId, Shape, codec, constraints};

use crate::all::ALL;
use crate::made_up::MadeUp;

fn bytes(body: PartsBody) -> Bytes {
    match body {
        PartsBody::None => Bytes::new(),
        PartsBody::Document(bytes) | PartsBody::Raw(bytes) => bytes,
    }
}

/// A request from a client's side and back.
pub fn request<T: Shape + PartialEq>(name: &str, seed: u64) {
    let operation = MODEL.operation(name).unwrap();
    let made = T::read(&mut MadeUp::new(seed)).unwrap();
    // Refused or not: it must come to an end.
    drop(constraints::check(MODEL.validation, &made));
    let mut writer = RestJsonWriter::json();
    made.write(&mut writer);
    let parts = writer.finish();
    let label = |name: &str| parts.labels.iter().find(|(label, _)| *label == name).map(|(_, value)| value.as_str());
    let path = fill(operation.uri.split('?').next().unwrap(), label);
    let mut query = parts.query_string();
    if let Some((_, demanded)) = operation.uri.split_once('?') {
        query = format!("{demanded}&{query}");
    }
    let (headers, body) = (parts.headers, bytes(parts.body));
    let head = Head::of_request(operation, &path, Some(&query), &headers).unwrap();
    let read = T::read(&mut RestJsonReader::new(head, &body));
    assert_eq!(read.unwrap(), made, "{name} {path}?{query} {headers:?} {body:?}");
    let asked = Asked { method: operation.method, path: &path, query: &query, headers: &headers };
    static ROUTES: LazyLock<Routes> = LazyLock::new(|| Routes::new(&MODEL));
    assert_eq!(ROUTES.find(&asked), MODEL.index_of(name), "{path}?{query}");
}

/// An answer from the server's side and back.
pub fn answer<T: Shape + PartialEq>(name: &str, seed: u64) {
    let operation = MODEL.operation(name).unwrap();
    let made = T::read(&mut MadeUp::new(seed)).unwrap();
    let codec = codec(ProtocolId::RestJson1).unwrap();
    let reply = codec.success(&MODEL, operation, "1", &made);
    // Where no member says the status, none reads it.
    let head = Head::of_answer(reply.status.as_u16(), &reply.headers);
    let read = T::read(&mut RestJsonReader::new(head, &reply.body)).unwrap();
    let mut writer = RestJsonWriter::json();
    read.write(&mut writer);
    let mut expected = RestJsonWriter::json();
    made.write(&mut expected);
    let (read, expected) = (writer.finish(), expected.finish());
    assert!(expected.headers.iter().all(|(name, value)| read.headers.get(name) == Some(value)), "{name}: {reply:?}");
    if reply.status != 204 {
        assert_eq!(bytes(read.body), bytes(expected.body), "{name}");
    }
}

proptest! {
    #[test]
    fn requests_are_read_as_they_were_written(seed in any::<u64>()) {
        for (name, request, _) in ALL {
            request(name, seed);
        }
    }

    #[test]
    fn answers_are_read_as_they_were_written(seed in any::<u64>()) {
        for (name, _, answer) in ALL {
            answer(name, seed);
        }
    }
}

#[test]
fn every_operation_is_here() {
    let named: Vec<&str> = ALL.iter().map(|(name, ..)| *name).collect();
    let modelled: Vec<&str> = MODEL.operations.iter().map(|operation| operation.name).collect();
    assert_eq!(named, modelled);
}
