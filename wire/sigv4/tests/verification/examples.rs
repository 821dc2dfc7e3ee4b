//! The worked examples of AWS's documentation ("Signature Calculations for the Authorization Header",
//! "… Query Parameters", "… Chunked Upload") and of its test suite.

use http::HeaderMap;
use tidegate_sigv4::{Expected, Payload, Request, SignatureError, Style, Verified, verify};

use crate::{OneKey, at, headers};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn s3(method: &str, path: &str, query: &str, headers: &HeaderMap) -> Result<Verified, SignatureError> {
    let request = Request { method, path, query, headers, authority: None };
    // 2013-05-24T00:00:00Z.
    let expected = Expected { style: Style::S3, service: "s3", body: None, now: at(1_369_353_600) };
    verify(&request, &expected, &OneKey::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
}

fn authorization(signed_headers: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
         SignedHeaders={signed_headers},Signature={signature}"
    )
}

#[test]
fn get_object() {
    let authorization = authorization(
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
    let headers = headers([
        ("host", "examplebucket.s3.amazonaws.com"),
        ("authorization", &authorization),
        ("range", "bytes=0-9"),
        ("x-amz-content-sha256", EMPTY),
        ("x-amz-date", "20130524T000000Z"),
    ]);
    let verified = s3("GET", "/test.txt", "", &headers).unwrap();
    assert!(matches!(verified.payload, Payload::Sha256(hash) if hash == EMPTY));
}

#[test]
fn put_object_signed_with_the_date_header() {
    let authorization = authorization(
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    );
    let headers = headers([
        ("host", "examplebucket.s3.amazonaws.com"),
        ("authorization", &authorization),
        ("date", "Fri, 24 May 2013 00:00:00 GMT"),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
    ]);
    s3("PUT", "/test%24file.text", "", &headers).unwrap();
}

#[test]
fn get_bucket_lifecycle_and_list_objects() {
    for (query, signature) in [
        ("lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ] {
        let authorization = authorization("host;x-amz-content-sha256;x-amz-date", signature);
        let headers = headers([
            ("host", "examplebucket.s3.amazonaws.com"),
            ("authorization", &authorization),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-content-sha256", EMPTY),
        ]);
        s3("GET", "/", query, &headers).unwrap();
    }
}

#[test]
fn presigned_get_object() {
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let verified = s3("GET", "/test.txt", query, &headers([("host", "examplebucket.s3.amazonaws.com")])).unwrap();
    assert!(matches!(verified.payload, Payload::Done));
}

/// The head of the chunked upload; `body.rs` decodes what follows.
pub(crate) fn chunked_upload() -> Verified {
    let authorization = authorization(
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    );
    let headers = headers([
        ("host", "s3.amazonaws.com"),
        ("authorization", &authorization),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("content-length", "66824"),
    ]);
    s3("PUT", "/examplebucket/chunkObject.txt", "", &headers).expect("the documentation's signature")
}

/// The head of the chunked upload with trailers.
pub(crate) fn chunked_upload_with_trailers() -> Verified {
    let authorization = authorization(
        "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    );
    let headers = headers([
        ("host", "s3.amazonaws.com"),
        ("authorization", &authorization),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("x-amz-trailer", "x-amz-checksum-crc32c"),
    ]);
    s3("PUT", "/examplebucket/chunkObject.txt", "", &headers).expect("the documentation's signature")
}

/// The test suite's requests to `service` at 2015-08-30T12:36:00Z.
#[test]
fn the_test_suite() {
    let suite = |method: &str,
                 path: &str,
                 query: &str,
                 more: &[(&str, &str)],
                 signed: &str,
                 signature: &str,
                 body: &[u8]| {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={signed}, Signature={signature}"
        );
        let own = [
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            ("authorization", authorization.as_str()),
        ];
        let headers = headers(own.into_iter().chain(more.iter().copied()));
        let request = Request { method, path, query, headers: &headers, authority: None };
        let expected =
            Expected { style: Style::Standard, service: "service", body: Some(body), now: at(1_440_938_160) };
        let key = OneKey::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        verify(&request, &expected, &key).map(drop)
    };
    let plain = "host;x-amz-date";
    for (method, path, query, signature) in [
        ("GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("GET", "/", "Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        ("GET", "//", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "/example1/example2/../..", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ] {
        assert_eq!(suite(method, path, query, &[], plain, signature, b""), Ok(()), "{method} {path}?{query}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let signature = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a";
    assert_eq!(suite("POST", "/", "", &form, "content-type;host;x-amz-date", signature, b"Param1=value1"), Ok(()));
}
