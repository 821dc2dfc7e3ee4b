//! Whatever is written is read back. XML knows no empty list and no empty structure that is not there, so
//! what is compared is the second writing with the first.

use bytes::Bytes;
use proptest::prelude::any;
use proptest::proptest;
use tidegate_api_s3::MODEL;
use tidegate_protocol::rest::{Asked, Head, Parts, PartsBody, Routes, fill};
use tidegate_protocol::rest_xml::{RestXmlReader, RestXmlWriter};
use tidegate_protocol::{ProtocolId, Shape, codec};

use crate::all::ALL;
use crate::made_up::MadeUp;

fn written(shape: &dyn Shape) -> Parts {
    let mut writer = RestXmlWriter::xml("Root", None);
    shape.write(&mut writer);
    writer.finish()
}

fn bytes(body: &PartsBody) -> Bytes {
    match body {
        PartsBody::None => Bytes::new(),
        PartsBody::Document(bytes) | PartsBody::Raw(bytes) => bytes.clone(),
    }
}

fn shown(parts: &Parts) -> String {
    let mut headers: Vec<_> = parts.headers.iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    format!("{:?} {:?} {headers:?} {:?}", parts.labels, parts.query, parts.body)
}

/// A request from a client's side and back.
pub fn request<T: Shape>(name: &str, seed: u64) {
    let operation = MODEL.operation(name).unwrap();
    let made = T::read(&mut MadeUp::new(seed)).unwrap();
    let parts = written(&made);
    let label = |name: &str| parts.labels.iter().find(|(label, _)| *label == name).map(|(_, value)| value.as_str());
    let path = fill(operation.uri.split('?').next().unwrap(), label);
    let query = parts.query_string();
    let body = bytes(&parts.body);
    let head = Head::of_request(operation, &path, Some(&query), &parts.headers).unwrap();
    let read = T::read(&mut RestXmlReader::new(head, &body)).unwrap_or_else(|error| panic!("{name}: {error} {body:?}"));
    assert_eq!(shown(&written(&read)), shown(&parts), "{name}");
}

/// An answer from the server's side and back.
pub fn answer<T: Shape>(name: &str, seed: u64) {
    let operation = MODEL.operation(name).unwrap();
    let made = T::read(&mut MadeUp::new(seed)).unwrap();
    let reply = codec(ProtocolId::RestXml).unwrap().success(&MODEL, operation, "1", &made);
    if name == "GetBucketLocation" || reply.status == 204 {
        return;
    }
    let head = Head::of_answer(reply.status.as_u16(), &reply.headers);
    let read =
        T::read(&mut RestXmlReader::new(head, &reply.body)).unwrap_or_else(|error| panic!("{name}: {error} {reply:?}"));
    assert_eq!(bytes(&written(&read).body), bytes(&written(&made).body), "{name}");
}

/// What went before the `…NotificationConfiguration` operations has two members of one name.
fn is_unambiguous(name: &str) -> bool {
    !matches!(name, "GetBucketNotification" | "PutBucketNotification")
}

proptest! {
    #[test]
    fn requests_are_read_as_they_were_written(seed in any::<u64>()) {
        for (name, request, _) in ALL.iter().filter(|(name, ..)| is_unambiguous(name)) {
            request(name, seed);
        }
    }

    #[test]
    fn answers_are_read_as_they_were_written(seed in any::<u64>()) {
        for (name, _, answer) in ALL.iter().filter(|(name, ..)| is_unambiguous(name)) {
            answer(name, seed);
        }
    }

    #[test]
    fn keys_are_taken_whole(key in "[a-z/+%&=ü ]{0,20}[a-z+%]") {
        let headers = http::HeaderMap::new();
        let path = fill("/{Bucket}/{Key+}", |name| Some(if name == "Bucket" { "b" } else { &key }));
        let asked = Asked { method: "GET", path: &path, query: "", headers: &headers };
        let routes = Routes::new(&MODEL);
        assert_eq!(routes.find(&asked).map(|index| MODEL.operations[index].name), Some("GetObject"), "{path}");
        let labels = tidegate_protocol::rest::labels("/{Bucket}/{Key+}", &path).unwrap();
        assert_eq!(labels, [("Bucket", "b".to_owned()), ("Key", key)]);
    }
}
