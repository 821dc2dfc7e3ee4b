//! The parsers that have no language of their own.

use serde_json::{Map, Number, Value};

use crate::MAX_EVENT_BYTES;
use crate::config::{KeyValue, Vended};

/// The values of a line with delimiters. A quote within quotes is doubled.
pub(crate) fn csv(text: &str, delimiter: char, quote: char) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut characters = text.trim_end_matches(['\n', '\r']).chars().peekable();
    let mut quoted = false;
    while let Some(c) = characters.next() {
        let value = values.last_mut().expect("there is one from the beginning");
        if c == quote && quoted && characters.peek() == Some(&quote) {
            characters.next();
            value.push(quote);
        } else if c == quote && (quoted || value.trim().is_empty()) {
            quoted = !quoted;
        } else if c == delimiter && !quoted {
            values.push(String::new());
        } else {
            value.push(c);
        }
    }
    values
}

/// Pairs of keys and values. What has no value gets the one given for that, or null. `None` if prefixes and such
/// values make more of a text than an event may be.
pub(crate) fn key_value(text: &str, how: &KeyValue) -> Option<Map<String, Value>> {
    let (mut found, mut given) = (Map::new(), 0);
    for pair in text.trim_end_matches(['\n', '\r']).split(how.field_delimiter.as_str()) {
        let (key, value) = match pair.split_once(how.value_delimiter.as_str()) {
            Some((key, value)) => (key, Value::from(value)),
            None if pair.is_empty() => continue,
            None => (pair, how.non_match.clone().map_or(Value::Null, Value::from)),
        };
        given += how.prefix.len() + key.len() + value.as_str().map_or(0, str::len);
        if given > MAX_EVENT_BYTES {
            return None;
        }
        found.entry(format!("{}{key}", how.prefix)).or_insert(value);
    }
    Some(found)
}

const VPC: [&str; 14] = [
    "version",
    "accountId",
    "interfaceId",
    "srcAddr",
    "dstAddr",
    "srcPort",
    "dstPort",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "logStatus",
];
const ROUTE53: [&str; 10] = [
    "version",
    "queryTimestamp",
    "hostZoneId",
    "queryName",
    "queryType",
    "responseCode",
    "protocol",
    "edgeLocation",
    "resolverIp",
    "ednsClientSubnet",
];
const CLOUDFRONT: [&str; 33] = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
];

/// What a line of an AWS service says; `None` if it has another form.
pub(crate) fn vended(format: Vended, message: &str) -> Option<Map<String, Value>> {
    match format {
        // The account's number keeps its zeros.
        Vended::Vpc => words(message, &VPC, |name, word| if name == "accountId" { word.into() } else { number(word) }),
        Vended::Route53 => {
            words(message, &ROUTE53, |name, word| if name == "version" { number(word) } else { word.into() })
        }
        Vended::Cloudfront => words(message, &CLOUDFRONT, |_, word| number(&decoded(word))),
        Vended::Postgres => postgres(message),
        Vended::Waf => waf(message),
    }
}

fn words(message: &str, names: &[&str], value: impl Fn(&str, &str) -> Value) -> Option<Map<String, Value>> {
    let words: Vec<&str> = message.split_whitespace().collect();
    let pairs = names.iter().zip(&words).map(|(name, word)| ((*name).to_owned(), value(name, word)));
    (words.len() == names.len()).then(|| pairs.collect())
}

fn number(word: &str) -> Value {
    if let Ok(integer) = word.parse::<i64>() {
        return integer.into();
    }
    let is_plain = word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let double = word.parse::<f64>().ok().filter(|_| is_plain).and_then(Number::from_f64);
    double.map_or_else(|| word.into(), Value::Number)
}

fn decoded(word: &str) -> String {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| word.to_owned())
}

/// `TIME ZONE:HOST(PORT):USER@DATABASE:[PROCESS]:LEVEL: …`
fn postgres(message: &str) -> Option<Map<String, Value>> {
    // The time has colons of its own; the address of the client begins behind the zone.
    let zone = message.match_indices(' ').nth(1)?.0;
    let end = zone + message[zone..].find(':')?;
    let mut rest = message[end + 1..].splitn(4, ':');
    let (client, login, process) = (rest.next()?, rest.next()?, rest.next()?);
    let level = rest.next()?.split(':').next()?;
    let (user, database) = login.split_once('@')?;
    let process = process.strip_prefix('[')?.strip_suffix(']')?;
    let fields = [
        ("logTime", &message[..end]),
        ("srcIp", client),
        ("userName", user),
        ("dbName", database),
        ("processId", process),
        ("logLevel", level),
    ];
    Some(fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// The headers and labels of a request become objects.
fn waf(message: &str) -> Option<Map<String, Value>> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(message.trim()) else { return None };
    if let Some(Value::Object(request)) = fields.get_mut("httpRequest")
        && let Some(Value::Array(headers)) = request.get("headers")
    {
        let pairs = headers.iter().filter_map(|header| {
            Some((header.get("name")?.as_str()?.to_owned(), header.get("value").cloned().unwrap_or(Value::Null)))
        });
        let named: Map<String, Value> = pairs.collect();
        request.insert("headers".to_owned(), Value::Object(named));
    }
    if let Some(Value::Array(labels)) = fields.get("labels") {
        let members = labels.iter().filter_map(Value::as_object).flat_map(|label| label.clone());
        let named: Map<String, Value> = members.collect();
        fields.insert("labels".to_owned(), Value::Object(named));
    }
    Some(fields)
}
