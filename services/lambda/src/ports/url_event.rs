//! HTTP requests as events, and answers of functions as HTTP: the payload format 2.0 of function URLs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use tidegate_ports::HostedRequest;
use tidegate_types::Timestamp;

/// The event for a request.
pub(super) fn event(request: &HostedRequest, iam: Option<Value>, now: Timestamp) -> Bytes {
    let (headers, cookies) = headers(&request.headers);
    let domain = request.host.split(':').next().unwrap_or_default();
    let time = Instant::from_millisecond(now.as_millis() as i64).unwrap_or(Instant::MAX).to_zoned(TimeZone::UTC);
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query.as_deref().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": iam.as_ref().map_or("anonymous", |iam| iam["accountId"].as_str().unwrap_or("anonymous")),
            "apiId": request.id,
            "domainName": domain,
            "domainPrefix": request.id,
            "http": {
                "method": request.method.as_str(),
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source.to_string(),
                "userAgent": headers.get("user-agent").cloned().unwrap_or(Value::Null),
            },
            "requestId": request.request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millis(),
        },
    });
    if let Some(iam) = iam {
        event["requestContext"]["authorizer"] = json!({ "iam": iam });
    }
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if let Some(parameters) = request.query.as_deref().and_then(parameters) {
        event["queryStringParameters"] = Value::Object(parameters);
    }
    let text = std::str::from_utf8(&request.body).ok().filter(|_| is_text(&request.headers));
    event["isBase64Encoded"] = json!(text.is_none() && !request.body.is_empty());
    if !request.body.is_empty() {
        event["body"] = json!(text.map_or_else(|| STANDARD.encode(&request.body), str::to_owned));
    }
    Bytes::from(event.to_string())
}

/// A body whose type says nothing, or that it is text, JSON or the like, is text.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.is_empty()
        || kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || ["application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded"]
            .contains(&kind)
}

/// Headers by their names, several of one name joined; and the cookies, which come separately.
fn headers(all: &HeaderMap) -> (Map<String, Value>, Vec<String>) {
    let (mut headers, mut cookies) = (Map::new(), Vec::new());
    for name in all.keys() {
        let values = all.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        if name == header::COOKIE {
            cookies.extend(values.flat_map(|line| line.split("; ").map(str::to_owned).collect::<Vec<_>>()));
        } else {
            headers.insert(name.as_str().to_owned(), json!(values.collect::<Vec<_>>().join(",")));
        }
    }
    (headers, cookies)
}

fn parameters(query: &str) -> Option<Map<String, Value>> {
    let mut found: Map<String, Value> = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        let joined = match found.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value,
        };
        found.insert(name, json!(joined));
    }
    (!found.is_empty()).then_some(found)
}

/// A part of a query without its escapes.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer as HTTP has it.
#[derive(Debug)]
pub(super) struct Http {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What a function returned, as HTTP. An object with a `statusCode` says everything itself; anything else is
/// the body of a 200. `None`: it says what HTTP cannot.
pub(super) fn http(payload: &Bytes) -> Option<Http> {
    let plain = || Http { status: 200, headers: json_headers(), body: payload.clone() };
    let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(payload) else { return Some(plain()) };
    if !answer.contains_key("statusCode") {
        return Some(plain());
    }
    let (status, headers) = head(&answer)?;
    let text = match answer.get("body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let body = match answer.get("isBase64Encoded") {
        Some(Value::Bool(true)) => Bytes::from(STANDARD.decode(text).ok()?),
        _ => Bytes::from(text),
    };
    Some(Http { status, headers, body })
}

/// The status, the headers and the cookies that an answer, or the prelude of a stream, names.
pub(super) fn head(answer: &Map<String, Value>) -> Option<(u16, HeaderMap)> {
    let status = match answer.get("statusCode") {
        None => 200,
        Some(Value::Number(number)) => number.as_u64()?,
        Some(Value::String(text)) => text.parse().ok()?,
        Some(_) => return None,
    };
    let mut headers = HeaderMap::new();
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        headers.insert(name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?);
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(header::SET_COOKIE, cookie.as_str()?.parse().ok()?);
    }
    if !headers.contains_key(header::CONTENT_TYPE) {
        headers.extend(json_headers());
    }
    let status = u16::try_from(status).ok().filter(|status| (100..600).contains(status))?;
    Some((status, headers))
}

pub(super) fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(payload: &'static str, status: u16, kind: &str, body: &str) {
        let http = http(&Bytes::from_static(payload.as_bytes())).unwrap();
        assert_eq!(
            (http.status, &http.headers[header::CONTENT_TYPE], &http.body[..]),
            (status, &kind.parse().unwrap(), body.as_bytes()),
            "{payload}"
        );
    }

    #[test]
    fn answers_become_http() {
        check(r#"{"message":"hi"}"#, 200, "application/json", r#"{"message":"hi"}"#);
        check(r#""hi""#, 200, "application/json", r#""hi""#);
        check(r#"{"statusCode":201,"body":"made"}"#, 201, "application/json", "made");
        check(r#"{"statusCode":"404","headers":{"Content-Type":"text/html"},"body":"<p>"}"#, 404, "text/html", "<p>");
        check(r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#, 200, "application/json", "hi");
        assert!(http(&Bytes::from_static(br#"{"statusCode":[]}"#)).is_none());
        assert!(http(&Bytes::from_static(br#"{"statusCode":99999}"#)).is_none());
    }

    #[test]
    fn queries_are_taken_apart() {
        let found = parameters("a=1&b=x%20y+z&a=2&c").unwrap();
        assert_eq!(Value::Object(found), json!({ "a": "1,2", "b": "x y z", "c": "" }));
        assert_eq!(decoded("%zz%4"), "%zz%4");
    }
}
