use serde_json::json;
use tidegate_ses::{Options, Verification};

use crate::bed::{Bed, simple};

#[tokio::test]
async fn a_mail_is_in_the_mailbox_with_its_id() {
    let bed = Bed::new().await.verified(&["sender@example.com"]).await;
    let answer = bed.one("SendEmail", simple(&["to@example.org"])).await;
    let kept = bed.newest().await;
    assert_eq!(answer["MessageId"], json!(kept.id));
    assert_eq!(kept.recipients, ["to@example.org"]);
    let message = mail_parser::MessageParser::default().parse(&kept.mime[..]).unwrap();
    assert_eq!((message.subject(), message.body_text(0).unwrap().trim_end()), (Some("Grüße"), "Hällo"));
    assert_eq!(message.message_id().unwrap(), format!("{}@email.amazonses.com", kept.id));
    assert_eq!(bed.one("GetSendQuota", json!({})).await["SentLast24Hours"], json!(1));
}

#[tokio::test]
async fn whoever_is_not_verified_does_not_send() {
    let bed = Bed::new().await;
    let unverified = (
        "MessageRejected".to_owned(),
        "Email address is not verified. The following identities failed the check in region US-EAST-1: \
         sender@example.com"
            .to_owned(),
    );
    assert_eq!(bed.refused_one("SendEmail", simple(&["to@example.org"])).await, unverified);
    // A domain above is enough, and labels do not count.
    let bed = bed.verified(&["example.com"]).await;
    bed.one("SendEmail", simple(&["to@example.org"])).await;
    assert_eq!(bed.count(), 1);
    bed.two("DeleteEmailIdentity", json!({ "EmailIdentity": "example.com" })).await;
    assert_eq!(bed.refused_one("SendEmail", simple(&["to@example.org"])).await, unverified);
    assert_eq!(bed.count(), 1);
}

#[tokio::test]
async fn with_manual_verification_the_links_token_verifies() {
    let options = Options { verification: Verification::Manual, sandbox: false };
    let bed = Bed::with(options).await;
    bed.one("VerifyEmailIdentity", json!({ "EmailAddress": "sender@example.com" })).await;
    let asked = bed.one("GetIdentityVerificationAttributes", json!({ "Identities": ["sender@example.com"] }));
    assert_eq!(asked.await["VerificationAttributes"]["sender@example.com"], json!({ "VerificationStatus": "Pending" }));
    assert_eq!(bed.refused_one("SendEmail", simple(&["a@b.org"])).await.0, "MessageRejected");
    let kept = bed.newest().await;
    assert_eq!(kept.recipients, ["sender@example.com"]);
    let message = mail_parser::MessageParser::default().parse(&kept.mime[..]).unwrap();
    let text = message.body_text(0).unwrap().into_owned();
    let token = text.split("?token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let page = bed.ses.admin_routes().remove(0);
    assert_eq!(page.get(&[("token".to_owned(), "other".to_owned())]).await.status, 404);
    assert_eq!(page.get(&[("token".to_owned(), token)]).await.status, 200);
    bed.one("SendEmail", simple(&["a@b.org"])).await;
}

#[tokio::test]
async fn in_the_sandbox_recipients_are_verified_too_and_there_is_a_quota() {
    let bed = Bed::with(Options { sandbox: true, ..Options::default() }).await;
    let bed = bed.verified(&["sender@example.com", "friend@example.org"]).await;
    let (code, message) = bed.refused_one("SendEmail", simple(&["friend@example.org", "to@example.org"])).await;
    assert_eq!(code, "MessageRejected");
    assert!(message.ends_with("in region US-EAST-1: to@example.org"), "{message}");
    bed.one("SendEmail", simple(&["success@simulator.amazonses.com"])).await;
    for _ in 1..200 {
        bed.one("SendEmail", simple(&["friend@example.org"])).await;
    }
    let refused = bed.refused_one("SendEmail", simple(&["friend@example.org"])).await;
    assert_eq!(refused, ("Throttling".to_owned(), "Daily message quota exceeded.".to_owned()));
    let quota = bed.one("GetSendQuota", json!({})).await;
    assert_eq!(quota, json!({ "Max24HourSend": 200, "MaxSendRate": 1, "SentLast24Hours": 200 }));
}

#[tokio::test]
async fn a_raw_mail_says_by_its_headers_what_it_wants() {
    use base64::Engine as _;
    let bed = Bed::new().await.verified(&["sender@example.com"]).await;
    bed.two("CreateConfigurationSet", json!({ "ConfigurationSetName": "set" })).await;
    let raw = "From: Sender <sender@example.com>\nTo: a@example.org\nCc: b@example.org\nBcc: c@example.org\n\
               Subject: x\nMessage-ID: <own@example.com>\nX-SES-CONFIGURATION-SET: set\n\
               X-SES-MESSAGE-TAGS: one=1, two=2\n\nbody\n";
    let raw = base64::engine::general_purpose::STANDARD.encode(raw);
    bed.one("SendRawEmail", json!({ "RawMessage": { "Data": raw } })).await;
    let kept = bed.newest().await;
    assert_eq!(kept.recipients, ["a@example.org", "b@example.org", "c@example.org"]);
    assert_eq!(kept.configuration_set.as_deref(), Some("set"));
    assert_eq!(kept.tags.len(), 2);
    let mime = String::from_utf8(kept.mime.to_vec()).unwrap();
    assert!(!mime.contains("Bcc") && !mime.contains("X-SES") && !mime.contains("own@example.com"), "{mime}");
    assert!(mime.ends_with("\r\n\r\nbody\r\n") && mime.contains("Cc: b@example.org\r\n"), "{mime}");
}

#[tokio::test]
async fn nobody_sends_what_is_paused() {
    let bed = Bed::new().await.verified(&["sender@example.com"]).await;
    bed.two("CreateConfigurationSet", json!({ "ConfigurationSetName": "set" })).await;
    let with_set = |name: &str| {
        let mut input = simple(&["to@example.org"]);
        input["ConfigurationSetName"] = json!(name);
        input
    };
    bed.one("SendEmail", with_set("set")).await;
    let absent = bed.refused_one("SendEmail", with_set("absent")).await;
    let expected = ("ConfigurationSetDoesNotExist".to_owned(), "Configuration set <absent> does not exist.".to_owned());
    assert_eq!(absent, expected);
    bed.two("PutConfigurationSetSendingOptions", json!({ "ConfigurationSetName": "set", "SendingEnabled": false }))
        .await;
    assert_eq!(bed.refused_one("SendEmail", with_set("set")).await.0, "ConfigurationSetSendingPausedException");
    bed.one("UpdateAccountSendingEnabled", json!({ "Enabled": false })).await;
    assert_eq!(bed.refused_one("SendEmail", simple(&["to@example.org"])).await.0, "AccountSendingPausedException");
    assert_eq!(bed.count(), 1);
}

#[tokio::test]
async fn suppressed_addresses_get_nothing_and_the_others_do() {
    let bed = Bed::new().await.verified(&["sender@example.com"]).await;
    bed.two("PutSuppressedDestination", json!({ "EmailAddress": "Gone@example.org", "Reason": "BOUNCE" })).await;
    bed.one("SendEmail", simple(&["gone@example.org", "to@example.org"])).await;
    let all = bed.mail.list(&tidegate_mail::Search::default(), 10).await.unwrap();
    let to: Vec<_> = all.iter().map(|mail| mail.to.clone()).collect();
    // The sender hears of it by mail: no topic does it.
    assert!(to.contains(&vec!["to@example.org".to_owned()]), "{to:?}");
    assert!(to.contains(&vec!["sender@example.com".to_owned()]), "{to:?}");
    assert_eq!(to.len(), 2);
}

#[tokio::test]
async fn contacts_that_unsubscribed_get_nothing() {
    let bed = Bed::new().await.verified(&["sender@example.com"]).await;
    let topics = json!([{ "TopicName": "news", "DisplayName": "News", "DefaultSubscriptionStatus": "OPT_IN" }]);
    bed.two("CreateContactList", json!({ "ContactListName": "list", "Topics": topics })).await;
    let contact = json!({ "ContactListName": "list", "EmailAddress": "no@example.org", "UnsubscribeAll": true });
    bed.two("CreateContact", contact).await;
    let send = |to: &str| {
        json!({
            "FromEmailAddress": "sender@example.com",
            "Destination": { "ToAddresses": [to] },
            "Content": { "Simple": { "Subject": { "Data": "s" }, "Body": { "Text": { "Data": "t" } } } },
            "ListManagementOptions": { "ContactListName": "list", "TopicName": "news" },
        })
    };
    bed.two("SendEmail", send("no@example.org")).await;
    bed.two("SendEmail", send("new@example.org")).await;
    assert_eq!(bed.newest().await.recipients, ["new@example.org"]);
    let contacts = bed.two("ListContacts", json!({ "ContactListName": "list" })).await;
    assert_eq!(contacts["Contacts"].as_array().unwrap().len(), 2, "whoever is written to becomes a contact");
}
