//! What is wrong with a request's head, in S3's words: what the model does not say, and what cannot be read.
//!
//! The words are S3's own as recorded in public test suites: `max-keys=abc`, two subresources at once, a body that
//! is not there, keys for encryption that are not whole.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, HeaderName};
use md5::{Digest, Md5};
use percent_encoding::percent_decode_str;
use tidegate_protocol::{Call, HttpRequest, ServiceError, errors};

use crate::error::Error;

const NOT_ALLOWED: &str = "The specified method is not allowed against this resource.";
/// What begins the headers of a key that the client keeps, and of one that it kept for what it copies.
const CUSTOMER: [&str; 2] =
    ["x-amz-server-side-encryption-customer-algorithm", "x-amz-copy-source-server-side-encryption-customer-algorithm"];

/// Numbers in queries and headers. What is none of them is told by its name.
const NUMBERS: [&str; 6] = ["max-buckets", "max-keys", "max-parts", "max-uploads", "part-number-marker", "partNumber"];

/// What in a query says which operation is meant: two of them are one too many.
const SELECTORS: [&str; 38] = [
    "abac",
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "versions",
    "website",
];

/// What a head has that no operation takes.
///
/// # Errors
/// S3's.
pub(crate) fn check_head(call: &Call) -> Result<(), ServiceError> {
    let Some(http) = call.http.as_deref() else { return Ok(()) };
    check_query(call, http.head.uri.query().unwrap_or_default())?;
    if wants_document(call.operation.name) && is_empty(http) {
        return Err(refused("MissingRequestBodyError", 400, "Request Body is empty"));
    }
    // Looked for once: nearly nobody sends any.
    let is_customers = |name: &HeaderName| name.as_str().len() > 40 && name.as_str().contains("-encryption-customer-");
    let headers = &http.head.headers;
    if headers.keys().any(is_customers) {
        CUSTOMER.iter().try_for_each(|algorithm| check_customer_key(headers, algorithm))?;
    }
    Ok(())
}

fn check_query(call: &Call, query: &str) -> Result<(), ServiceError> {
    let operation = call.operation.name;
    if query.contains('&') {
        check_selectors(query)?;
    }
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let not_allowed = |method: &str, kind: &str| {
        let error = refused("MethodNotAllowed", 405, NOT_ALLOWED);
        Err(error.with_field("Method", method).with_field("ResourceType", kind))
    };
    match operation {
        "ListObjects" if query.is_empty() => Ok(()),
        "ListObjects" if has("torrent") => not_allowed("GET", "TORRENT"),
        "ListObjects" if has("uploadId") => Err(refused("InvalidRequest", 400, "A key must be specified")),
        "ListObjects" if has("list-type") => {
            let value = query.split('&').find_map(|pair| pair.strip_prefix("list-type=")).unwrap_or_default();
            Err(argument("Invalid List Type specified in Request", "list-type", value))
        }
        "CompleteMultipartUpload" if !has("uploadId") => not_allowed("POST", "OBJECT"),
        _ => Ok(()),
    }
}

/// A request that means two operations.
fn check_selectors(query: &str) -> Result<(), ServiceError> {
    let names = query.split('&').filter_map(|pair| pair.split('=').next());
    let mut meant: Vec<&str> = names.filter(|name| SELECTORS.contains(name)).collect();
    meant.sort_unstable();
    meant.dedup();
    let [first, _, ..] = meant.as_slice() else { return Ok(()) };
    let words = format!("Conflicting query string parameters: {}", meant.join(", "));
    Err(argument(&words, "ResourceType", first))
}

/// Whether an operation is nothing without its document. Lists of access may be in headers, a policy is no XML, and
/// of an upload without parts S3 has words of its own.
fn wants_document(operation: &str) -> bool {
    match operation {
        "PutBucketAcl" | "PutBucketPolicy" => false,
        "DeleteObjects"
        | "PutObjectLegalHold"
        | "PutObjectLockConfiguration"
        | "PutObjectRetention"
        | "PutObjectTagging"
        | "PutPublicAccessBlock"
        | "RestoreObject"
        | "UpdateObjectEncryption" => true,
        _ => operation.starts_with("PutBucket"),
    }
}

fn is_empty(http: &HttpRequest) -> bool {
    http.header("content-length").is_none_or(|length| length == "0") && http.header("transfer-encoding").is_none()
}

/// A key that the client keeps comes whole: what it is for, itself, and its MD5.
fn check_customer_key(headers: &HeaderMap, algorithm: &str) -> Result<(), Error> {
    let header = |name: &str| Some(headers.get(name)?.to_str().unwrap_or_default());
    let prefix = algorithm.trim_end_matches("algorithm");
    let (kind, key) = (header(algorithm), header(&format!("{prefix}key")));
    let sum = header(&format!("{prefix}key-MD5"));
    if kind.is_none() && key.is_none() && sum.is_none() {
        return Ok(());
    }
    let invalid = |words: &str, name: &str| {
        let (words, name) = (words.to_owned(), name.to_owned());
        Err(Error::InvalidArgument { words, name, value: "null".to_owned() })
    };
    let must = "Requests specifying Server Side Encryption with Customer provided keys must provide";
    let encryption = "x-amz-server-side-encryption";
    let Some(key) = key else {
        return invalid(&format!("{must} an appropriate secret key."), encryption);
    };
    let Some(sum) = sum else {
        return invalid(&format!("{must} the client calculated MD5 of the secret key."), encryption);
    };
    match kind {
        None => return invalid(&format!("{must} a valid encryption algorithm."), encryption),
        Some("AES256") => {}
        Some(_) => {
            let words = "The Encryption request you specified is not valid. Supported value: AES256.".to_owned();
            return Err(Error::Refused { code: "InvalidEncryptionAlgorithmError", status: 400, words });
        }
    }
    let Some(bytes) = BASE64.decode(key).ok().filter(|bytes| bytes.len() == 32) else {
        return invalid("The secret key was invalid for the specified algorithm.", &format!("{prefix}key"));
    };
    if BASE64.encode(Md5::digest(&bytes)) != sum {
        let words = "The calculated MD5 hash of the key did not match the hash that was provided.";
        return invalid(words, &format!("{prefix}key-MD5"));
    }
    if prefix.starts_with(encryption) && header(encryption).is_some() {
        let words = "Server Side Encryption with Customer provided key is incompatible with the encryption method \
                     specified";
        return invalid(words, encryption);
    }
    Ok(())
}

/// What S3 says of inputs that break its model: it has no words of its own for each of them.
pub(crate) fn in_own_words(call: &Call, error: ServiceError) -> ServiceError {
    match error.shape.code {
        code if code == errors::VALIDATION.code => {
            let detail = error.message;
            ServiceError::from(Error::MalformedXml).with_detail(detail)
        }
        code if code == errors::SERIALIZATION.code || code == errors::MALFORMED_INPUT.code => unreadable(call, error),
        _ => error,
    }
}

/// A query or a header of which something cannot be read.
fn unreadable(call: &Call, error: ServiceError) -> ServiceError {
    const UNTIL: &str = "x-amz-object-lock-retain-until-date";
    let Some(http) = call.http.as_deref() else { return error };
    for pair in http.head.uri.query().unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Ok(value) = percent_decode_str(value).decode_utf8() else {
            return refused("InvalidURI", 400, "Couldn't parse the specified URI.");
        };
        if !NUMBERS.contains(&name) || value.is_empty() || value.parse::<i32>().is_ok() {
            continue;
        }
        let words = match name {
            "partNumber" => "Part number must be an integer between 1 and 10000, inclusive".to_owned(),
            _ => format!("Provided {name} not an integer or within integer range"),
        };
        return argument(&words, name, &value);
    }
    for name in ["x-amz-max-parts", "x-amz-part-number-marker"] {
        if let Some(value) = http.header(name).filter(|value| value.parse::<i32>().is_err()) {
            return argument(&format!("Provided {name} not an integer or within integer range"), name, value);
        }
    }
    match http.header(UNTIL) {
        Some(value) if value.parse::<jiff::Timestamp>().is_err() => {
            argument("The retain until date must be provided in ISO 8601 format", UNTIL, value)
        }
        _ => {
            let words = error.message.clone();
            ServiceError::from(Error::InvalidRequest(words)).with_detail(error.message)
        }
    }
}

fn argument(words: &str, name: &str, value: &str) -> ServiceError {
    super::argument(words, name, value).into()
}

fn refused(code: &'static str, status: u16, words: &str) -> ServiceError {
    Error::Refused { code, status, words: words.to_owned() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_exclude_each_other() {
        for (query, first) in [
            ("acl&versioning", Some("acl")),
            ("versioning=1&uploads", Some("uploads")),
            ("acl&acl", None),
            ("acl&versionId=1", None),
            ("Versioning&acl", None),
            ("uploadId=a&partNumber=1", None),
        ] {
            let refused = check_selectors(query).err();
            let named = refused.as_ref().map(|error| error.message.contains("Conflicting query string parameters: "));
            assert_eq!(named, first.map(|_| true), "{query}");
        }
    }

    #[test]
    fn customers_keys_are_whole_or_not_there() {
        let key = BASE64.encode([7; 32]);
        let md5 = BASE64.encode(Md5::digest([7; 32]));
        let whole = [("algorithm", "AES256"), ("key", &key), ("key-MD5", &md5)];
        let check = |given: &[(&str, &str)]| {
            let name = |end: &str| format!("x-amz-server-side-encryption-customer-{end}");
            let headers = given.iter().map(|(end, value)| (name(end).parse().unwrap(), value.parse().unwrap()));
            check_customer_key(&headers.collect(), CUSTOMER[0]).map_err(|error| error.to_string())
        };
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&whole), Ok(()));
        for (without, words) in [
            (0, "must provide a valid encryption algorithm."),
            (1, "must provide an appropriate secret key."),
            (2, "must provide the client calculated MD5 of the secret key."),
        ] {
            let mut given = whole.to_vec();
            given.remove(without);
            assert!(check(&given).unwrap_err().ends_with(words), "{words}");
        }
        let short = [("algorithm", "AES256"), ("key", "YWJj"), ("key-MD5", md5.as_str())];
        assert!(check(&short).unwrap_err().starts_with("The secret key was invalid"));
        let other = [("algorithm", "AES256"), ("key", key.as_str()), ("key-MD5", "YWJj")];
        assert!(check(&other).unwrap_err().starts_with("The calculated MD5 hash"));
    }
}
