use http::{HeaderValue, Method};
use serde_json::{Value, json};
use tidegate_ports::{AdminDocument, AdminVisit};

use crate::bed::{Bed, simple};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:mails";
const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/default";

async fn bed() -> Bed {
    let bed = Bed::new().await.verified(&["sender@example.com"]).await;
    bed.two("CreateConfigurationSet", json!({ "ConfigurationSetName": "set" })).await;
    let all = json!(["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "RENDERING_FAILURE"]);
    let destination = |target: Value| {
        let mut own = json!({ "Enabled": true, "MatchingEventTypes": all });
        own.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
        own
    };
    for (name, target) in [
        ("topic", json!({ "SnsDestination": { "TopicArn": TOPIC } })),
        ("bus", json!({ "EventBridgeDestination": { "EventBusArn": BUS } })),
    ] {
        let input = json!({
            "ConfigurationSetName": "set",
            "EventDestinationName": name,
            "EventDestination": destination(target),
        });
        bed.two("CreateConfigurationSetEventDestination", input).await;
    }
    let hello = bed.post.take();
    assert_eq!(hello.len(), 1);
    assert_eq!(hello[0].2, json!("Successfully validated SNS topic for Amazon SES event publishing."));
    bed
}

fn with_set(to: &[&str]) -> Value {
    let mut input = simple(to);
    input["ConfigurationSetName"] = json!("set");
    input["Tags"] = json!([{ "Name": "campaign", "Value": "spring" }]);
    input
}

#[tokio::test]
async fn a_mail_raises_send_and_delivery_for_topic_and_bus() {
    let bed = bed().await;
    let id = bed.one("SendEmail", with_set(&["to@example.org"])).await["MessageId"].clone();
    let told = bed.post.take();
    let kinds: Vec<_> = told.iter().map(|(_, target, payload)| (target.as_str(), kind(payload))).collect();
    assert_eq!(kinds, [(TOPIC, "Send"), (BUS, "Email Sent"), (TOPIC, "Delivery"), (BUS, "Email Delivered")]);
    let event = &told[0].2;
    assert_eq!(told[0].0, "arn:aws:ses:us-east-1:000000000000:configuration-set/set");
    assert_eq!(event["send"], json!({}));
    let mail = &event["mail"];
    assert_eq!(mail["messageId"], id);
    assert_eq!(mail["timestamp"], json!("2023-11-14T22:13:20.000Z"));
    assert_eq!(mail["source"], json!("sender@example.com"));
    assert_eq!(mail["sourceArn"], json!("arn:aws:ses:us-east-1:000000000000:identity/sender@example.com"));
    assert_eq!(mail["sendingAccountId"], json!("000000000000"));
    assert_eq!(mail["destination"], json!(["to@example.org"]));
    assert_eq!(mail["commonHeaders"]["subject"], json!("Grüße"));
    assert_eq!(mail["commonHeaders"]["from"], json!(["Ä <sender@example.com>"]));
    assert_eq!(mail["tags"]["campaign"], json!(["spring"]));
    assert_eq!(mail["tags"]["ses:configuration-set"], json!(["set"]));
    assert_eq!(mail["tags"]["ses:from-domain"], json!(["example.com"]));
    assert_eq!(told[1].2["source"], json!("aws.ses"));
    assert_eq!(told[1].2["detail"]["eventType"], json!("Send"));
    let delivery = &told[2].2["delivery"];
    assert_eq!(delivery["recipients"], json!(["to@example.org"]));
    assert_eq!(delivery["smtpResponse"], json!("250 2.0.0 Ok: in the mailbox"));
}

fn kind(payload: &Value) -> &str {
    let kind = [&payload["eventType"], &payload["detail-type"], &payload["notificationType"]];
    kind.into_iter().find_map(Value::as_str).unwrap()
}

#[tokio::test]
async fn the_simulators_addresses_stand_for_fates() {
    let bed = bed().await;
    let events = async |to: &str| {
        bed.one("SendEmail", with_set(&[to])).await;
        let told = bed.post.take();
        let of_topic: Vec<Value> =
            told.into_iter().filter(|(_, target, _)| target == TOPIC).map(|(.., payload)| payload).collect();
        of_topic
    };
    let names = |all: &[Value]| all.iter().map(|event| kind(event).to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&events("success@simulator.amazonses.com").await), ["Send", "Delivery"]);
    assert_eq!(names(&events("complaint+x@simulator.amazonses.com").await), ["Send", "Delivery", "Complaint"]);
    let bounced = events("bounce@simulator.amazonses.com").await;
    assert_eq!(names(&bounced), ["Send", "Bounce"]);
    let bounce = &bounced[1]["bounce"];
    assert_eq!((&bounce["bounceType"], &bounce["bounceSubType"]), (&json!("Permanent"), &json!("General")));
    assert_eq!(
        bounce["bouncedRecipients"],
        json!([{
            "emailAddress": "bounce@simulator.amazonses.com",
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        }])
    );
    let suppressed = events("suppressionlist@simulator.amazonses.com").await;
    assert_eq!(suppressed[1]["bounce"]["bounceSubType"], json!("Suppressed"));
    // Nobody is suppressed by the simulator.
    let listed = bed.two("ListSuppressedDestinations", json!({})).await;
    assert_eq!(listed["SuppressedDestinationSummaries"], json!([]));
    let points = bed.one("GetSendStatistics", json!({})).await;
    let point = &points["SendDataPoints"][0];
    assert_eq!(
        (&point["DeliveryAttempts"], &point["Bounces"], &point["Complaints"]),
        (&json!(4), &json!(2), &json!(1))
    );
}

#[tokio::test]
async fn an_identitys_topics_hear_of_bounces_instead_of_its_sender() {
    let bed = Bed::new().await.verified(&["sender@example.com"]).await;
    for kind in ["Bounce", "Complaint", "Delivery"] {
        let input = json!({ "Identity": "sender@example.com", "NotificationType": kind, "SnsTopic": TOPIC });
        bed.one("SetIdentityNotificationTopic", input).await;
    }
    bed.one("SendEmail", simple(&["bounce@simulator.amazonses.com"])).await;
    let told = bed.post.take();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "arn:aws:ses:us-east-1:000000000000:identity/sender@example.com");
    assert_eq!(told[0].2["notificationType"], json!("Bounce"));
    assert_eq!(told[0].2["mail"]["headers"], Value::Null);
    assert_eq!(bed.count(), 1, "only the mail itself");
    let input = json!({ "Identity": "sender@example.com", "NotificationType": "Delivery", "Enabled": true });
    bed.one("SetIdentityHeadersInNotificationsEnabled", input).await;
    bed.one("SendEmail", simple(&["to@example.org"])).await;
    let told = bed.post.take();
    assert_eq!(told[0].2["mail"]["commonHeaders"]["subject"], json!("Grüße"));
}

#[tokio::test]
async fn a_template_that_cannot_be_rendered_is_told_by_an_event_alone() {
    let bed = bed().await;
    let template = json!({ "TemplateName": "t", "SubjectPart": "Hi {{name}}", "TextPart": "x" });
    bed.one("CreateTemplate", json!({ "Template": template })).await;
    let input = json!({
        "Source": "sender@example.com",
        "Destination": { "ToAddresses": ["to@example.org"] },
        "Template": "t",
        "TemplateData": "{}",
        "ConfigurationSetName": "set",
    });
    bed.one("SendTemplatedEmail", input).await;
    let told = bed.post.take();
    assert_eq!(kind(&told[0].2), "Rendering Failure");
    assert_eq!(
        told[0].2["failure"],
        json!({ "errorMessage": "Attribute 'name' is not present in the rendering data.", "templateName": "t" })
    );
    assert_eq!((told.len(), bed.count()), (2, 0));
}

/// Asks for what a mail's HTML refers to.
async fn follow(bed: &Bed, url: &str) -> AdminDocument {
    let path = url.strip_prefix("http://localhost:4566").unwrap().to_owned();
    let user_agent = Some("Reader/1.0".to_owned());
    bed.ses.site().answer(AdminVisit { method: Method::GET, path, query: Vec::new(), accept: None, user_agent }).await
}

/// What stands between `before` and the next quote.
fn behind<'t>(text: &'t str, before: &str) -> &'t str {
    text.split_once(before).unwrap().1.split('"').next().unwrap()
}

#[tokio::test]
async fn opens_and_clicks_are_events() {
    let bed = bed().await;
    bed.two("CreateConfigurationSet", json!({ "ConfigurationSetName": "tracked" })).await;
    let destination = json!({
        "Enabled": true,
        "MatchingEventTypes": ["OPEN", "CLICK"],
        "SnsDestination": { "TopicArn": TOPIC },
    });
    let input = json!({
        "ConfigurationSetName": "tracked",
        "EventDestinationName": "topic",
        "EventDestination": destination,
    });
    bed.two("CreateConfigurationSetEventDestination", input).await;
    bed.post.take();
    let html =
        "<a ses:tags=\"k:v;k:w\" href=\"https://example.com/?a=1&amp;b=2\">x</a><a href='http://example.com/'>y</a>";
    let mut input = simple(&["to@example.org"]);
    input["ConfigurationSetName"] = json!("tracked");
    input["Message"]["Body"] = json!({ "Html": { "Data": html } });
    bed.one("SendEmail", input).await;
    assert_eq!(bed.post.take(), [], "nobody wants to hear of more");
    let mime = String::from_utf8(bed.newest().await.mime.to_vec()).unwrap().replace("=\r\n", "").replace("=3D", "=");
    let answer = follow(&bed, behind(&mime, "href=\"")).await;
    assert_eq!(
        (answer.status, &answer.headers["location"]),
        (302, &HeaderValue::from_static("https://example.com/?a=1&b=2"))
    );
    let told = bed.post.take();
    let click = &told[0].2;
    assert_eq!((told.len(), told[0].1.as_str(), &click["eventType"]), (1, TOPIC, &json!("Click")));
    let expected = json!({
        "ipAddress": "127.0.0.1",
        "timestamp": "2023-11-14T22:13:20.000Z",
        "userAgent": "Reader/1.0",
        "link": "https://example.com/?a=1&b=2",
        "linkTags": { "k": ["v", "w"] },
    });
    assert_eq!(click["click"], expected);
    assert_eq!(click["mail"]["destination"], json!(["to@example.org"]));
    let answer = follow(&bed, behind(&mime, "src=\"")).await;
    assert_eq!((answer.status, &answer.headers["content-type"]), (200, &HeaderValue::from_static("image/gif")));
    let open = bed.post.take().remove(0).2;
    assert_eq!(open["eventType"], json!("Open"));
    let expected = json!({
        "ipAddress": "127.0.0.1", "timestamp": "2023-11-14T22:13:20.000Z", "userAgent": "Reader/1.0",
    });
    assert_eq!(open["open"], expected);
    let bed = bed.restart().await;
    assert_eq!(follow(&bed, behind(&mime, "href=\"")).await.status, 302, "the secret is kept");
}
