//! Any request, signed by a signer that shares no code with the verifier, is accepted.
//!
//! The signer starts from what a client knows (decoded path segments, decoded parameters), the
//! verifier from what arrives; so a slip in decoding or encoding shows.

use hmac::{Hmac, Mac};
use proptest::prelude::{Strategy, prop};
use proptest::{prop_assert, proptest};
use sha2::{Digest, Sha256};
use tidegate_sigv4::{Expected, Request, SignatureError, Style, verify};

use crate::{OneKey, at, headers};

const SECRET: &str = "a secret";
const DATE: &str = "20150830T123600Z";
const SCOPE: &str = "20150830/eu-west-1/sqs/aws4_request";

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[derive(Debug)]
struct Asked {
    segments: Vec<String>,
    parameters: Vec<(String, String)>,
    body: String,
}

/// Signs as a client would, and verifies what it would send after `change` changed it.
fn outcome(asked: &Asked, style: Style, change: impl Fn(&mut String)) -> Result<(), SignatureError> {
    let once: Vec<String> = asked.segments.iter().map(|segment| encoded(segment)).collect();
    let path = format!("/{}", once.join("/"));
    let canonical_path = match style {
        Style::S3 => path.clone(),
        Style::Standard => format!("/{}", once.iter().map(|segment| encoded(segment)).collect::<Vec<_>>().join("/")),
    };
    let mut pairs: Vec<(String, String)> = asked.parameters.iter().map(|(k, v)| (encoded(k), encoded(v))).collect();
    let mut query = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&");
    pairs.sort();
    let canonical_query = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&");
    let payload = hash(asked.body.as_bytes());
    let canonical = format!(
        "POST\n{canonical_path}\n{canonical_query}\nhost:h\nx-amz-content-sha256:{payload}\nx-amz-date:{DATE}\n\nhost;x-amz-content-sha256;x-amz-date\n{payload}"
    );
    let to_sign = format!("AWS4-HMAC-SHA256\n{DATE}\n{SCOPE}\n{}", hash(canonical.as_bytes()));
    let key = SCOPE.split('/').fold(format!("AWS4{SECRET}").into_bytes(), |key, part| mac(&key, part));
    let signature = hex::encode(mac(&key, &to_sign));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=KEY/{SCOPE}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"
    );
    let headers = headers([
        ("host", "h"),
        ("x-amz-content-sha256", payload.as_str()),
        ("x-amz-date", DATE),
        ("authorization", authorization.as_str()),
    ]);
    change(&mut query);
    let request = Request { method: "POST", path: &path, query: &query, headers: &headers, authority: None };
    let expected = Expected { style, service: "sqs", body: Some(asked.body.as_bytes()), now: at(1_440_938_160) };
    verify(&request, &expected, &OneKey::new("KEY", SECRET)).map(drop)
}

fn asked() -> impl Strategy<Value = Asked> {
    // Dot segments are left to the table of cases: clients resolve them before they sign.
    let segments = prop::collection::vec("[^./][^/]{0,8}", 1..4);
    let parameters = prop::collection::vec((".{1,6}", ".{0,6}"), 0..4);
    let parameters =
        parameters.prop_map(|pairs| pairs.into_iter().filter(|(key, _)| !key.starts_with("X-Amz-")).collect());
    (segments, parameters, ".{0,50}").prop_map(|(segments, parameters, body)| Asked { segments, parameters, body })
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted_and_what_is_changed_is_not(asked in asked()) {
        for style in [Style::Standard, Style::S3] {
            let accepted = outcome(&asked, style, |_| {});
            prop_assert!(accepted.is_ok(), "{style:?}: {accepted:?}");
            let changed = outcome(&asked, style, |query| query.push_str("&more"));
            prop_assert!(matches!(changed, Err(SignatureError::Mismatch { .. })), "{style:?}: {changed:?}");
        }
    }
}
