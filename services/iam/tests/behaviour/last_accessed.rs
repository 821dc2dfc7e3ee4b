//! Which services somebody last used, as the reports tell it.

use serde_json::{Value, json};
use tidegate_ports::{Credentials, KeyUse, Roles};

use super::{Bed, POLICY, START, TRUST, arn};

async fn report(bed: &Bed, arn: &str, granularity: &str) -> Value {
    let input = json!({ "Arn": arn, "Granularity": granularity });
    let job = bed.ok("GenerateServiceLastAccessedDetails", input).await["JobId"].clone();
    let report = bed.ok("GetServiceLastAccessedDetails", json!({ "JobId": job })).await;
    assert_eq!((&report["JobStatus"], &report["JobType"]), (&json!("COMPLETED"), &json!(granularity)));
    report["ServicesLastAccessed"].clone()
}

#[tokio::test]
async fn accesses_are_told_of_by_whoever_had_the_permission() {
    let bed = Bed::new().await;
    for user in ["jane", "john"] {
        bed.ok("CreateUser", json!({ "UserName": user })).await;
        bed.ok("PutUserPolicy", json!({ "UserName": user, "PolicyName": "p", "PolicyDocument": POLICY })).await;
    }
    let made = bed.ok("CreateAccessKey", json!({ "UserName": "jane" })).await;
    let key = made["AccessKey"]["AccessKeyId"].as_str().unwrap();
    bed.ok("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": TRUST })).await;
    let both =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sqs:*","s3:GetObject"],"Resource":"*"}}"#;
    bed.ok("CreatePolicy", json!({ "PolicyName": "both", "PolicyDocument": both })).await;
    for (operation, name) in
        [("AttachRolePolicy", json!({ "RoleName": "r" })), ("AttachUserPolicy", json!({ "UserName": "jane" }))]
    {
        let mut input = name;
        input["PolicyArn"] = json!(arn("policy/both"));
        bed.ok(operation, input).await;
    }
    let used = |operation, at| KeyUse { at, service: "sqs", operation, region: "eu-west-1" };
    bed.iam.used(key, used("SendMessage", START));
    let role = bed.iam.role(&arn("role/r")).unwrap();
    bed.iam.session_used(&role.id, used("CreateQueue", START.plus_millis(5000)));
    bed.iam.write_uses().await.unwrap();
    let bed = bed.restart().await;

    let jane = report(&bed, &arn("user/jane"), "SERVICE_LEVEL").await;
    assert_eq!(
        jane[0],
        json!({ "ServiceName": "Amazon S3", "ServiceNamespace": "s3", "TotalAuthenticatedEntities": 0 })
    );
    assert_eq!(jane[1]["LastAuthenticatedEntity"], arn("user/jane"));
    assert_eq!(
        (jane[1]["LastAuthenticated"].as_f64(), &jane[1]["LastAuthenticatedRegion"]),
        (Some(1_700_000_000.0), &json!("eu-west-1"))
    );
    let john = report(&bed, &arn("user/john"), "SERVICE_LEVEL").await;
    assert_eq!(
        john,
        json!([{ "ServiceName": "Amazon SQS", "ServiceNamespace": "sqs", "TotalAuthenticatedEntities": 0 }])
    );

    // Of the policy both are told, and the last one first; data is not managed, so only one action is.
    let policy = report(&bed, &arn("policy/both"), "ACTION_LEVEL").await;
    assert_eq!(
        (&policy[1]["LastAuthenticatedEntity"], &policy[1]["TotalAuthenticatedEntities"]),
        (&json!(arn("role/r")), &json!(2))
    );
    let actions = policy[1]["TrackedActionsLastAccessed"].as_array().unwrap();
    assert_eq!(actions.len(), 1);
    assert_eq!(
        (&actions[0]["ActionName"], &actions[0]["LastAccessedEntity"]),
        (&json!("CreateQueue"), &json!(arn("role/r")))
    );

    let job = bed.ok("GenerateServiceLastAccessedDetails", json!({ "Arn": arn("policy/both") })).await["JobId"].clone();
    let input = json!({ "JobId": job, "ServiceNamespace": "sqs" });
    let people = bed.ok("GetServiceLastAccessedDetailsWithEntities", input).await["EntityDetailsList"].clone();
    let mut names: Vec<_> =
        people.as_array().unwrap().iter().map(|one| one["EntityInfo"]["Name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["jane", "r"]);
    assert!(people.as_array().unwrap().iter().all(|one| one["LastAuthenticated"].is_number()));

    // Jobs outlive a restart; others are not known, nor is what is not there.
    let bed = bed.restart().await;
    bed.ok("GetServiceLastAccessedDetails", json!({ "JobId": job })).await;
    let other = "00000000-0000-0000-0000-000000000000";
    bed.refuses(
        "GetServiceLastAccessedDetails",
        json!({ "JobId": other }),
        "NoSuchEntity",
        &format!("Report {other} was not found."),
    )
    .await;
    let missing = "The user with name nobody cannot be found.";
    bed.refuses("GenerateServiceLastAccessedDetails", json!({ "Arn": arn("user/nobody") }), "NoSuchEntity", missing)
        .await;
}

#[tokio::test]
async fn the_oldest_reports_make_room() {
    let bed = Bed::new().await;
    bed.ok("CreateUser", json!({ "UserName": "jane" })).await;
    let make = async || {
        let made = bed.ok("GenerateServiceLastAccessedDetails", json!({ "Arn": arn("user/jane") })).await;
        json!({ "JobId": made["JobId"] })
    };
    let first = make().await;
    bed.clock.advance(std::time::Duration::from_secs(1));
    for _ in 0..999 {
        make().await;
    }
    bed.ok("GetServiceLastAccessedDetails", first.clone()).await;
    let last = make().await;
    bed.ok("GetServiceLastAccessedDetails", last).await;
    assert!(bed.call("GetServiceLastAccessedDetails", first).await.is_err());
}
