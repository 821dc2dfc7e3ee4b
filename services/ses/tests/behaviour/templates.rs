use serde_json::{Value, json};

use crate::bed::Bed;

async fn bed() -> Bed {
    let bed = Bed::new().await.verified(&["sender@example.com"]).await;
    let parts = json!({
        "Subject": "Hi {{name}}",
        "Text": "{{#each things}}{{this}} {{/each}}",
        "Html": "{{#if vip}}<b>{{name}}</b>{{else}}{{name}}{{/if}}",
    });
    bed.two("CreateEmailTemplate", json!({ "TemplateName": "t", "TemplateContent": parts })).await;
    bed
}

#[tokio::test]
async fn one_mail_by_a_template() {
    let bed = bed().await;
    let data = json!({ "name": "A <B>", "things": ["x", "y"], "vip": true }).to_string();
    let input = json!({
        "FromEmailAddress": "sender@example.com",
        "Destination": { "ToAddresses": ["to@example.org"] },
        "Content": { "Template": { "TemplateName": "t", "TemplateData": data } },
    });
    bed.two("SendEmail", input).await;
    let kept = bed.newest().await;
    let message = mail_parser::MessageParser::default().parse(&kept.mime[..]).unwrap();
    assert_eq!(message.subject(), Some("Hi A <B>"));
    assert_eq!(message.body_text(0).unwrap().trim_end(), "x y");
    assert_eq!(message.body_html(0).unwrap().trim_end(), "<b>A <B></b>");
}

#[tokio::test]
async fn many_mails_of_which_one_is_wrong() {
    let bed = bed().await;
    let to = |address: &str, data: Value| json!({ "Destination": { "ToAddresses": [address] }, "ReplacementTemplateData": data.to_string() });
    let input = json!({
        "Source": "sender@example.com",
        "Template": "t",
        "DefaultTemplateData": json!({ "name": "you", "things": [] }).to_string(),
        "Destinations": [to("a@example.org", json!({ "name": "A" })), to("wrong", json!({})), to("b@example.org", json!({}))],
    });
    let answer = bed.one("SendBulkTemplatedEmail", input).await;
    let statuses: Vec<_> =
        answer["Status"].as_array().unwrap().iter().map(|one| one["Status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["Success", "InvalidParameterValue", "Success"]);
    assert_eq!(answer["Status"][1]["Error"], json!("Missing final '@domain'"));
    let all = bed.mail.list(&tidegate_mail::Search::default(), 10).await.unwrap();
    let mut subjects: Vec<_> = all.iter().map(|mail| (mail.to[0].as_str(), mail.subject.as_str())).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, [("a@example.org", "Hi A"), ("b@example.org", "Hi you")]);
}

#[tokio::test]
async fn templates_are_tried_and_checked() {
    let bed = bed().await;
    let data = json!({ "name": "A", "things": [] }).to_string();
    let tried = bed.one("TestRenderTemplate", json!({ "TemplateName": "t", "TemplateData": data })).await;
    let mime = tried["RenderedTemplate"].as_str().unwrap();
    assert!(mime.contains("Subject: Hi A\r\n"), "{mime}");
    for (data, code, message) in [
        ("{}", "MissingRenderingAttribute", "Attribute 'name' is not present in the rendering data."),
        ("[]", "InvalidRenderingParameter", "Template rendering data is invalid"),
    ] {
        let refused = bed.refused_one("TestRenderTemplate", json!({ "TemplateName": "t", "TemplateData": data })).await;
        assert_eq!(refused, (code.to_owned(), message.to_owned()));
    }
    let broken = json!({ "TemplateName": "u", "SubjectPart": "{{#if x}}" });
    assert_eq!(bed.refused_one("CreateTemplate", json!({ "Template": broken })).await.0, "InvalidTemplate");
}
