//! Each kind of binding, in both directions, as AWS's clients write and read it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use tidegate_api_s3 as api;
use tidegate_protocol::rest::Head;
use tidegate_protocol::rest_xml::RestXmlReader;
use tidegate_protocol::{DecodeError, ErrorShape, Fault, ProtocolId, ServiceError, Shape, codec};
use tidegate_types::Timestamp;

/// Reads a request: its target, headers (`name: value`) and body.
fn read<T: Shape>(operation: &str, target: &str, headers: &[&str], body: &str) -> Result<T, DecodeError> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let lines = headers.iter().map(|line| line.split_once(": ").unwrap());
    let headers: HeaderMap =
        lines.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
    let body = Bytes::copy_from_slice(body.as_bytes());
    let operation = api::MODEL.operation(operation).unwrap();
    T::read(&mut RestXmlReader::new(Head::of_request(operation, path, query, &headers)?, &body))
}

/// What matters of an answer, as a client sees it.
fn written(operation: &str, output: &dyn Shape) -> String {
    let operation = api::MODEL.operation(operation).unwrap();
    shown(&codec(ProtocolId::RestXml).unwrap().success(&api::MODEL, operation, "1", output))
}

fn shown(reply: &tidegate_protocol::Reply) -> String {
    let mut lines = vec![reply.status.as_u16().to_string()];
    let shown = reply.headers.iter().filter(|(name, _)| !name.as_str().ends_with("id") && *name != "x-amz-id-2");
    lines.extend(shown.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
    lines[1..].sort();
    lines.push(String::from_utf8_lossy(&reply.body).replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""));
    lines.join("\n")
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn objects_are_bytes_with_headers() {
    let headers = [
        "x-amz-meta-Owner: me",
        "x-amz-meta-b: c",
        "Expires: Sun, 25 Jan 2015 08:00:00 GMT",
        "Cache-Control: no-store",
    ];
    let input: api::PutObjectRequest = read("PutObject", "/b/a%20b//c", &headers, "<bytes>").unwrap();
    assert_eq!((input.bucket, input.key, input.cache_control), (text("b"), text("a b//c"), text("no-store")));
    let metadata = [("owner", "me"), ("b", "c")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(input.metadata, Some(BTreeMap::from(metadata)));
    assert_eq!(input.body.as_deref(), Some(&b"<bytes>"[..]));
    let output = api::GetObjectOutput {
        body: Some(Bytes::from_static(b"\0bytes")),
        last_modified: Some(Timestamp::from_secs(1_422_172_800)),
        content_length: Some(6),
        e_tag: text("\"x\""),
        metadata: Some(BTreeMap::from([("owner".to_owned(), "me".to_owned())])),
        ..api::GetObjectOutput::default()
    };
    assert_eq!(
        written("GetObject", &output),
        "200\ncontent-length: 6\ncontent-type: binary/octet-stream\netag: \"x\"\n\
         last-modified: Sun, 25 Jan 2015 08:00:00 GMT\nx-amz-meta-owner: me\n\0bytes"
    );
    assert_eq!(written("DeleteObject", &api::DeleteObjectOutput::default()), "204\n");
}

#[test]
fn lists_are_flattened_where_the_model_says_so() {
    let body = r#"<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
        <Object><Key>a</Key></Object><Quiet>true</Quiet><Object><Key>b &amp; &#99;</Key><VersionId>1</VersionId></Object>
        <Unknown><Key>x</Key></Unknown></Delete>"#;
    let input: api::DeleteObjectsRequest = read("DeleteObjects", "/b?delete", &[], body).unwrap();
    let delete = input.delete.unwrap();
    let keys: Vec<_> = delete.objects.unwrap().into_iter().map(|object| object.key.unwrap()).collect();
    assert_eq!((keys, delete.quiet), (vec!["a".to_owned(), "b & c".to_owned()], Some(true)));
    let output = api::ListObjectsV2Output {
        name: text("b"),
        contents: Some(vec![api::Object {
            key: text("a<b"),
            size: Some(3),
            last_modified: Some(Timestamp::from_secs(1_422_172_800)),
            ..api::Object::default()
        }]),
        common_prefixes: Some(vec![api::CommonPrefix { prefix: text("p/") }]),
        ..api::ListObjectsV2Output::default()
    };
    assert_eq!(
        written("ListObjectsV2", &output),
        "200\ncontent-type: application/xml\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Contents><Key>a&lt;b</Key><LastModified>2015-01-25T08:00:00.000Z</LastModified><Size>3</Size></Contents>\
         <Name>b</Name><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>"
    );
    let output = api::ListBucketsOutput {
        buckets: Some(vec![api::Bucket { name: text("b"), ..api::Bucket::default() }]),
        ..api::ListBucketsOutput::default()
    };
    let written = written("ListBuckets", &output);
    assert!(
        written.contains("<Buckets><Bucket><Name>b</Name></Bucket></Buckets></ListAllMyBucketsResult>"),
        "{written}"
    );
}

#[test]
fn attributes_payloads_and_bare_texts() {
    let body = r#"<AccessControlPolicy xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><AccessControlList><Grant>
        <Grantee xsi:type="CanonicalUser"><ID>me</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList>
        </AccessControlPolicy>"#;
    let input: api::PutBucketAclRequest = read("PutBucketAcl", "/b?acl", &[], body).unwrap();
    let grants = input.access_control_policy.unwrap().grants.unwrap();
    let grantee = grants[0].grantee.clone().unwrap();
    assert_eq!((grantee.r#type.clone(), grantee.id.clone()), (text("CanonicalUser"), text("me")));
    let output = api::GetBucketAclOutput { grants: Some(grants), ..api::GetBucketAclOutput::default() };
    assert_eq!(
        written("GetBucketAcl", &output),
        "200\ncontent-type: application/xml\n<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:type=\"CanonicalUser\"><ID>me</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList>\
         </AccessControlPolicy>"
    );
    let copied = api::CopyObjectResult { e_tag: text("\"x\""), ..api::CopyObjectResult::default() };
    let output = api::CopyObjectOutput { copy_object_result: Some(copied), ..api::CopyObjectOutput::default() };
    assert_eq!(
        written("CopyObject", &output),
        "200\ncontent-type: application/xml\n<CopyObjectResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <ETag>&quot;x&quot;</ETag></CopyObjectResult>"
    );
    let policy = api::GetBucketPolicyOutput { policy: text("{}") };
    assert_eq!(written("GetBucketPolicy", &policy), "200\ncontent-type: binary/octet-stream\n{}");
    for (place, expected) in [
        (
            text("eu-west-1"),
            "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">eu-west-1</LocationConstraint>",
        ),
        (None, "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>"),
    ] {
        let written = written("GetBucketLocation", &api::GetBucketLocationOutput { location_constraint: place });
        assert_eq!(written, format!("200\ncontent-type: application/xml\n{expected}"));
    }
}

#[test]
fn what_is_no_xml_is_refused_in_s3s_words() {
    let long = format!("<Delete>{}</Delete>", "<a/>".repeat(200_001));
    for body in [
        "{",
        "<Delete>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><Delete>&a;</Delete>",
        "<Delete><Quiet>?</Quiet></Delete>",
        &long,
    ] {
        let error = read::<api::DeleteObjectsRequest>("DeleteObjects", "/b?delete", &[], body).unwrap_err();
        let error = ServiceError::from(error);
        assert_eq!((error.shape.query_code, error.shape.status), ("MalformedXML", 400), "{body:.40}");
    }
    let error =
        ServiceError::new(ErrorShape::new("NoSuchKey", 404, Fault::Sender), "The specified key does not exist.");
    let reply = codec(ProtocolId::RestXml).unwrap().failure(Some(&api::MODEL), "1", &error.with_field("Key", "a&b"));
    assert_eq!(
        shown(&reply),
        "404\ncontent-type: application/xml\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.\
         </Message><Key>a&amp;b</Key><RequestId>1</RequestId><HostId>MQ==</HostId></Error>"
    );
    assert_eq!(reply.headers["x-amz-request-id"], "1");
}
