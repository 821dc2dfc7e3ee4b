//! Signatures: headers, presigned URLs, upload forms and chunked bodies.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_fuzz::{Material, fuzz};
use tidegate_sigv4::{
    ChunkDecoder, Claimed, Expected, Keys, Payload, PostForm, PostPolicy, Refused, Request, Secret, SignatureError,
    Style, verify, verify_form,
};
use tidegate_types::Timestamp;

const WORDS: &[&str] = &[
    "AWS4-HMAC-SHA256",
    "Credential=",
    "SignedHeaders=",
    "Signature=",
    "aws4_request",
    "/",
    ";",
    ",",
    "host",
    "x-amz-date",
    "x-amz-content-sha256",
    "UNSIGNED-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "%2F",
    "%",
    "%0",
    "&",
    "=",
    "?",
    "20150830T123600Z",
    "99999999T999999Z",
    "-1",
    "604801",
    "X-Amz-Expires=",
    "X-Amz-Credential=",
    "..",
    "//",
];

/// A key that everybody has, so that signatures are computed and not only looked up.
struct OneKey;

impl Keys for OneKey {
    fn secret(&self, access_key: &str, _token: Option<&str>, _now: Timestamp) -> Result<Secret, Refused> {
        match access_key {
            "" => Err(Refused::Unknown),
            // AWS's examples for S3 differ by one character from its test suite.
            "AKIAIOSFODNN7EXAMPLE" => Ok(Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
            _ => Ok(Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")),
        }
    }
}

/// 2015-08-30T12:36:00Z, as in AWS's own examples.
const NOW: Timestamp = Timestamp::from_secs(1_440_938_160);

/// A request in text: a line with method, path and query, then headers.
fn parsed(text: &str) -> Option<(&str, &str, &str, HeaderMap)> {
    let mut lines = text.split('\n');
    let (method, target) = lines.next()?.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    Some((method, path, query, headers))
}

const REQUESTS: Material<'static> = Material {
    examples: &[
        b"GET /\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\nauthorization:AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        b"GET /a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20150830%2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=00&X-Amz-Security-Token=t\nhost:h",
        b"PUT /bucket/key?partNumber=1&uploadId=u\nhost:h\nx-amz-content-sha256:STREAMING-AWS4-HMAC-SHA256-PAYLOAD\nx-amz-decoded-content-length:5\nx-amz-date:20150830T123600Z\nauthorization:AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/service/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=00",
    ],
    words: WORDS,
};

#[test]
fn signed_requests() {
    fuzz(REQUESTS, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Some((method, path, query, headers)) = parsed(&text) else { return };
        let request = Request { method, path, query, headers: &headers, authority: None };
        drop(Claimed::of(&headers, Some(query)));
        for (style, body) in [(Style::Standard, Some(&b""[..])), (Style::S3, None)] {
            let expected = Expected { style, service: "service", body, now: NOW };
            match verify(&request, &expected, &OneKey) {
                Ok(verified) => assert_eq!(verified.scope.service, "service"),
                Err(error) => drop(error.to_service_error(style)),
            }
        }
    });
}

/// The published example verifies, so that the target above is known to reach the comparison.
#[test]
fn the_published_example_verifies() {
    let text = std::str::from_utf8(REQUESTS.examples[0]).unwrap();
    let (method, path, query, headers) = parsed(text).unwrap();
    let request = Request { method, path, query, headers: &headers, authority: None };
    let expected = Expected { style: Style::Standard, service: "service", body: Some(b""), now: NOW };
    assert!(verify(&request, &expected, &OneKey).is_ok());
    let tampered = Request { path: "/b", ..request };
    assert!(matches!(verify(&tampered, &expected, &OneKey), Err(SignatureError::Mismatch { .. })));
}

const CHUNKS: Material<'static> = Material {
    examples: &[
        b"5\r\nhello\r\n0\r\n\r\n",
        b"3\r\nabc\r\n4\r\ndefg\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
        b"5;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\nhello\r\n0;chunk-signature=00\r\n\r\n",
    ],
    words: &["\r\n", "0\r\n\r\n", ";chunk-signature=", "ffffffffffffffff", "10000000000000000", "-1", "x-amz-trailer:", "0"],
};

/// How a body is cut into pieces on its way must not matter.
#[test]
fn chunked_bodies() {
    let decode = |pieces: &[&[u8]]| {
        let (mut decoder, mut payload) = (ChunkDecoder::unsigned(), Vec::new());
        let pushed = pieces.iter().try_for_each(|piece| decoder.push(Bytes::copy_from_slice(piece), &mut payload));
        pushed.and_then(|()| decoder.finish()).ok().map(|trailers| (payload.concat(), trailers))
    };
    fuzz(CHUNKS, |body| {
        let whole = decode(&[body]);
        let bytewise: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(decode(&bytewise), whole);
        let (first, second) = body.split_at(body.len() / 2);
        assert_eq!(decode(&[first, second]), whole);
        assert!(whole.is_none_or(|(payload, _)| payload.len() <= body.len()));
    });
}

/// The head of AWS's example of an upload in signed chunks.
const UPLOAD: &str = "PUT /examplebucket/chunkObject.txt\nhost:s3.amazonaws.com\nauthorization:AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9\nx-amz-date:20130524T000000Z\nx-amz-storage-class:REDUCED_REDUNDANCY\nx-amz-content-sha256:STREAMING-AWS4-HMAC-SHA256-PAYLOAD\ncontent-encoding:aws-chunked\nx-amz-decoded-content-length:66560\ncontent-length:66824";

/// 2013-05-24T00:00:00Z.
const THEN: Timestamp = Timestamp::from_secs(1_369_353_600);

fn signed_decoder() -> ChunkDecoder {
    let (method, path, query, headers) = parsed(UPLOAD).unwrap();
    let request = Request { method, path, query, headers: &headers, authority: None };
    let expected = Expected { style: Style::S3, service: "s3", body: None, now: THEN };
    match verify(&request, &expected, &OneKey).unwrap().payload {
        Payload::Chunked(decoder) => *decoder,
        other => panic!("the upload is chunked, not {other:?}"),
    }
}

/// The example's body: three chunks, each signed with the signature before it.
fn signed_body() -> Vec<u8> {
    let mut body = Vec::new();
    for (size, signature) in [
        (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ] {
        body.extend_from_slice(format!("{size:x};chunk-signature={signature}\r\n").as_bytes());
        body.extend(std::iter::repeat_n(b'a', size));
        body.extend_from_slice(b"\r\n");
    }
    body
}

/// Whatever is done to a signed body: what is accepted is what was signed, however it arrives.
#[test]
fn signed_chunked_bodies() {
    let decode = |pieces: &[&[u8]]| {
        let (mut decoder, mut payload) = (signed_decoder(), Vec::new());
        let pushed = pieces.iter().try_for_each(|piece| decoder.push(Bytes::copy_from_slice(piece), &mut payload));
        pushed.and_then(|()| decoder.finish()).ok().map(|_| payload.concat())
    };
    let body = signed_body();
    let signed = vec![b'a'; 66560];
    assert_eq!(decode(&[&body]), Some(signed.clone()));
    // From behind the first chunk's data on as well, so that edits do not all fall into it.
    let heads = [&body[..100], &body[65_600..]].concat();
    let material = Material { examples: &[&body, &heads], words: CHUNKS.words };
    fuzz(material, |body| {
        let whole = decode(&[body]);
        assert!(whole.as_ref().is_none_or(|payload| *payload == signed), "an unsigned payload was accepted");
        let (first, second) = body.split_at(body.len() / 2);
        assert_eq!(decode(&[first, second]), whole);
    });
}

const POLICIES: Material<'static> = Material {
    examples: &[
        br#"{"expiration":"2015-12-30T12:00:00.000Z","conditions":[{"bucket":"b"},["starts-with","$key","user/"],["eq","$acl","public-read"],["content-length-range",0,10]]}"#,
    ],
    words: &["[", "]", "{", "}", "\"", ",", "$", "starts-with", "content-length-range", "-1", "1e99", "eq", "null", "2015-13-99"],
};

#[test]
fn upload_policies_and_forms() {
    fuzz(POLICIES, |text| {
        let value = String::from_utf8_lossy(text).into_owned();
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = [
            field("key", "user/a"),
            field("acl", "public-read"),
            field("policy", &value),
            field("x-amz-algorithm", "AWS4-HMAC-SHA256"),
            field("x-amz-credential", "A/20150830/us-east-1/s3/aws4_request"),
            field("x-amz-signature", "00"),
        ];
        let form = PostForm { bucket: "b", fields: &fields, content_length: Some(5) };
        if let Ok(policy) = PostPolicy::parse(text) {
            drop(policy.check(&form, NOW));
        }
        let expected = Expected { style: Style::S3, service: "s3", body: None, now: NOW };
        assert!(verify_form(&form, &expected, &OneKey).is_err(), "a made-up signature was accepted");
    });
}
