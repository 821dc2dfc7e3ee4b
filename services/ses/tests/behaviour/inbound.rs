use serde_json::{Value, json};
use tidegate_mail::{Received, Refusal};

use crate::bed::{Bed, FUNCTION, START};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:inbox";

fn mail(to: &str) -> Received {
    Received {
        peer: "192.0.2.7".parse().unwrap(),
        helo: "mx.example.net".to_owned(),
        tls: false,
        envelope_from: "writer@example.net".to_owned(),
        recipients: vec![to.to_owned()],
        mime: "From: writer@example.net\r\nTo: box@example.com\r\nSubject: hi\r\n\r\nbody\r\n".into(),
        at: START,
    }
}

/// A bed that takes mail for `example.com` by these rules.
async fn bed(rules: &[(&str, Value)]) -> Bed {
    let bed = Bed::new().await.verified(&["example.com"]).await;
    bed.one("CreateReceiptRuleSet", json!({ "RuleSetName": "set" })).await;
    let mut after = Value::Null;
    for (name, rule) in rules {
        let mut rule = rule.clone();
        rule["Name"] = json!(name);
        rule["Enabled"] = json!(true);
        let mut input = json!({ "RuleSetName": "set", "Rule": rule });
        if after != Value::Null {
            input["After"] = after;
        }
        bed.one("CreateReceiptRule", input).await;
        after = json!(name);
    }
    bed.one("SetActiveReceiptRuleSet", json!({ "RuleSetName": "set" })).await;
    bed
}

#[tokio::test]
async fn who_is_there() {
    let bed = bed(&[("r", json!({ "Recipients": ["box@example.com"], "Actions": [] }))]).await;
    for (recipient, is) in [
        ("box@example.com", true),
        ("Box+label@example.com", true),
        ("other@example.com", false),
        ("box@example.org", false),
    ] {
        assert_eq!(bed.incoming.accepts(recipient).await, is, "{recipient}");
    }
    bed.one("SetActiveReceiptRuleSet", json!({})).await;
    assert!(!bed.incoming.accepts("box@example.com").await);
}

#[tokio::test]
async fn bucket_topic_and_function_get_it_in_order() {
    let actions = json!([
        { "AddHeaderAction": { "HeaderName": "X-Seen", "HeaderValue": "yes" } },
        { "S3Action": { "BucketName": "mails", "ObjectKeyPrefix": "in/", "TopicArn": TOPIC } },
        { "SNSAction": { "TopicArn": TOPIC, "Encoding": "UTF-8" } },
        { "LambdaAction": { "FunctionArn": FUNCTION, "InvocationType": "Event" } },
    ]);
    let bed = bed(&[("r", json!({ "Actions": actions }))]).await;
    bed.incoming.receive(mail("box@example.com")).await.unwrap();
    let objects = bed.neighbours.objects.lock().clone();
    assert_eq!(objects.len(), 1);
    let body = String::from_utf8(objects[0].1.to_vec()).unwrap();
    assert!(body.starts_with("X-Seen: yes\r\n") && body.contains("Received: from mx.example.net"), "{body}");
    assert!(body.ends_with("\r\n\r\nbody\r\n"), "{body}");
    let told = bed.post.take();
    let targets: Vec<_> = told.iter().map(|(_, target, _)| target.as_str()).collect();
    assert_eq!(targets, [TOPIC, TOPIC, FUNCTION]);
    assert_eq!(told[0].0, "arn:aws:ses:us-east-1:000000000000:receipt-rule-set/set:receipt-rule/r");
    assert_eq!(told[0].2["receipt"]["action"]["objectKey"], json!(objects[0].0));
    assert_eq!(told[0].2["content"], Value::Null);
    assert!(told[1].2["content"].as_str().unwrap().contains("\r\n\r\nbody"));
    let record = &told[2].2["Records"][0];
    assert_eq!(record["eventSource"], json!("aws:ses"));
    assert_eq!(record["ses"]["receipt"]["recipients"], json!(["box@example.com"]));
    assert_eq!(record["ses"]["mail"]["commonHeaders"]["subject"], json!("hi"));
    assert_eq!(record["ses"]["mail"]["source"], json!("writer@example.net"));
}

#[tokio::test]
async fn a_function_decides_whether_the_rules_go_on() {
    let asks = json!([{ "LambdaAction": { "FunctionArn": FUNCTION, "InvocationType": "RequestResponse" } },
        { "S3Action": { "BucketName": "mails", "ObjectKeyPrefix": "first/" } }]);
    let stores = json!([{ "S3Action": { "BucketName": "mails", "ObjectKeyPrefix": "second/" } }]);
    let bed = bed(&[("one", json!({ "Actions": asks })), ("two", json!({ "Actions": stores }))]).await;
    for (disposition, expected) in [
        (None, vec!["first/", "second/"]),
        (Some("CONTINUE"), vec!["first/", "second/"]),
        (Some("STOP_RULE"), vec!["second/"]),
        (Some("STOP_RULE_SET"), vec![]),
    ] {
        *bed.neighbours.disposition.lock() = disposition;
        bed.neighbours.objects.lock().clear();
        bed.incoming.receive(mail("box@example.com")).await.unwrap();
        let keys: Vec<_> =
            bed.neighbours.objects.lock().iter().map(|(key, _)| key[..key.find('/').unwrap() + 1].to_owned()).collect();
        assert_eq!(keys, expected, "{disposition:?}");
    }
    assert_eq!(bed.neighbours.events.lock().len(), 4);
}

#[tokio::test]
async fn stops_bounces_filters_and_tls() {
    let bounce = json!([{ "BounceAction": {
        "SmtpReplyCode": "550", "StatusCode": "5.1.1", "Message": "no such box", "Sender": "daemon@example.com" } },
        { "StopAction": { "Scope": "RuleSet" } }]);
    let stores = json!([{ "S3Action": { "BucketName": "mails" } }]);
    let bed = bed(&[
        ("no", json!({ "Recipients": ["no@example.com"], "Actions": bounce })),
        ("yes", json!({ "Actions": stores })),
        ("tls", json!({ "Recipients": ["tls@example.com"], "Actions": [], "TlsPolicy": "Require" })),
    ])
    .await;
    bed.incoming.receive(mail("no@example.com")).await.unwrap();
    assert_eq!(bed.neighbours.objects.lock().len(), 0);
    let kept = bed.newest().await;
    assert_eq!(kept.recipients, ["writer@example.net"]);
    assert!(String::from_utf8_lossy(&kept.mime).contains("no such box"));
    let filter = json!({ "Name": "f", "IpFilter": { "Policy": "Block", "Cidr": "192.0.2.0/24" } });
    bed.one("CreateReceiptFilter", json!({ "Filter": filter })).await;
    let refused = bed.incoming.receive(mail("box@example.com")).await.unwrap_err();
    assert!(matches!(refused, Refusal::Answer { code: 550, .. }), "{refused:?}");
    bed.one("DeleteReceiptFilter", json!({ "FilterName": "f" })).await;
    bed.one("DeleteReceiptRule", json!({ "RuleSetName": "set", "RuleName": "yes" })).await;
    let refused = bed.incoming.receive(mail("tls@example.com")).await.unwrap_err();
    assert!(matches!(refused, Refusal::Answer { code: 530, .. }), "{refused:?}");
    bed.incoming.receive(Received { tls: true, ..mail("tls@example.com") }).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_taken() {
    let actions = json!([{ "S3Action": { "BucketName": "absent" } }]);
    let bed = bed(&[("r", json!({ "Actions": actions }))]).await;
    let refused = bed.incoming.receive(mail("box@example.com")).await.unwrap_err();
    assert!(matches!(refused, Refusal::Answer { code: 554, .. }), "{refused:?}");
}

#[tokio::test]
async fn what_came_in_can_be_bounced() {
    let actions = json!([{ "SNSAction": { "TopicArn": TOPIC } }]);
    let bed = bed(&[("r", json!({ "Actions": actions }))]).await;
    bed.incoming.receive(mail("box@example.com")).await.unwrap();
    let id = bed.post.take()[0].2["mail"]["messageId"].clone();
    let bounce = |id: &Value| {
        json!({
            "OriginalMessageId": id,
            "BounceSender": "daemon@example.com",
            "BouncedRecipientInfoList": [{ "Recipient": "box@example.com", "BounceType": "DoesNotExist" }],
        })
    };
    bed.one("SendBounce", bounce(&id)).await;
    assert_eq!(bed.newest().await.recipients, ["writer@example.net"]);
    let refused = bed.refused_one("SendBounce", bounce(&json!("0000000000000000unknown"))).await;
    assert_eq!(refused.0, "MessageRejected");
}
