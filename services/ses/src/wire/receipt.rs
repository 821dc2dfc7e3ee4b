//! What SES says of mails that come in, as AWS has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use tidegate_mail::Received;
use tidegate_types::Timestamp;

use super::events::{common_headers, iso};
use crate::domain::message::Headers;
use crate::domain::receipt::{Action, What};
use crate::store::Place;

/// A mail that came in, on its way through the rules.
pub(crate) struct Arrival {
    /// Whose rules.
    pub(crate) place: Place,
    /// Its id.
    pub(crate) id: String,
    /// Who sent it.
    pub(crate) envelope_from: String,
    /// Everybody that it is for.
    pub(crate) destination: Vec<String>,
    /// Those of them that the rule is for.
    pub(crate) recipients: Vec<String>,
    /// Its headers, as it came.
    pub(crate) headers: Vec<(String, String)>,
    /// The mail, with what rules added.
    pub(crate) mime: Bytes,
    /// When it came.
    pub(crate) at: Timestamp,
    /// Whether the rule wants it scanned.
    pub(crate) scans: bool,
}

impl Arrival {
    pub(crate) fn new(place: &Place, id: String, mail: &Received) -> Arrival {
        let headers = Headers::read(&mail.mime);
        let received = format!(
            "from {} ([{}]) by inbound-smtp.{}.amazonaws.com with {} id {id} for {}; {}",
            mail.helo,
            mail.peer,
            place.region,
            if mail.tls { "ESMTPS" } else { "ESMTP" },
            mail.recipients.first().map_or("", String::as_str),
            mail_builder::headers::date::Date::new(i64::try_from(mail.at.as_secs()).unwrap_or(i64::MAX)).to_rfc822()
        );
        let more = [("Return-Path", format!("<{}>", mail.envelope_from)), ("Received", received)];
        let mime: Bytes = headers.rewrite(&mail.mime, |name| name.eq_ignore_ascii_case("return-path"), &more).into();
        Arrival {
            place: place.clone(),
            id,
            envelope_from: mail.envelope_from.clone(),
            destination: mail.recipients.clone(),
            recipients: Vec::new(),
            headers: Headers::read(&mime).all,
            mime,
            at: mail.at,
            scans: false,
        }
    }
}

fn mail(arrival: &Arrival) -> Value {
    let headers = arrival.headers.iter().map(|(name, value)| json!({"name": name, "value": value}));
    let mut common = common_headers(&arrival.headers, &arrival.id);
    common["returnPath"] = json!(arrival.envelope_from);
    if let Some((_, id)) = arrival.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Message-ID")) {
        common["messageId"] = json!(id);
    }
    json!({
        "timestamp": iso(arrival.at),
        "source": arrival.envelope_from,
        "messageId": arrival.id,
        "destination": arrival.destination,
        "headersTruncated": false,
        "headers": headers.collect::<Value>(),
        "commonHeaders": common,
    })
}

fn receipt(arrival: &Arrival, action: &Action) -> Value {
    // Nothing is looked through and nobody's signature is checked: AWS calls such verdicts grey.
    let scanned = if arrival.scans { "GRAY" } else { "DISABLED" };
    json!({
        "timestamp": iso(arrival.at),
        "processingTimeMillis": 0,
        "recipients": arrival.recipients,
        "spamVerdict": { "status": scanned },
        "virusVerdict": { "status": scanned },
        "spfVerdict": { "status": "GRAY" },
        "dkimVerdict": { "status": "GRAY" },
        "dmarcVerdict": { "status": "GRAY" },
        "action": shown_action(arrival, action),
    })
}

fn shown_action(arrival: &Arrival, action: &Action) -> Value {
    let mut shown = json!({ "type": action.what.in_events() });
    if let Some(topic) = &action.topic {
        shown["topicArn"] = json!(topic);
    }
    match &action.what {
        What::S3 { bucket, prefix, .. } => {
            let prefix = prefix.as_deref().unwrap_or_default();
            shown["bucketName"] = json!(bucket);
            shown["objectKeyPrefix"] = json!(prefix);
            shown["objectKey"] = json!(format!("{prefix}{}", arrival.id));
        }
        What::Sns { base64 } => shown["encoding"] = json!(if *base64 { "BASE64" } else { "UTF8" }),
        What::Lambda { function, waits } => {
            shown["functionArn"] = json!(function);
            shown["invocationType"] = json!(if *waits { "RequestResponse" } else { "Event" });
        }
        What::Bounce { reply_code, status, message, sender } => {
            shown["smtpReplyCode"] = json!(reply_code);
            shown["statusCode"] = json!(status);
            shown["message"] = json!(message);
            shown["sender"] = json!(sender);
        }
        What::WorkMail { organization } => shown["organizationArn"] = json!(organization),
        What::Stop | What::AddHeader { .. } | What::Connect { .. } => {}
    }
    shown
}

/// What a topic is told. With its content, in Base64 or not, if that is the action.
pub(crate) fn notification(arrival: &Arrival, action: &Action, content: Option<bool>) -> Value {
    let mut value = json!({
        "notificationType": "Received",
        "mail": mail(arrival),
        "receipt": receipt(arrival, action),
    });
    if let Some(base64) = content {
        value["content"] = match base64 {
            true => json!(STANDARD.encode(&arrival.mime)),
            false => json!(String::from_utf8_lossy(&arrival.mime)),
        };
    }
    value
}

/// What a function is run with.
pub(crate) fn lambda_event(arrival: &Arrival, action: &Action) -> Value {
    json!({
        "Records": [{
            "eventSource": "aws:ses",
            "eventVersion": "1.0",
            "ses": { "mail": mail(arrival), "receipt": receipt(arrival, action) },
        }]
    })
}
