//! What SES says of mails, as AWS has it: events of configuration sets and notifications of identities.

use serde_json::{Map, Value, json};
use tidegate_types::Timestamp;

use crate::domain::address::Mailbox;
use crate::store::{Place, Sent};

/// A time as events show it: `2016-10-14T05:02:16.645Z`.
pub(crate) fn iso(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// How much an event says of its mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// An event of a configuration set: headers and tags.
    Event,
    /// A notification, with headers or without.
    Notification {
        /// Whether it has headers.
        headers: bool,
    },
}

/// The `mail` of an event.
pub(crate) fn mail(sent: &Sent, detail: Detail) -> Value {
    let facts = &sent.facts;
    let mut mail = json!({
        "timestamp": iso(sent.at()),
        "source": facts.source,
        "sourceArn": facts.source_arn,
        "sendingAccountId": sent.account.to_string(),
        "messageId": sent.id,
        "destination": facts.destination,
    });
    let Value::Object(members) = &mut mail else { unreachable!("an object was just made") };
    if detail != (Detail::Notification { headers: false }) {
        let headers = facts.headers.iter().map(|(name, value)| json!({"name": name, "value": value}));
        members.insert("headersTruncated".to_owned(), json!(facts.headers_truncated));
        members.insert("headers".to_owned(), headers.collect());
        members.insert("commonHeaders".to_owned(), common_headers(&facts.headers, &sent.id));
    }
    match detail {
        Detail::Event => {
            let tags: Map<String, Value> = facts.tags.iter().map(|(name, all)| (name.clone(), json!(all))).collect();
            members.insert("tags".to_owned(), Value::Object(tags));
        }
        Detail::Notification { .. } => {
            members.insert("sourceIp".to_owned(), json!("127.0.0.1"));
            members.insert("callerIdentity".to_owned(), json!(facts.caller));
        }
    }
    mail
}

/// The headers that everybody wants, read.
pub(crate) fn common_headers(headers: &[(String, String)], message_id: &str) -> Value {
    let get = |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
    let mut common = Map::new();
    let mut list = |name: &str, member: &str| {
        if let Some(value) = get(name) {
            let all = Mailbox::parse_list(value).map(|all| all.iter().map(Mailbox::to_string).collect());
            common.insert(member.to_owned(), json!(all.unwrap_or_else(|_| vec![value.clone()])));
        }
    };
    list("From", "from");
    list("Reply-To", "replyTo");
    list("To", "to");
    list("Cc", "cc");
    if let Some(date) = get("Date") {
        common.insert("date".to_owned(), json!(date));
    }
    common.insert("messageId".to_owned(), json!(message_id));
    if let Some(subject) = get("Subject") {
        common.insert("subject".to_owned(), json!(decoded(subject)));
    }
    Value::Object(common)
}

/// A subject as people read it.
fn decoded(subject: &str) -> String {
    let header = format!("Subject: {subject}\r\n\r\n");
    let message = mail_parser::MessageParser::default().parse(header.as_bytes());
    message.as_ref().and_then(|message| message.subject()).unwrap_or(subject).to_owned()
}

/// The name of an event on an event bus.
pub(crate) fn detail_type(event: &str) -> &'static str {
    match event {
        "Send" => "Email Sent",
        "Reject" => "Email Rejected",
        "Bounce" => "Email Bounced",
        "Complaint" => "Email Complaint Received",
        "Delivery" => "Email Delivered",
        "Open" => "Email Opened",
        "Click" => "Email Clicked",
        "Rendering Failure" => "Email Rendering Failed",
        "DeliveryDelay" => "Email Delivery Delayed",
        _ => "Email Subscribed",
    }
}

/// An event as an event bus takes it.
pub(crate) fn for_bus(place: &Place, id: &str, at: Timestamp, set: &str, event: &str, detail: &Value) -> Value {
    json!({
        "version": "0",
        "id": id,
        "detail-type": detail_type(event),
        "source": "aws.ses",
        "account": place.account.to_string(),
        "time": iso(Timestamp::from_secs(at.as_secs())).replace(".000Z", "Z"),
        "region": place.region.as_str(),
        "resources": [place.arn(&format!("configuration-set/{set}"))],
        "detail": detail,
    })
}
