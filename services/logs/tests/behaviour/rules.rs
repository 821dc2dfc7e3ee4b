use serde_json::{Value, json};

use crate::bed::{Bed, START, texts};

const STANDARD_ONLY: &str = "This operation is only supported on the Standard log class.";

pub fn protection(identifiers: &[&str]) -> String {
    let all: Vec<String> =
        identifiers.iter().map(|name| format!("arn:aws:dataprotection::aws:data-identifier/{name}")).collect();
    json!({ "Name": "p", "Version": "2021-06-01", "Statement": [
        { "DataIdentifier": all, "Operation": { "Audit": { "FindingsDestination": {} } } },
        { "DataIdentifier": all, "Operation": { "Deidentify": { "MaskConfig": {} } } },
    ] })
    .to_string()
}

async fn query(bed: &Bed, text: &str) -> Vec<Vec<(String, String)>> {
    let seconds = START.as_millis() / 1000;
    let input =
        json!({ "logGroupName": "g", "queryString": text, "startTime": seconds - 60, "endTime": seconds + 3600 });
    let id = bed.ok("StartQuery", input).await["queryId"].clone();
    bed.settle().await;
    let answer = bed.ok("GetQueryResults", json!({ "queryId": id })).await;
    assert_eq!(answer["status"], "Complete");
    let field = |cell: &Value| (cell["field"].as_str().unwrap().to_owned(), cell["value"].as_str().unwrap().to_owned());
    let row = |row: &Value| row.as_array().unwrap().iter().map(field).filter(|(name, _)| name != "@ptr").collect();
    answer["results"].as_array().unwrap().iter().map(row).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn what_is_sensitive_is_masked_from_the_policy_on() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    bed.put("g", "s", &[(0, "before a@example.com")]).await;
    bed.advance(1).await;
    let document = protection(&["EmailAddress"]);
    bed.ok("PutDataProtectionPolicy", json!({ "logGroupIdentifier": "g", "policyDocument": document })).await;
    bed.put("g", "s", &[(1, "after a@example.com")]).await;
    let masked = ["before a@example.com", "after *************"];
    assert_eq!(texts(&bed.get("g", "s", json!({})).await), masked);
    assert_eq!(bed.filter("g", json!({})).await, masked);
    assert_eq!(bed.filter("g", json!({ "unmask": true, "filterPattern": "after" })).await, ["after a@example.com"]);
    assert_eq!(bed.filter("g", json!({ "filterPattern": "\"a@example\"" })).await, ["before a@example.com"]);
    let unmasked = bed.get("g", "s", json!({ "unmask": true })).await;
    assert_eq!(texts(&unmasked)[1], "after a@example.com");
    let rows = query(&bed, "fields @message, unmask(@message) as clear | filter @message like /after/").await;
    assert_eq!(rows, [pairs(&[("@message", "after *************"), ("clear", "after a@example.com")])]);
    let bed = bed.restart().await;
    let group = bed.ok("DescribeLogGroups", json!({ "logGroupNamePrefix": "g" })).await;
    assert_eq!(group["logGroups"][0]["dataProtectionStatus"], "ACTIVATED");
    let found = bed.ok("GetDataProtectionPolicy", json!({ "logGroupIdentifier": "g" })).await;
    assert_eq!(found["policyDocument"], json!(document));
    bed.ok("DeleteDataProtectionPolicy", json!({ "logGroupIdentifier": "g" })).await;
    let found = bed.ok("GetDataProtectionPolicy", json!({ "logGroupIdentifier": "g" })).await;
    assert_eq!(found.get("policyDocument"), None);
    bed.check().await;
}

#[tokio::test]
async fn subscribers_see_masked_events() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let document = protection(&["IpAddress"]);
    let policy = json!({ "policyName": "p", "policyType": "DATA_PROTECTION_POLICY", "policyDocument": document });
    let put = bed.ok("PutAccountPolicy", policy.clone()).await;
    assert_eq!(put["accountPolicy"]["scope"], "ALL");
    let arn = "arn:aws:sqs:us-east-1:000000000000:q";
    let filter = json!({ "logGroupName": "g", "filterName": "f", "filterPattern": "", "destinationArn": arn });
    bed.ok("PutSubscriptionFilter", filter).await;
    bed.put("g", "s", &[(0, "from 10.0.0.1")]).await;
    assert_eq!(bed.received("q").await[1]["logEvents"][0]["message"], "from ********");
    let group = bed.ok("DescribeLogGroups", json!({ "logGroupNamePrefix": "g" })).await;
    assert_eq!(group["logGroups"][0]["inheritedProperties"], json!(["ACCOUNT_DATA_PROTECTION"]));
    let mut second = policy;
    second["policyName"] = json!("q");
    bed.refuses("PutAccountPolicy", second, "LimitExceededException", "Resource limit exceeded.").await;
}

#[tokio::test]
async fn an_accounts_subscription_gets_every_groups_events() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    bed.create("h", &["s"]).await;
    let document = json!({ "DestinationArn": "arn:aws:sqs:us-east-1:000000000000:q", "FilterPattern": "ERROR" });
    let policy = json!({
        "policyName": "all", "policyType": "SUBSCRIPTION_FILTER_POLICY", "policyDocument": document.to_string(),
        "selectionCriteria": r#"LogGroupName NOT IN ["h"]"#,
    });
    bed.ok("PutAccountPolicy", policy.clone()).await;
    for group in ["g", "h"] {
        bed.put(group, "s", &[(0, "ERROR a"), (1, "fine")]).await;
    }
    let received = bed.received("q").await;
    assert_eq!(received.len(), 1);
    let head = ["logGroup", "policyLevel", "subscriptionFilters"].map(|name| received[0][name].clone());
    assert_eq!(json!(head), json!(["g", "ACCOUNT_LEVEL_POLICY", ["all"]]));
    let bed = bed.restart().await;
    bed.put("g", "s", &[(2, "ERROR b")]).await;
    assert_eq!(bed.received("q").await.len(), 2);
    let kind = json!({ "policyType": "SUBSCRIPTION_FILTER_POLICY" });
    let described = bed.ok("DescribeAccountPolicies", kind).await;
    assert_eq!(described["accountPolicies"][0]["selectionCriteria"], policy["selectionCriteria"]);
    let name = json!({ "policyName": "all", "policyType": "SUBSCRIPTION_FILTER_POLICY" });
    bed.ok("DeleteAccountPolicy", name.clone()).await;
    bed.put("g", "s", &[(3, "ERROR c")]).await;
    assert_eq!(bed.received("q").await.len(), 2);
    let words = "Policy with name [all] does not exist.";
    bed.refuses("DeleteAccountPolicy", name, "ResourceNotFoundException", words).await;
    bed.check().await;
}

#[tokio::test]
async fn events_are_transformed_as_they_are_written() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    bed.put("g", "s", &[(0, "2 GET /before")]).await;
    let config = json!([
        { "grok": { "match": "%{NUMBER:took} %{WORD:verb} %{NOTSPACE:path}" } },
        { "typeConverter": { "entries": [{ "key": "took", "type": "integer" }] } },
    ]);
    bed.ok("PutTransformer", json!({ "logGroupIdentifier": "g", "transformerConfig": config })).await;
    let arn = "arn:aws:sqs:us-east-1:000000000000";
    for (name, transformed) in [("raw", false), ("made", true)] {
        let filter = json!({
            "logGroupName": "g", "filterName": name, "filterPattern": if transformed { "{ $.took > 4 }" } else { "" },
            "destinationArn": format!("{arn}:{name}"), "applyOnTransformedLogs": transformed,
        });
        bed.ok("PutSubscriptionFilter", filter).await;
    }
    bed.put("g", "s", &[(1, "5 GET /after"), (2, "unlike the others")]).await;
    let first = |received: Vec<Value>| received[1]["logEvents"].clone();
    assert_eq!(first(bed.received("raw").await)[0]["message"], "5 GET /after");
    let made = first(bed.received("made").await);
    assert_eq!(made.as_array().unwrap().len(), 1);
    let fields: Value = serde_json::from_str(made[0]["message"].as_str().unwrap()).unwrap();
    assert_eq!(fields, json!({ "took": 5, "verb": "GET", "path": "/after" }));
    // The event itself stays as it came.
    assert_eq!(bed.filter("g", json!({})).await, ["2 GET /before", "5 GET /after", "unlike the others"]);
    let rows = query(&bed, "fields @message, verb | filter took = 5").await;
    assert_eq!(rows, [pairs(&[("@message", "5 GET /after"), ("verb", "GET")])]);
    let bed = bed.restart().await;
    let found = bed.ok("GetTransformer", json!({ "logGroupIdentifier": "g" })).await;
    assert_eq!(found["transformerConfig"], config);
    bed.ok("DeleteTransformer", json!({ "logGroupIdentifier": "g" })).await;
    let words = "The specified transformer does not exist.";
    bed.refuses("GetTransformer", json!({ "logGroupIdentifier": "g" }), "ResourceNotFoundException", words).await;
    assert_eq!(query(&bed, "filter took = 5").await.len(), 1, "what was made of an event stays");
}

#[tokio::test]
async fn transformers_of_accounts_and_trials() {
    let bed = Bed::new().await;
    bed.create("app/g", &["s"]).await;
    let policy = |name: &str, prefix: &str| {
        json!({
            "policyName": name, "policyType": "TRANSFORMER_POLICY", "policyDocument": r#"[{"parseKeyValue":{}}]"#,
            "selectionCriteria": format!(r#"LogGroupNamePrefix IN ["{prefix}"]"#),
        })
    };
    bed.ok("PutAccountPolicy", policy("a", "app/")).await;
    let words = "The selectionCriteria overlaps with that of another policy";
    bed.refuses("PutAccountPolicy", policy("b", "app/x"), "InvalidParameterException", words).await;
    bed.ok("PutAccountPolicy", policy("b", "lib/")).await;
    let filter = json!({
        "logGroupName": "app/g", "filterName": "f", "filterPattern": "{ $.a = 1 }", "applyOnTransformedLogs": true,
        "destinationArn": "arn:aws:sqs:us-east-1:000000000000:q",
    });
    bed.ok("PutSubscriptionFilter", filter).await;
    bed.put("app/g", "s", &[(0, "a=1&b=2")]).await;
    assert_eq!(bed.received("q").await[1]["logEvents"][0]["message"], r#"{"a":"1","b":"2"}"#);
    let trial = json!({ "transformerConfig": [{ "parseJSON": {} }], "logEventMessages": [r#"{"a": 1}"#, "no"] });
    let answer = bed.ok("TestTransformer", trial).await;
    let expected = json!([
        { "eventNumber": 1, "eventMessage": r#"{"a": 1}"#, "transformedEventMessage": r#"{"a":1}"# },
        { "eventNumber": 2, "eventMessage": "no", "transformedEventMessage": "no" },
    ]);
    assert_eq!(answer["transformedLogs"], expected);
    let wrong = json!({ "transformerConfig": [{ "deleteKeys": { "withKeys": ["a"] } }], "logEventMessages": ["x"] });
    let words = "The first processor in a transformer must be a parser.";
    bed.refuses("TestTransformer", wrong, "InvalidParameterException", words).await;
}

#[tokio::test]
async fn index_policies_are_a_groups_or_its_accounts() {
    let bed = Bed::new().await;
    bed.create("g", &[]).await;
    let of = json!({ "logGroupIdentifiers": ["g"] });
    assert_eq!(bed.ok("DescribeIndexPolicies", of.clone()).await["indexPolicies"], json!([]));
    let account =
        json!({ "policyName": "a", "policyType": "FIELD_INDEX_POLICY", "policyDocument": r#"{"Fields":["x"]}"# });
    bed.ok("PutAccountPolicy", account).await;
    let found = bed.ok("DescribeIndexPolicies", of.clone()).await;
    assert_eq!(
        (&found["indexPolicies"][0]["source"], &found["indexPolicies"][0]["policyName"]),
        (&json!("ACCOUNT"), &json!("a"))
    );
    let document = r#"{"Fields":["requestId"],"FieldsV2":{"status":{"type":"FACET"}}}"#;
    bed.ok("PutIndexPolicy", json!({ "logGroupIdentifier": "g", "policyDocument": document })).await;
    assert_eq!(bed.ok("DescribeIndexPolicies", of.clone()).await["indexPolicies"][0]["source"], "LOG_GROUP");
    let fields = bed.ok("DescribeFieldIndexes", of.clone()).await;
    let shown: Vec<_> = fields["fieldIndexes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| (field["fieldIndexName"].clone(), field["type"].clone()))
        .collect();
    assert_eq!(json!(shown), json!([["requestId", "FIELD_INDEX"], ["status", "FACET"]]));
    bed.ok("DeleteIndexPolicy", json!({ "logGroupIdentifier": "g" })).await;
    let words = "The specified index policy does not exist.";
    bed.refuses("DeleteIndexPolicy", json!({ "logGroupIdentifier": "g" }), "ResourceNotFoundException", words).await;
}

#[tokio::test]
async fn a_groups_own_resource_policy_has_revisions() {
    let bed = Bed::new().await;
    bed.create("g", &[]).await;
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    let put = |document: &str, revision: Option<&Value>| {
        let mut input = json!({ "resourceArn": arn, "policyDocument": document });
        if let Some(revision) = revision {
            input["expectedRevisionId"] = revision.clone();
        }
        input
    };
    let first = bed.ok("PutResourcePolicy", put(r#"{"Statement":[]}"#, None)).await["revisionId"].clone();
    bed.ok("PutResourcePolicy", put(r#"{"Statement":[1]}"#, Some(&first))).await;
    let words = "The expectedRevisionId does not match the current revision.";
    bed.refuses("PutResourcePolicy", put("{}", Some(&first)), "OperationAbortedException", words).await;
    let found = bed.ok("DescribeResourcePolicies", json!({ "policyScope": "RESOURCE" })).await;
    assert_eq!(
        (&found["resourcePolicies"][0]["resourceArn"], &found["resourcePolicies"][0]["policyScope"]),
        (&json!(arn), &json!("RESOURCE"))
    );
    assert_eq!(bed.ok("DescribeResourcePolicies", json!({})).await["resourcePolicies"], json!([]));
    bed.ok("DeleteResourcePolicy", json!({ "resourceArn": arn })).await;
    assert_eq!(bed.ok("DescribeResourcePolicies", json!({ "resourceArn": arn })).await["resourcePolicies"], json!([]));
}

#[tokio::test]
async fn filters_choose_by_account_and_region() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    for (name, criteria) in [("here", r#"@aws.region = "us-east-1""#), ("there", r#"@aws.region NOT IN ["us-east-1"]"#)]
    {
        let filter = json!({
            "logGroupName": "g", "filterName": name, "filterPattern": "", "fieldSelectionCriteria": criteria,
            "destinationArn": format!("arn:aws:sqs:us-east-1:000000000000:{name}"), "emitSystemFields": ["@aws.account"],
        });
        bed.ok("PutSubscriptionFilter", filter).await;
    }
    bed.put("g", "s", &[(0, "x")]).await;
    let received = bed.received("here").await;
    assert_eq!(received[1]["logEvents"][0]["extractedFields"], json!({ "@aws.account": "000000000000" }));
    assert_eq!(bed.received("there").await.len(), 1, "the control message alone");
    let shown = bed.ok("DescribeSubscriptionFilters", json!({ "logGroupName": "g" })).await;
    assert_eq!(shown["subscriptionFilters"][0]["emitSystemFields"], json!(["@aws.account"]));
    let wrong = json!({
        "logGroupName": "g", "filterName": "f", "filterPattern": "", "fieldSelectionCriteria": "nonsense",
        "destinationArn": "arn:aws:sqs:us-east-1:000000000000:q",
    });
    bed.refuses("PutSubscriptionFilter", wrong, "InvalidParameterException", "Invalid fieldSelectionCriteria").await;
}

#[tokio::test]
async fn what_only_the_standard_class_has() {
    let bed = Bed::new().await;
    bed.ok("CreateLogGroup", json!({ "logGroupName": "g", "logGroupClass": "INFREQUENT_ACCESS" })).await;
    bed.ok("CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "s" })).await;
    bed.put("g", "s", &[(0, "x")]).await;
    let arn = "arn:aws:sqs:us-east-1:000000000000:q";
    let metric = json!([{ "metricName": "m", "metricNamespace": "n", "metricValue": "1" }]);
    for (operation, input) in [
        (
            "PutSubscriptionFilter",
            json!({ "logGroupName": "g", "filterName": "f", "filterPattern": "", "destinationArn": arn }),
        ),
        (
            "PutMetricFilter",
            json!({ "logGroupName": "g", "filterName": "f", "filterPattern": "", "metricTransformations": metric }),
        ),
        ("DescribeMetricFilters", json!({ "logGroupName": "g" })),
        ("PutDataProtectionPolicy", json!({ "logGroupIdentifier": "g", "policyDocument": protection(&["Name"]) })),
        ("PutIndexPolicy", json!({ "logGroupIdentifier": "g", "policyDocument": r#"{"Fields":["a"]}"# })),
        ("PutTransformer", json!({ "logGroupIdentifier": "g", "transformerConfig": [{ "parseJSON": {} }] })),
        ("GetLogEvents", json!({ "logGroupName": "g", "logStreamName": "s" })),
        ("FilterLogEvents", json!({ "logGroupName": "g" })),
        ("StartLiveTail", json!({ "logGroupIdentifiers": ["arn:aws:logs:us-east-1:000000000000:log-group:g"] })),
    ] {
        bed.refuses(operation, input, "ValidationException", STANDARD_ONLY).await;
    }
    assert_eq!(query(&bed, "fields @message").await, [pairs(&[("@message", "x")])]);
}

#[tokio::test]
async fn a_query_chooses_its_groups() {
    let bed = Bed::new().await;
    for group in ["app/a", "app/b", "lib"] {
        bed.create(group, &["s"]).await;
        bed.put(group, "s", &[(0, "took 5 ms"), (1, "took 7 ms")]).await;
    }
    let seconds = START.as_millis() / 1000;
    let start = |text: &str| json!({ "queryString": text, "startTime": seconds, "endTime": seconds + 60 });
    let text = r#"SOURCE logGroups(namePrefix: ["app/"]) | pattern @message"#;
    let id = bed.ok("StartQuery", start(text)).await["queryId"].clone();
    bed.settle().await;
    let answer = bed.ok("GetQueryResults", json!({ "queryId": id })).await;
    let row: Vec<_> = answer["results"][0].as_array().unwrap().iter().map(|cell| cell["value"].clone()).collect();
    assert_eq!(json!(row), json!(["took <Number-1> ms", "1", "4", "NONE"]));
    assert_eq!(answer["statistics"]["logGroupsScanned"], 2.0);
    let none = start(r#"SOURCE logGroups(namePrefix: ["nothing"]) | limit 1"#);
    let words = "The SOURCE command must choose between 1 and 10000 log groups.";
    bed.refuses("StartQuery", none, "InvalidParameterException", words).await;
}
