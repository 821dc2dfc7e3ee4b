//! SES: addresses, headers of mails, templates, and what is read back from disk. Whatever comes is understood
//! or refused.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test's runtime is its own")]

use tidegate_fuzz::{Material, fuzz};
use tidegate_record::Stored;
use tidegate_ses::domain::address::{self, Mailbox};
use tidegate_ses::domain::message::{Headers, with_crlf};
use tidegate_ses::domain::rendering;
use tidegate_ses::domain::template::Parts;
use tidegate_ses::store::{Counters, Sent, keys};

const ADDRESSES: Material<'static> = Material {
    examples: &[
        b"a@example.com",
        b"\"A, \\\"B\\\"\" <a@example.com>, b@example.com (B)",
        b"=?UTF-8?B?w4TDtg==?= <a@[127.0.0.1]>",
    ],
    words: &["@", "<", ">", "(", ")", "\"", "\\", ",", ".", "=?utf-8?Q?", "?=", " ", "example.com"],
};

#[test]
fn addresses() {
    fuzz(ADDRESSES, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(all) = Mailbox::parse_list(&text) {
            all.iter().for_each(|mailbox| assert_eq!(address::check(&mailbox.address), Ok(())));
        }
    });
}

const MAILS: Material<'static> = Material {
    examples: &[b"From: a@example.com\r\nSubject: a\r\n b\r\n\r\nbody\r\n", b"To: a\n\nb"],
    words: &["\r\n", "\n", ":", " ", "From", "Bcc", "\u{0}", "ä"],
};

#[test]
fn headers() {
    fuzz(MAILS, |bytes| {
        let mime = with_crlf(bytes);
        let headers = Headers::read(&mime);
        assert!(headers.body <= mime.len());
        let same = headers.rewrite(&mime, |_| false, &[]);
        assert!(same.ends_with(&mime[headers.body..]), "the body is what it was");
        let without = Headers::read(&headers.rewrite(&mime, |name| name.eq_ignore_ascii_case("bcc"), &[]));
        assert!(headers.all.is_empty() || without.get("Bcc").is_none(), "what is dropped is gone");
    });
}

const TEMPLATES: Material<'static> = Material {
    examples: &[
        b"Hi {{name}}{{#if a.b}}x{{else}}y{{/if}}",
        b"{{#each l}}{{this}}{{@index}}{{/each}}{{#* inline \"f\"}}{{name}}{{/inline}}{{> f}}",
    ],
    words: &[
        "{{",
        "}}",
        "{{{",
        "}}}",
        "#if ",
        "#each ",
        "/if",
        "/each",
        "else",
        "this",
        "#* inline \"f\"",
        "> f",
        "../",
        "(",
        ")",
        "@",
        "~",
        "!--",
        "--",
    ],
};

#[test]
fn templates() {
    let data = rendering::data(r#"{"name":"n","a":{"b":1},"l":[1,[2],{"c":3}]}"#).unwrap();
    fuzz(TEMPLATES, |bytes| {
        let parts = Parts { text: Some(String::from_utf8_lossy(bytes).into_owned()), ..Parts::default() };
        if rendering::check(&parts).is_err() {
            assert!(rendering::render(&parts, &data).is_err(), "what is no template is not rendered");
        } else {
            drop(rendering::render(&parts, &data));
        }
    });
}

const STORED: Material<'static> = Material { examples: &[b"\x01\x01\x02\x03\x04\x05\x06"], words: &["{", "}", "\""] };

#[test]
fn records_and_keys() {
    fuzz(STORED, |bytes| {
        let bytes = bytes::Bytes::copy_from_slice(bytes);
        if let Ok(counters) = Counters::decode(&bytes) {
            assert_eq!(Counters::decode(&counters.encode()), Ok(counters));
        }
        if let Ok(sent) = Sent::decode(&bytes) {
            assert_eq!(Sent::decode(&sent.encode()), Ok(sent));
        }
        drop(keys::parse_row(&bytes));
        drop(keys::parse_counters(&bytes));
    });
}
