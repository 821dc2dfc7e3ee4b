//! What is needed beside an operation's own permission: who may see what is masked, and who passes roles.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bed::Bed;

fn start(text: &str, more: Value) -> Value {
    let mut input = json!({ "queryString": text, "startTime": 0, "endTime": 60 });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn group(action: &str, name: &str) -> String {
    format!("logs:{action} arn:aws:logs:us-east-1:000000000000:log-group:{name}:log-stream:")
}

#[tokio::test]
async fn a_query_needs_permissions_for_the_groups_that_it_chooses() {
    let bed = Bed::new().await;
    for name in ["app/a", "app/b", "lib"] {
        bed.create(name, &[]).await;
    }
    let of_app = |action: &str| [group(action, "app/a"), group(action, "app/b")];
    let source = r#"source logGroups(namePrefix: ["app/"])"#;
    assert_eq!(bed.needs("StartQuery", start(&format!("{source} | limit 1"), json!({}))).await, of_app("StartQuery"));
    let unmasked = bed.needs("StartQuery", start(&format!("{source} | UNMASK @message"), json!({}))).await;
    assert_eq!(unmasked, [of_app("StartQuery"), of_app("Unmask")].concat());
    let named = bed.needs("StartQuery", start("fields unmask(@message)", json!({ "logGroupName": "lib" }))).await;
    assert_eq!(named, [group("StartQuery", "lib"), group("Unmask", "lib")]);
    let inner = json!({ "logGroupName": "lib" });
    let inner = bed.needs("StartQuery", start("filter a in (SOURCE 'app/a' | fields a)", inner)).await;
    assert_eq!(inner, [group("StartQuery", "lib"), group("StartQuery", "app/a")]);
    let chosen = r#"filter a in (SOURCE logGroups(namePrefix: ["none"]) | fields a)"#;
    let chosen = bed.needs("StartQuery", start(chosen, json!({ "logGroupName": "lib" }))).await;
    assert_eq!(chosen, [group("StartQuery", "lib"), "logs:StartQuery *".to_owned()]);
    let absent = json!({ "logGroupName": "lib" });
    let absent = bed.needs("StartQuery", start("filter a in (SOURCE 'absent' | fields a)", absent)).await;
    assert_eq!(absent, [group("StartQuery", "lib"), group("StartQuery", "absent")]);
    for nothing in
        [r#"SOURCE logGroups(namePrefix: ["none"]) | unmask @message"#, "SOURCE logGroups( | unmask @message"]
    {
        let all = bed.needs("StartQuery", start(nothing, json!({}))).await;
        assert_eq!(all, ["logs:StartQuery *", "logs:Unmask *"], "{nothing}");
    }
}

#[tokio::test]
async fn a_query_needs_permissions_for_the_tables_that_it_looks_up() {
    let bed = Bed::new().await;
    let text = "lookup one a OUTPUT b | lookup two a OUTPUT c | lookup one a OUTPUT d";
    let needs = bed.needs("StartQuery", start(text, json!({ "logGroupName": "g" }))).await;
    let table = |name: &str| format!("logs:GetLookupTable arn:aws:logs:us-east-1:000000000000:lookup-table:{name}");
    assert_eq!(needs, [group("StartQuery", "g"), table("one"), table("two")]);
}

#[tokio::test]
async fn an_events_pointer_says_which_group_it_is_of() {
    let bed = Bed::new().await;
    let pointer = STANDARD.encode("1\n1\n0\napp/a\nstream");
    for (operation, member) in [("GetLogRecord", "logRecordPointer"), ("GetLogObject", "logObjectPointer")] {
        let masked = bed.needs(operation, json!({ member: pointer })).await;
        assert_eq!(masked, [group(operation, "app/a")]);
        let unmasked = bed.needs(operation, json!({ member: pointer, "unmask": true })).await;
        assert_eq!(unmasked, [group(operation, "app/a"), group("Unmask", "app/a")]);
        let nothing = bed.needs(operation, json!({ member: "nothing", "unmask": true })).await;
        assert_eq!(nothing, [format!("logs:{operation} *"), "logs:Unmask *".to_owned()]);
    }
}

#[tokio::test]
async fn a_data_source_needs_permissions_for_its_groups() {
    let bed = Bed::new().await;
    for (name, source) in [("a", "shop"), ("b", "bank"), ("c", "shop")] {
        let tags = json!({ "cw:datasource:name": source, "cw:datasource:type": "orders" });
        bed.ok("CreateLogGroup", json!({ "logGroupName": name, "tags": tags })).await;
    }
    let needs = bed.needs("GetLogFields", json!({ "dataSourceName": "shop", "dataSourceType": "orders" })).await;
    assert_eq!(needs, ["logs:GetLogFields *".to_owned(), group("GetLogFields", "a"), group("GetLogFields", "c")]);
}

#[tokio::test]
async fn a_policy_of_an_account_needs_what_a_groups_does() {
    let bed = Bed::new().await;
    let role = "arn:aws:iam::000000000000:role/r";
    let target = "arn:aws:sqs:us-east-1:000000000000:q";
    let document = json!({ "DestinationArn": target, "RoleArn": role }).to_string();
    for (kind, what) in [
        ("DATA_PROTECTION_POLICY", "DataProtectionPolicy"),
        ("SUBSCRIPTION_FILTER_POLICY", "SubscriptionFilter"),
        ("FIELD_INDEX_POLICY", "IndexPolicy"),
        ("TRANSFORMER_POLICY", "Transformer"),
        ("METRIC_EXTRACTION_POLICY", "MetricExtractionPolicy"),
    ] {
        let name = json!({ "policyName": "p", "policyType": kind });
        let expected = |verb: &str| vec![format!("logs:{verb}AccountPolicy *"), format!("logs:{verb}{what} *")];
        assert_eq!(bed.needs("DeleteAccountPolicy", name.clone()).await, expected("Delete"));
        let mut put = name;
        put["policyDocument"] = json!(document);
        let mut needs = expected("Put");
        if what == "SubscriptionFilter" {
            needs.push(format!("iam:PassRole {role}"));
        }
        assert_eq!(bed.needs("PutAccountPolicy", put).await, needs);
    }
}
