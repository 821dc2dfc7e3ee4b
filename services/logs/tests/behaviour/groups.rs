use serde_json::{Value, json};

use crate::bed::Bed;

fn names(answer: &Value) -> Vec<&str> {
    answer["logGroups"].as_array().unwrap().iter().map(|group| group["logGroupName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_group_is_described_as_it_was_created() {
    let bed = Bed::new().await;
    let group = json!({ "logGroupName": "/a/b", "tags": { "k": "v" }, "kmsKeyId": "arn:key", "logGroupClass": "INFREQUENT_ACCESS" });
    bed.ok("CreateLogGroup", group).await;
    let answer = bed.ok("DescribeLogGroups", json!({})).await;
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/a/b";
    let expected = json!([{
        "logGroupName": "/a/b", "creationTime": 1_700_000_000_000_i64, "metricFilterCount": 0, "arn": format!("{arn}:*"),
        "storedBytes": 0, "kmsKeyId": "arn:key", "logGroupClass": "INFREQUENT_ACCESS", "logGroupArn": arn,
        "deletionProtectionEnabled": false,
    }]);
    assert_eq!(answer["logGroups"], expected);
    assert_eq!(bed.ok("ListTagsLogGroup", json!({ "logGroupName": "/a/b" })).await["tags"], json!({ "k": "v" }));
    let bed = bed.restart().await;
    assert_eq!(bed.ok("DescribeLogGroups", json!({})).await["logGroups"], expected);
    bed.check().await;
}

#[tokio::test]
async fn groups_are_listed_by_prefix_pattern_and_page() {
    let bed = Bed::new().await;
    for name in ["b/two", "a/one", "a/three", "a/two"] {
        bed.create(name, &[]).await;
    }
    let listed = async |input: Value| bed.ok("DescribeLogGroups", input).await;
    assert_eq!(names(&listed(json!({})).await), ["a/one", "a/three", "a/two", "b/two"]);
    assert_eq!(names(&listed(json!({ "logGroupNamePrefix": "a/t" })).await), ["a/three", "a/two"]);
    assert_eq!(names(&listed(json!({ "logGroupNamePattern": "TWO" })).await), ["a/two", "b/two"]);
    let identifiers = json!(["a/one", "arn:aws:logs:us-east-1:000000000000:log-group:b/two"]);
    assert_eq!(names(&listed(json!({ "logGroupIdentifiers": identifiers })).await), ["a/one", "b/two"]);
    let mut input = json!({ "limit": 3 });
    let first = listed(input.clone()).await;
    assert_eq!(names(&first), ["a/one", "a/three", "a/two"]);
    input["nextToken"] = first["nextToken"].clone();
    let second = listed(input).await;
    assert_eq!((names(&second), second.get("nextToken")), (vec!["b/two"], None));
    let short = bed.ok("ListLogGroups", json!({ "logGroupNamePattern": "^a/o|two" })).await;
    assert_eq!(names(&short), ["a/one", "a/two", "b/two"]);
}

#[tokio::test]
async fn both_families_of_tags_are_one() {
    let bed = Bed::new().await;
    bed.create("g", &[]).await;
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    bed.ok("TagResource", json!({ "resourceArn": arn, "tags": { "a": "1", "b": "2" } })).await;
    bed.ok("TagLogGroup", json!({ "logGroupName": "g", "tags": { "c": "3" } })).await;
    bed.ok("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["a"] })).await;
    bed.ok("UntagLogGroup", json!({ "logGroupName": "g", "tags": ["c"] })).await;
    let tags = bed.ok("ListTagsForResource", json!({ "resourceArn": arn })).await;
    assert_eq!(tags["tags"], json!({ "b": "2" }));
    assert_eq!(bed.ok("ListTagsLogGroup", json!({ "logGroupName": "g" })).await, tags);
}

#[tokio::test]
async fn policies_and_destinations_are_kept() {
    let bed = Bed::new().await;
    let put = bed.ok("PutResourcePolicy", json!({ "policyName": "p", "policyDocument": "{}" })).await;
    let policy = json!({ "policyName": "p", "policyDocument": "{}", "lastUpdatedTime": 1_700_000_000_000_i64, "policyScope": "ACCOUNT" });
    assert_eq!(put["resourcePolicy"], policy);
    assert_eq!(bed.ok("DescribeResourcePolicies", json!({})).await["resourcePolicies"], json!([policy]));
    bed.ok("DeleteResourcePolicy", json!({ "policyName": "p" })).await;
    assert_eq!(bed.ok("DescribeResourcePolicies", json!({})).await["resourcePolicies"], json!([]));

    let target = "arn:aws:sqs:us-east-1:000000000000:q";
    let destination =
        json!({ "destinationName": "d", "targetArn": target, "roleArn": "arn:aws:iam::000000000000:role/r" });
    let put = bed.ok("PutDestination", destination).await;
    let arn = put["destination"]["arn"].as_str().unwrap().to_owned();
    assert_eq!(arn, "arn:aws:logs:us-east-1:000000000000:destination:d");
    bed.ok("PutDestinationPolicy", json!({ "destinationName": "d", "accessPolicy": "{}" })).await;
    bed.ok("TagResource", json!({ "resourceArn": arn, "tags": { "a": "1" } })).await;
    assert_eq!(bed.ok("ListTagsForResource", json!({ "resourceArn": arn })).await["tags"], json!({ "a": "1" }));
    let listed = bed.ok("DescribeDestinations", json!({ "DestinationNamePrefix": "d" })).await;
    assert_eq!(listed["destinations"][0]["accessPolicy"], "{}");
    bed.ok("DeleteDestination", json!({ "destinationName": "d" })).await;
    assert_eq!(bed.ok("DescribeDestinations", json!({})).await["destinations"], json!([]));
}
