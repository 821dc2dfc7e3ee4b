//! The fields that are found in messages.
//!
//! A message that is JSON has the fields of its leaves, named by their way: `a.b.0.c`. In Lambda's log groups the
//! first JSON object within a line counts as well, and the platform's own lines have fields of their own.

use serde_json::Value as Json;

use crate::event::Event;
use crate::time;

/// The most fields of one message, as AWS documents.
const MAX_FIELDS: usize = 200;

/// The JSON that an event's fields come from.
pub(crate) fn document(event: &Event) -> Option<Json> {
    let message = event.transformed.as_ref().unwrap_or(&event.message).trim();
    if message.starts_with(['{', '[']) && message.ends_with(['}', ']']) {
        let parsed = serde_json::from_str(message).ok();
        let is_masked = parsed.is_none() && event.unmasked.is_some();
        return if is_masked { serde_json::from_str(&with_quoted_masks(message)).ok() } else { parsed };
    }
    if !event.is_from_lambda() {
        return None;
    }
    let fragment = &message[message.find('{')?..];
    let mut values = serde_json::Deserializer::from_str(fragment).into_iter::<Json>();
    values.next()?.ok().filter(Json::is_object)
}

/// A number that is masked is asterisks without quotes. AWS discovers fields before it masks, so that such an event keeps
/// all of its fields: with quotes it is JSON again.
fn with_quoted_masks(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 16);
    let (mut in_text, mut escaped, mut rest) = (false, false, text);
    let is_of_number = |c: char| c == '*' || c.is_ascii_digit() || "+-.eE".contains(c);
    while let Some(c) = rest.chars().next() {
        if !in_text && is_of_number(c) {
            let (word, behind) = rest.split_at(rest.len() - rest.trim_start_matches(is_of_number).len());
            let quote = if word.contains('*') { "\"" } else { "" };
            shown.extend([quote, word, quote]);
            rest = behind;
            continue;
        }
        in_text ^= c == '"' && !escaped;
        escaped = in_text && c == '\\' && !escaped;
        shown.push(c);
        rest = &rest[c.len_utf8()..];
    }
    shown
}

/// Follows a way with dots. A member's own name may have dots in it: the shortest name that leads on is taken.
pub(crate) fn find<'j>(value: &'j Json, path: &str) -> Option<&'j Json> {
    match value {
        Json::Object(members) => {
            if let Some(found) = members.get(path) {
                return Some(found);
            }
            let mut dots = path.match_indices('.');
            dots.find_map(|(dot, _)| find(members.get(&path[..dot])?, &path[dot + 1..]))
        }
        Json::Array(elements) => {
            let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
            let element = elements.get(first.parse::<usize>().ok()?)?;
            rest.map_or(Some(element), |rest| find(element, rest))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}

/// Every field of an event with its text: those of the system, and those discovered. What `GetLogRecord` answers,
/// and what `GetLogGroupFields` counts.
pub fn fields(event: &Event) -> Vec<(String, String)> {
    let mut fields = vec![
        ("@timestamp".to_owned(), event.timestamp_ms.to_string()),
        ("@ingestionTime".to_owned(), event.ingestion_ms.to_string()),
        ("@message".to_owned(), event.message.clone()),
        ("@logStream".to_owned(), event.log_stream.to_string()),
        ("@log".to_owned(), event.log.to_string()),
    ];
    for field in LAMBDA_FIELDS {
        fields.extend(lambda(event, field).map(|value| (format!("@{field}"), value)));
    }
    if let Some(document) = document(event) {
        let from = fields.len();
        flatten(&document, String::new(), &mut fields, from + MAX_FIELDS);
    }
    fields
}

fn flatten(value: &Json, name: String, fields: &mut Vec<(String, String)>, most: usize) {
    let inner = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    if fields.len() >= most {
        return;
    }
    let text = match value {
        Json::Object(members) => return members.iter().for_each(|(key, v)| flatten(v, inner(key), fields, most)),
        Json::Array(elements) => {
            return elements.iter().enumerate().for_each(|(at, v)| flatten(v, inner(&at.to_string()), fields, most));
        }
        Json::Null => return,
        Json::Bool(flag) => u8::from(*flag).to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
    };
    if !name.is_empty() {
        let at = if name.starts_with('@') { "@" } else { "" };
        fields.push((format!("{at}{name}"), text));
    }
}

/// The fields of Lambda's lines, without their `@`.
const LAMBDA_FIELDS: [&str; 9] = [
    "type",
    "requestId",
    "duration",
    "billedDuration",
    "memorySize",
    "maxMemoryUsed",
    "initDuration",
    "xrayTraceId",
    "xraySegmentId",
];

/// A field of Lambda's platform lines: `START RequestId: …`, `END RequestId: …`, `REPORT RequestId: … Duration: …`.
pub(crate) fn lambda(event: &Event, field: &str) -> Option<String> {
    if !event.is_from_lambda() {
        return None;
    }
    let message = event.message.trim_end();
    let kind = ["START", "END", "REPORT"]
        .into_iter()
        .find(|kind| message.strip_prefix(kind).is_some_and(|rest| rest.starts_with(" RequestId: ")));
    let labelled = |label: &str| {
        let value = message.split(label).nth(1)?;
        value.split_whitespace().next().map(str::to_owned)
    };
    match field {
        "type" => kind.map(str::to_owned),
        "requestId" => match kind {
            Some(_) => labelled("RequestId: "),
            None => request_id(message).map(str::to_owned),
        },
        _ if kind != Some("REPORT") => None,
        "duration" => labelled("\tDuration: "),
        "billedDuration" => labelled("Billed Duration: "),
        "initDuration" => labelled("Init Duration: "),
        // Megabytes of a thousand thousand, in bytes.
        "memorySize" => labelled("Memory Size: ").and_then(megabytes),
        "maxMemoryUsed" => labelled("Max Memory Used: ").and_then(megabytes),
        "xrayTraceId" => labelled("XRAY TraceId: "),
        "xraySegmentId" => labelled("SegmentId: "),
        _ => None,
    }
}

fn megabytes(text: String) -> Option<String> {
    text.parse::<u64>().ok().map(|megabytes| format!("{}", megabytes * 1_000_000))
}

/// The request of a line that a function wrote: its runtimes put time, request and level before the text.
fn request_id(message: &str) -> Option<&str> {
    let is_uuid = |word: &&str| word.len() == 36 && word.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    let mut words = message.split('\t');
    let time = words.next()?;
    words.next().filter(is_uuid).filter(|_| time::read(time).is_some())
}

#[cfg(test)]
mod tests {
    use super::with_quoted_masks;

    #[test]
    fn masked_numbers_get_quotes() {
        for (text, shown) in [
            (r#"{"a":**,"b":-1*.5,"c":12.5e3}"#, r#"{"a":"**","b":"-1*.5","c":12.5e3}"#),
            (r#"{"**":"1*\"2*","n":[*,1]}"#, r#"{"**":"1*\"2*","n":["*",1]}"#),
        ] {
            assert_eq!(with_quoted_masks(text), shown);
        }
    }

    /// Looking ahead from each of its characters again, one such message would take minutes.
    #[test]
    fn it_takes_as_long_as_the_text_is() {
        for text in ["1".repeat(1_000_000), format!("\"{}\"", "*".repeat(1_000_000))] {
            assert_eq!(with_quoted_masks(&text), text);
        }
    }
}
