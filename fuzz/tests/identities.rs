//! IAM and STS: documents that are to be kept, tokens of providers, certificates and keys, and what is read
//! back from disk. Whatever comes is understood or refused.

use bytes::Bytes;
use tidegate_fuzz::{Material, fuzz};
use tidegate_iam::domain::{Role, User, certificate_end, check_identity, check_trust, ssh_key};
use tidegate_policy::{Document, statement_spans};
use tidegate_record::Stored;
use tidegate_sts::saml::{Metadata, read};
use tidegate_sts::{SessionRecord, Token};
use tidegate_types::Timestamp;

const DOCUMENTS: Material<'static> = Material {
    examples: &[
        br#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Effect":"Deny","Action":["s3:Get*"],"Resource":"arn:aws:s3:::b/${aws:username}"}]}"#,
        br#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/a"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"a:aud":"sts"}}}}"#,
        b"{\n  \"Statement\": [\n    { \"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"sts:*\" }\n  ]\n}",
    ],
    words: &[
        "{", "}", "[", "]", "\"", ",", ":", "\\\"", "\n", "Statement", "\"Statement\":", "Version", "2012-10-17", "Effect",
        "Principal", "AWS", "Service", "Federated", "sts:AssumeRole", "arn:aws:iam::111111111111:root", "*", "${",
    ],
};

/// What is kept can be evaluated, and its statements are found where they stand.
#[test]
fn documents_that_are_kept() {
    fuzz(DOCUMENTS, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let spans = statement_spans(&text);
        let kept = check_identity(&text).is_ok() || check_trust(&text, |_| true).is_ok();
        let document = Document::parse(&text);
        assert!(!kept || document.is_ok(), "kept, and cannot be read: {text}");
        let Ok(document) = document else { return };
        document.context_keys();
        // A name may be written with escapes, or twice, in which case the last one counts.
        if text.matches("Statement").count() == 1 && !text.contains("\\u") {
            assert_eq!(spans.len(), document.statements.len(), "{text}");
            assert!(spans.iter().all(|span| (span.start.line, span.start.column) < (span.end.line, span.end.column)));
        }
    });
}

const TOKENS: Material<'static> = Material {
    examples: &[
        b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        b"eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AAAA",
        b"-----BEGIN CERTIFICATE-----\nMCYwJKADAgECAgEBMAAwADAZFwswMDAxMDEwMDAwWhcKMjYwMTMxMTIwMA==\n-----END CERTIFICATE-----",
        b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB me@here",
    ],
    words: &[".", "=", "e30", "eyJhbGciOiJub25lIn0", "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "MIIB", "ssh-rsa"],
};

/// Nothing that was not signed is taken for signed.
#[test]
fn tokens_and_keys() {
    fuzz(TOKENS, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Some(token) = Token::read(&text) {
            assert!(!token.is_signed_by(&[]));
            token.texts("aud");
            token.time("exp");
        }
        certificate_end(&text);
        ssh_key(&text);
    });
}

const RECORDS: Material<'static> = Material {
    examples: &[
        b"\x01\x01s\x01t\xac\x02\x011\x01a\x01\x01r\x01u\x00\x01\x01r\x01\x01\x01n\x02{}\x01\x01k\x01v\x01\x01k\x01\x01c\x01\x01x",
        b"\x01\x01N\x01/\x01I\x01\x00\x00\x00\x00\x02{}\x00\x90\x1c\x00",
        b"\x01\x01N\x01/\x01I\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    ],
    words: &["\u{1}", "\u{0}", "arn:aws:iam::111111111111:role/r"],
};

/// What can be read is written as it was.
#[test]
fn records() {
    fn again<T: Stored + PartialEq + std::fmt::Debug>(bytes: &Bytes) {
        if let Ok(record) = T::decode(bytes) {
            assert_eq!(T::decode(&record.encode()).as_ref(), Ok(&record));
        }
    }
    fuzz(RECORDS, |bytes| {
        let bytes = Bytes::copy_from_slice(bytes);
        again::<SessionRecord>(&bytes);
        again::<User>(&bytes);
        again::<Role>(&bytes);
    });
}

const RESPONSES: Material<'static> = Material {
    examples: &[
        include_bytes!("../../services/sts/tests/fixtures/saml/assertion.xml"),
        include_bytes!("../../services/sts/tests/fixtures/saml/both.xml"),
        include_bytes!("../../services/sts/tests/fixtures/saml/metadata.xml"),
    ],
    words: &[
        "<",
        ">",
        "/",
        "</",
        "\"",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "&#13;",
        "<saml:Assertion ID=\"_assertion\">",
        "</saml:Assertion>",
        "<ds:Signature>",
        "</ds:Signature>",
        "xmlns:saml=",
        "xmlns=\"\"",
        "root@corp.example",
        "#_assertion",
        "<ds:Object>",
    ],
};

/// Whatever is believed is what was signed.
#[test]
fn responses_of_providers() {
    let metadata = Metadata::read(include_str!("../../services/sts/tests/fixtures/saml/metadata.xml"));
    let metadata = metadata.expect("a provider");
    let now = Timestamp::from_secs(1_700_000_000);
    let encoded = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let signed = read(&encoded(RESPONSES.examples[0]), &metadata, now).expect("what was signed");
    fuzz(RESPONSES, |bytes| {
        if let Ok(said) = read(&encoded(bytes), &metadata, now) {
            assert_eq!(said, signed);
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            drop(Metadata::read(text));
        }
    });
}
