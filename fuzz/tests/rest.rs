//! The REST protocols: routing by method and path, and the readers of whole messages.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_api_lambda as lambda;
use tidegate_api_s3 as s3;
use tidegate_fuzz::{Material, fuzz};
use tidegate_protocol::rest::{Asked, Head, Routes, labels};
use tidegate_protocol::rest_json::{RestJsonReader, RestJsonWriter};
use tidegate_protocol::rest_xml::{RestXmlReader, RestXmlWriter};
use tidegate_protocol::{Operation, Shape, constraints};

/// A request in four parts, a line each: method, target, headers, and the rest is the body.
const MESSAGES: Material<'static> = Material {
    examples: &[
        b"POST\n/2015-03-31/functions/f/invocations?Qualifier=1\nx-amz-log-type: Tail\n{\"a\":1}",
        b"POST\n/2015-03-31/functions\n\n{\"FunctionName\":\"f\",\"Code\":{\"ZipFile\":\"UEs=\"},\"Timeout\":3,\"Tags\":{\"a\":\"b\"}}",
        b"GET\n/2015-03-31/functions/?MaxItems=5&Marker=a%2Bb+c\n\n",
        b"DELETE\n/2017-03-31/tags/arn%3Aaws%3Alambda?tagKeys=a&tagKeys=b\n\n",
        b"GET\n/b?list-type=2&prefix=x%2F\nx-amz-optional-object-attributes: RestoreStatus, \"a,b\"\n",
        b"PUT\n/b/k//l%2Fm\nx-amz-meta-a: b\nbytes",
        b"POST\n/b?delete\n\n<Delete xmlns=\"x\"><Object><Key>a</Key></Object><Quiet>true</Quiet><Object><Key>&#98;</Key></Object></Delete>",
        b"PUT\n/b?acl\n\n<A><AccessControlList><Grant><Grantee xmlns:xsi=\"y\" xsi:type=\"Group\"/></Grant></AccessControlList></A>",
    ],
    words: &[
        "/", "//", "%2F", "%", "%FF", "+", "?", "&", "=", "{Key+}", "..", "\n", ": ", ",", "\"", "\\", "[[[[[[[[", "{\"",
        "<", ">", "</", "<!DOCTYPE", "<![CDATA[", "&amp;", "&#0;", "xsi:type", "2015-03-31", "functions", "x-amz-meta-",
    ],
};

static LAMBDA: LazyLock<Routes> = LazyLock::new(|| Routes::new(&lambda::MODEL));
static S3: LazyLock<Routes> = LazyLock::new(|| Routes::new(&s3::MODEL));

struct Message<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: HeaderMap,
    body: Bytes,
}

fn message(bytes: &[u8]) -> Option<Message<'_>> {
    let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
    let mut text = || std::str::from_utf8(lines.next()?).ok();
    let (method, target, header) = (text()?, text()?, text()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = header.split_once(": ")
        && let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>())
    {
        headers.insert(name, value);
    }
    let body = Bytes::copy_from_slice(lines.next().unwrap_or_default());
    Some(Message { method, path, query, headers, body })
}

fn json<T: Shape>(message: &Message<'_>, operation: &Operation) {
    let Ok(head) = Head::of_request(operation, message.path, Some(message.query), &message.headers) else { return };
    if let Ok(read) = T::read(&mut RestJsonReader::new(head, &message.body)) {
        drop(constraints::check(lambda::MODEL.validation, &read));
        let mut writer = RestJsonWriter::json();
        read.write(&mut writer);
        drop(writer.finish());
    }
}

fn xml<T: Shape>(message: &Message<'_>, operation: &Operation) {
    let Ok(head) = Head::of_request(operation, message.path, Some(message.query), &message.headers) else { return };
    if let Ok(read) = T::read(&mut RestXmlReader::new(head, &message.body)) {
        let mut writer = RestXmlWriter::xml("Root", None);
        read.write(&mut writer);
        drop(writer.finish());
    }
}

#[test]
fn messages() {
    type Read = fn(&Message<'_>, &Operation);
    const JSON: [(&str, Read); 5] = [
        ("CreateFunction", json::<lambda::CreateFunctionRequest>),
        ("Invoke", json::<lambda::InvocationRequest>),
        ("ListDurableExecutionsByFunction", json::<lambda::ListDurableExecutionsByFunctionRequest>),
        ("StopDurableExecution", json::<lambda::StopDurableExecutionRequest>),
        ("UntagResource", json::<lambda::UntagResourceRequest>),
    ];
    const XML: [(&str, Read); 5] = [
        ("DeleteObjects", xml::<s3::DeleteObjectsRequest>),
        ("PutBucketAcl", xml::<s3::PutBucketAclRequest>),
        ("PutBucketLifecycleConfiguration", xml::<s3::PutBucketLifecycleConfigurationRequest>),
        ("PutBucketPolicy", xml::<s3::PutBucketPolicyRequest>),
        ("PutObject", xml::<s3::PutObjectRequest>),
    ];
    fuzz(MESSAGES, |bytes| {
        let Some(message) = message(bytes) else { return };
        for (name, read) in JSON {
            read(&message, lambda::MODEL.operation(name).unwrap());
        }
        for (name, read) in XML {
            read(&message, s3::MODEL.operation(name).unwrap());
        }
    });
}

/// Whatever is found, all labels of its pattern have a value, unless one is not UTF-8.
#[test]
fn routes() {
    fuzz(MESSAGES, |bytes| {
        let Some(message) = message(bytes) else { return };
        let Message { method, path, query, headers, .. } = &message;
        let asked = Asked { method, path, query, headers };
        for (routes, model) in [(&*LAMBDA, &lambda::MODEL), (&*S3, &s3::MODEL)] {
            let alone = routes.find_by_path_alone(&asked);
            let found = routes.find(&asked);
            assert!(alone.is_none() || found.is_some());
            let Some(operation) = found.map(|index| &model.operations[index]) else { continue };
            assert_eq!(operation.method, *method);
            if let Ok(labels) = labels(operation.uri, path) {
                assert_eq!(labels.len(), operation.uri.matches('{').count(), "{path}");
                assert!(labels.iter().all(|(_, value)| !value.is_empty()), "{path}");
            }
        }
    });
}
