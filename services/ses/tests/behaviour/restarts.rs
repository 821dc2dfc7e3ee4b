use serde_json::json;

use crate::bed::{Bed, simple};

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let bed = Bed::new().await.verified(&["sender@example.com", "example.org"]).await;
    let set = json!({ "ConfigurationSetName": "set", "Tags": [{ "Key": "a", "Value": "b" }] });
    bed.two("CreateConfigurationSet", set).await;
    let template = json!({ "TemplateName": "t", "SubjectPart": "s" });
    bed.one("CreateTemplate", json!({ "Template": template })).await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"ses:SendEmail","Resource":"*"}]}"#;
    let put = json!({ "Identity": "example.org", "PolicyName": "p", "Policy": policy });
    bed.one("PutIdentityPolicy", put).await;
    let id = bed.one("SendEmail", simple(&["to@example.org"])).await["MessageId"].clone();
    let operations = [
        ("ListEmailIdentities", json!({})),
        ("GetEmailIdentity", json!({ "EmailIdentity": "example.org" })),
        ("GetConfigurationSet", json!({ "ConfigurationSetName": "set" })),
        ("GetEmailTemplate", json!({ "TemplateName": "t" })),
        ("GetAccount", json!({})),
        ("GetMessageInsights", json!({ "MessageId": id })),
    ];
    let mut before = Vec::new();
    for (operation, input) in &operations {
        before.push(bed.two(operation, input.clone()).await);
    }
    assert_eq!(before[5]["Insights"][0]["Events"].as_array().unwrap().len(), 2, "sent and delivered");
    let arn = "arn:aws:ses:us-east-1:000000000000:identity/example.org";
    let bed = bed.restart().await;
    for ((operation, input), before) in operations.iter().zip(before) {
        assert_eq!(bed.two(operation, input.clone()).await, before, "{operation}");
    }
    assert!(bed.ses.resource_policies().policy_of(arn).is_some());
    bed.ses.reset().await.unwrap();
    assert_eq!(bed.two("ListEmailIdentities", json!({})).await["EmailIdentities"], json!([]));
    assert!(bed.ses.resource_policies().policy_of(arn).is_none());
}

#[tokio::test]
async fn lists_come_in_pages() {
    let bed = Bed::new().await.verified(&["a.com", "b.com", "c@d.com", "e.com"]).await;
    let first = bed.two("ListEmailIdentities", json!({ "PageSize": 3 })).await;
    assert_eq!(first["EmailIdentities"].as_array().unwrap().len(), 3);
    let second = bed.two("ListEmailIdentities", json!({ "PageSize": 3, "NextToken": first["NextToken"] })).await;
    assert_eq!(second["EmailIdentities"][0]["IdentityName"], json!("e.com"));
    assert_eq!(second["NextToken"], json!(null));
    let domains = bed.one("ListIdentities", json!({ "IdentityType": "Domain" })).await;
    assert_eq!(domains["Identities"], json!(["a.com", "b.com", "e.com"]));
}

#[tokio::test]
async fn every_kind_of_thing_is_tagged() {
    let bed = Bed::new().await.verified(&["example.com"]).await;
    bed.two("CreateDedicatedIpPool", json!({ "PoolName": "pool" })).await;
    bed.two("CreateContactList", json!({ "ContactListName": "list" })).await;
    bed.two("CreateConfigurationSet", json!({ "ConfigurationSetName": "set" })).await;
    for resource in ["identity/example.com", "dedicated-ip-pool/pool", "contact-list/list", "configuration-set/set"] {
        let arn = format!("arn:aws:ses:us-east-1:000000000000:{resource}");
        let tags = json!([{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }]);
        bed.two("TagResource", json!({ "ResourceArn": arn, "Tags": tags })).await;
        bed.two("UntagResource", json!({ "ResourceArn": arn, "TagKeys": ["a", "c"] })).await;
        let tags = bed.two("ListTagsForResource", json!({ "ResourceArn": arn })).await;
        assert_eq!(tags["Tags"], json!([{ "Key": "b", "Value": "2" }]), "{resource}");
    }
    let absent = "arn:aws:ses:us-east-1:000000000000:configuration-set/absent";
    let refused = bed.refused_two("ListTagsForResource", json!({ "ResourceArn": absent })).await;
    let expected = "No ConfigurationSet present with name: absent";
    assert_eq!(refused, ("NotFoundException".to_owned(), expected.to_owned()));
}
