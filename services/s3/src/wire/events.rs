//! Events as their receivers see them: "Event message structure" of the user guide, and what the real
//! service sends.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tidegate_protocol::rest_xml::host_id;
use tidegate_types::{AccountId, Timestamp};

use crate::domain::Event;
use crate::store::{Bucket, VersionId, VersionRecord};

/// Who made it happen, and how.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Who, such as `AWS:AIDAEXAMPLE`.
    pub principal: String,
    /// Who, as an account or as a service.
    pub requester: String,
    /// From where.
    pub source: String,
    /// The request.
    pub request_id: String,
    /// The trace it belongs to.
    pub trace: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What happened to which object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Happening<'a> {
    /// What.
    pub event: Event,
    /// To the object of which key.
    pub key: &'a str,
    /// To which version: the one that came, went or changed.
    pub version: &'a VersionRecord,
    /// What puts events of one key in order, where that matters.
    pub sequencer: Option<VersionId>,
}

/// The event for queues, topics and functions.
pub(crate) fn notification(origin: &Origin, bucket: &Bucket, config_id: &str, happening: Happening<'_>) -> Value {
    let Happening { event, key, version, sequencer } = happening;
    let mut object = json!({ "key": encoded(key) });
    if let (Some(shown), true) = (version.object(), has_body(event)) {
        object["size"] = shown.size.into();
        object["eTag"] = shown.etag.to_string().into();
    }
    if version.object().is_none() && !matches!(event, Event::Delete | Event::LifecycleDelete) {
        object["eTag"] = EMPTY_MD5.into();
    }
    if !version.is_null {
        object["versionId"] = version.version.to_string().into();
    }
    if let Some(sequencer) = sequencer {
        object["sequencer"] = format!("{:032X}", sequencer.0).into();
    }
    let mut record = json!({
        "eventVersion": event.structure(),
        "eventSource": "aws:s3",
        "awsRegion": bucket.record.region.as_str(),
        "eventTime": iso(origin.at),
        "eventName": event.name(),
        "userIdentity": { "principalId": origin.principal },
        "requestParameters": { "sourceIPAddress": origin.source },
        "responseElements": { "x-amz-request-id": origin.request_id, "x-amz-id-2": host_id(&origin.request_id) },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": config_id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": { "principalId": owner_identity(bucket.record.account) },
                "arn": bucket.arn(),
            },
            "object": object,
        },
    });
    if let (Event::LifecycleTransition, Some(shown)) = (event, version.object()) {
        let class = json!({ "destinationStorageClass": shown.storage_class });
        record["lifecycleEventData"] = json!({ "transitionEventData": class });
    }
    json!({ "Records": [record] })
}

/// The event for a bus.
pub(crate) fn bus_event(origin: &Origin, bucket: &Bucket, id: &str, happening: Happening<'_>) -> Value {
    let Happening { event, key, version, sequencer } = happening;
    let mut object = json!({ "key": key });
    if let Some(shown) = version.object() {
        object["etag"] = shown.etag.to_string().into();
        if has_body(event) {
            object["size"] = shown.size.into();
        }
    }
    if !version.is_null {
        object["version-id"] = version.version.to_string().into();
    }
    if let Some(sequencer) = sequencer {
        object["sequencer"] = format!("{:032X}", sequencer.0).into();
    }
    let mut detail = json!({
        "version": "0",
        "bucket": { "name": bucket.name },
        "object": object,
        "request-id": origin.request_id,
        "requester": origin.requester,
    });
    let (kind, reason) = bus_names(event);
    if !is_lifecycle(event) {
        detail["source-ip-address"] = origin.source.clone().into();
    }
    if let Some(reason) = reason {
        detail["reason"] = reason.into();
    }
    match event {
        Event::Delete | Event::LifecycleDelete => detail["deletion-type"] = "Permanently Deleted".into(),
        Event::DeleteMarkerCreated | Event::LifecycleDeleteMarkerCreated => {
            detail["deletion-type"] = "Delete Marker Created".into();
        }
        Event::LifecycleTransition => {
            let class = version.object().map(|object| object.storage_class.as_str());
            detail["destination-storage-class"] = class.unwrap_or_default().into();
        }
        Event::Put
        | Event::Post
        | Event::Copy
        | Event::CompleteMultipartUpload
        | Event::RestorePost
        | Event::TaggingPut
        | Event::TaggingDelete
        | Event::AclPut => {}
    }
    json!({
        "version": "0",
        "id": id,
        "detail-type": kind,
        "source": "aws.s3",
        "account": bucket.record.account.to_string(),
        "time": iso_seconds(origin.at),
        "region": bucket.record.region.as_str(),
        "resources": [bucket.arn()],
        "detail": detail,
    })
}

/// What a queue or a topic gets when it is named in a configuration for the first time.
pub(crate) fn test_event(bucket: &str, request_id: &str, at: Timestamp) -> Value {
    json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": iso(at),
        "Bucket": bucket,
        "RequestId": request_id,
        "HostId": host_id(request_id),
    })
}

/// The entity tag of what has no body.
const EMPTY_MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

fn has_body(event: Event) -> bool {
    !event.is_removal()
}

fn is_lifecycle(event: Event) -> bool {
    matches!(event, Event::LifecycleDelete | Event::LifecycleDeleteMarkerCreated | Event::LifecycleTransition)
}

fn bus_names(event: Event) -> (&'static str, Option<&'static str>) {
    match event {
        Event::Put => ("Object Created", Some("PutObject")),
        Event::Post => ("Object Created", Some("POST Object")),
        Event::Copy => ("Object Created", Some("CopyObject")),
        Event::CompleteMultipartUpload => ("Object Created", Some("CompleteMultipartUpload")),
        Event::Delete | Event::DeleteMarkerCreated => ("Object Deleted", Some("DeleteObject")),
        Event::LifecycleDelete | Event::LifecycleDeleteMarkerCreated => {
            ("Object Deleted", Some("Lifecycle Expiration"))
        }
        Event::RestorePost => ("Object Restore Initiated", None),
        Event::LifecycleTransition => ("Object Storage Class Changed", None),
        Event::TaggingPut => ("Object Tags Added", None),
        Event::TaggingDelete => ("Object Tags Deleted", None),
        Event::AclPut => ("Object ACL Updated", None),
    }
}

/// A key as events show it: as in a form, but with its slashes.
pub(crate) fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' | b'/' => text.push(char::from(byte)),
            b' ' => text.push('+'),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

/// By what name events know an account that owns a bucket.
fn owner_identity(account: AccountId) -> String {
    let digest = Sha256::digest(account.to_string().as_bytes());
    let letters =
        digest.iter().take(13).map(|byte| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(byte % 32)]));
    std::iter::once('A').chain(letters).collect()
}

fn iso(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis().cast_signed()).unwrap_or(jiff::Timestamp::MAX);
    instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn iso_seconds(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis().cast_signed()).unwrap_or(jiff::Timestamp::MAX);
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_in_a_form() {
        assert_eq!(encoded("a b/ü+&.jpg"), "a+b/%C3%BC%2B%26.jpg");
        assert_eq!(encoded("plain-_.*~"), "plain-_.*%7E");
    }

    #[test]
    fn times_have_milliseconds_or_none() {
        let at = Timestamp::from_millis(1_700_000_000_005);
        assert_eq!(iso(at), "2023-11-14T22:13:20.005Z");
        assert_eq!(iso_seconds(at), "2023-11-14T22:13:20Z");
    }
}
