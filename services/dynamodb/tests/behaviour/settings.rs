//! Settings that are kept and shown: what is served at once, bounds of what is paid for by use, contributor insights.
//! The words are recorded answers of the real service.

use serde_json::{Value, json};
use tidegate_dynamodb::domain::{Billing, Table, TableAddress, Throughput};
use tidegate_dynamodb::store::keys;
use tidegate_record::Stored;
use tidegate_store::{Space, StoreError, Tx, transact};
use tidegate_types::{AccountId, Region};

use crate::bed::Bed;

const INVALID: &str = "One or more parameter values were invalid: ";

fn warm(read: u64, write: u64) -> Value {
    json!({ "ReadUnitsPerSecond": read, "WriteUnitsPerSecond": write, "Status": "ACTIVE" })
}

fn index(name: &str, changes: Value) -> Value {
    let mut index = json!({
        "IndexName": name, "Projection": {"ProjectionType": "ALL"},
        "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
    });
    index.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    index
}

fn table(name: &str, changes: Value) -> Value {
    let mut input = json!({
        "TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
    });
    input.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    input
}

fn provisioned(read: u64, write: u64) -> Value {
    json!({ "ReadCapacityUnits": read, "WriteCapacityUnits": write })
}

fn update(changes: Value) -> Value {
    let mut input = json!({ "TableName": "tbl" });
    input.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    input
}

async fn described(bed: &Bed) -> Value {
    bed.ok("DescribeTable", json!({ "TableName": "tbl" })).await["Table"].clone()
}

async fn refused(bed: &Bed, operation: &str, input: Value, words: &str) {
    let (code, body) = bed.call(operation, input.clone()).await.unwrap_err();
    assert_eq!((&*code, &body["message"]), ("ValidationException", &json!(words)), "{input}");
}

#[tokio::test]
async fn what_is_served_at_once_only_grows() {
    let bed = Bed::new().await;
    bed.ok("CreateTable", table("tbl", json!({ "GlobalSecondaryIndexes": [index("idx", json!({}))] }))).await;
    let shown = described(&bed).await;
    assert_eq!(shown["WarmThroughput"], warm(12_000, 4_000));
    assert_eq!(shown["GlobalSecondaryIndexes"][0]["WarmThroughput"], warm(12_000, 4_000));
    let grow = update(json!({ "WarmThroughput": {"ReadUnitsPerSecond": 12_001} }));
    let shown = bed.ok("UpdateTable", grow.clone()).await["TableDescription"].clone();
    assert_eq!(shown["WarmThroughput"], warm(12_001, 4_000));
    bed.ok("UpdateTable", grow).await;
    let lower = format!(
        "{INVALID}Requested WriteUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, decreasing WarmThroughput is not supported"
    );
    refused(&bed, "UpdateTable", update(json!({ "WarmThroughput": {"WriteUnitsPerSecond": 3_999} })), &lower).await;
    let of_index = |units: Value| {
        update(json!({ "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "idx", "WarmThroughput": units}}] }))
    };
    bed.ok("UpdateTable", of_index(json!({ "WriteUnitsPerSecond": 5_000 }))).await;
    let lower = lower.replace("Write", "Read").replace("for table", "for index idx");
    refused(&bed, "UpdateTable", of_index(json!({ "ReadUnitsPerSecond": 100 })), &lower).await;
    refused(&bed, "UpdateTable", of_index(json!({})), &format!("{INVALID}WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: idx")).await;
    assert_eq!(described(&bed).await["GlobalSecondaryIndexes"][0]["WarmThroughput"], warm(12_000, 5_000));
}

#[tokio::test]
async fn what_was_ever_provisioned_is_served_at_once() {
    let bed = Bed::new().await;
    let of = |read, write| json!({ "BillingMode": "PROVISIONED", "ProvisionedThroughput": provisioned(read, write) });
    bed.ok("CreateTable", table("tbl", of(1, 1))).await;
    assert_eq!(described(&bed).await["WarmThroughput"], warm(1, 1));
    for ((read, write), ever) in [((3, 3), warm(3, 3)), ((1, 1), warm(3, 3)), ((2, 9), warm(3, 9))] {
        bed.ok("UpdateTable", update(json!({ "ProvisionedThroughput": provisioned(read, write) }))).await;
        assert_eq!(described(&bed).await["WarmThroughput"], ever);
    }
    bed.ok("UpdateTable", update(json!({ "BillingMode": "PAY_PER_REQUEST" }))).await;
    bed.ok("UpdateTable", update(of(1, 1))).await;
    assert_eq!(described(&bed).await["WarmThroughput"], warm(12_000, 4_000));
    let too_little = table(
        "two",
        json!({
            "BillingMode": "PROVISIONED", "ProvisionedThroughput": provisioned(10, 10),
            "WarmThroughput": {"ReadUnitsPerSecond": 5, "WriteUnitsPerSecond": 50},
        }),
    );
    let words = "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than ReadCapacityUnits of ProvisionedThroughput";
    refused(&bed, "CreateTable", too_little, &format!("{INVALID}{words}")).await;
    let too_little = table("two", json!({ "WarmThroughput": {"ReadUnitsPerSecond": -1} }));
    let words = "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial";
    refused(&bed, "CreateTable", too_little, &format!("{INVALID}{words}")).await;
    bed.ok("CreateTable", table("two", json!({ "WarmThroughput": {} }))).await;
}

#[tokio::test]
async fn bounds_are_of_what_is_paid_for_by_use() {
    let bed = Bed::new().await;
    let out = |owner: &str| {
        format!("{INVALID}Requested MaxReadRequestUnits for OnDemandThroughput for {owner} is outside of valid range")
    };
    for units in [0, -1, -2] {
        let input = table("tbl", json!({ "OnDemandThroughput": {"MaxReadRequestUnits": units} }));
        refused(&bed, "CreateTable", input, &out("table")).await;
    }
    let bounded = |units: i64| {
        let bounds = json!({ "OnDemandThroughput": {"MaxReadRequestUnits": units} });
        table("tbl", json!({ "GlobalSecondaryIndexes": [index("idx", bounds)] }))
    };
    refused(&bed, "CreateTable", bounded(0), &out("index : idx")).await;
    bed.ok("CreateTable", bounded(-1)).await;
    assert_eq!(described(&bed).await["GlobalSecondaryIndexes"][0].get("OnDemandThroughput"), None);
    let of = |units: i64| update(json!({ "OnDemandThroughput": {"MaxReadRequestUnits": units} }));
    bed.ok("UpdateTable", of(7)).await;
    refused(&bed, "UpdateTable", of(0), &out("table")).await;
    assert_eq!(described(&bed).await["OnDemandThroughput"], json!({ "MaxReadRequestUnits": 7 }));
    let provision = json!({ "BillingMode": "PROVISIONED", "ProvisionedThroughput": provisioned(1, 1) });
    let words = format!("{INVALID}ProvisionedThroughput must be specified for index: idx");
    refused(&bed, "UpdateTable", update(provision.clone()), &words).await;
    let units = provisioned(2, 2);
    let mut provision = provision;
    provision["GlobalSecondaryIndexUpdates"] =
        json!([{"Update": {"IndexName": "idx", "ProvisionedThroughput": units}}]);
    bed.ok("UpdateTable", update(provision)).await;
    assert_eq!(described(&bed).await.get("OnDemandThroughput"), None);
    let words = format!(
        "{INVALID}MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
    );
    refused(&bed, "UpdateTable", of(7), &words).await;
    let again = json!([{"Update": {"IndexName": "idx", "ProvisionedThroughput": units}}]);
    let (_, body) = bed.call("UpdateTable", update(json!({ "GlobalSecondaryIndexUpdates": again }))).await.unwrap_err();
    let words = body["message"].as_str().unwrap();
    assert!(words.starts_with("The provisioned throughput for the index idx will not change."), "{words}");
}

#[tokio::test]
async fn a_table_is_changed_one_thing_at_a_time() {
    let bed = Bed::new().await;
    bed.ok("CreateTable", table("tbl", json!({}))).await;
    let only = |what: &str| format!("{INVALID}{what} must be the only operation in the request");
    let (protect, class) = (json!(true), json!("STANDARD_INFREQUENT_ACCESS"));
    let encrypt = json!({ "Enabled": true });
    let stream = json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" });
    let grow = json!({ "ReadUnitsPerSecond": 20_000 });
    let bounds = json!({ "MaxReadRequestUnits": 5 });
    for (changes, words) in [
        (
            json!({ "DeletionProtectionEnabled": protect, "SSESpecification": encrypt }),
            only("Server-Side Encryption modification"),
        ),
        (json!({ "DeletionProtectionEnabled": protect, "TableClass": class }), only("TableClass modification")),
        (
            json!({ "DeletionProtectionEnabled": protect, "WarmThroughput": grow }),
            only("DeletionProtection modification"),
        ),
        (json!({ "BillingMode": "PAY_PER_REQUEST", "WarmThroughput": grow }), only("WarmThroughput")),
        (
            json!({ "StreamSpecification": stream, "OnDemandThroughput": bounds }),
            format!("{INVALID}OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"),
        ),
        (
            json!({ "StreamSpecification": stream, "BillingMode": "PROVISIONED", "ProvisionedThroughput": provisioned(1, 1) }),
            format!("{INVALID}You cannot modify stream status while updating table IOPS"),
        ),
        (
            json!({ "StreamSpecification": stream, "GlobalSecondaryIndexUpdates": [{"Create": index("idx", json!({}))}] }),
            format!("{INVALID}You cannot create or delete index while changing stream status"),
        ),
        (
            json!({ "WarmThroughput": grow, "GlobalSecondaryIndexUpdates": [{"Create": index("idx", json!({}))}] }),
            format!("{INVALID}Create global secondary index cannot be specified when updating WarmThroughput"),
        ),
        (json!({ "SSESpecification": {"Enabled": false} }), format!("{INVALID}Table is already encrypted by default")),
    ] {
        refused(&bed, "UpdateTable", update(changes), &words).await;
    }
    bed.ok("UpdateTable", update(json!({ "BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": bounds }))).await;
    bed.ok("UpdateTable", update(json!({ "BillingMode": "PAY_PER_REQUEST", "StreamSpecification": stream }))).await;
    bed.ok("UpdateTable", update(json!({ "WarmThroughput": {}, "TableClass": class }))).await;
}

#[tokio::test]
async fn contributor_insights_are_kept_of_tables_and_of_global_indexes() {
    let bed = Bed::new().await;
    bed.ok("CreateTable", table("tbl", json!({ "GlobalSecondaryIndexes": [index("idx", json!({}))] }))).await;
    bed.ok("CreateTable", table("two", json!({}))).await;
    let never = json!({ "TableName": "tbl", "ContributorInsightsStatus": "DISABLED" });
    assert_eq!(bed.ok("DescribeContributorInsights", json!({ "TableName": "tbl" })).await, never);
    let on = |of: Value| {
        let mut input = of;
        input["ContributorInsightsAction"] = json!("ENABLE");
        input
    };
    let (whole, part) = (json!({ "TableName": "tbl" }), json!({ "TableName": "tbl", "IndexName": "idx" }));
    for of in [whole.clone(), part.clone(), json!({ "TableName": "two", "ContributorInsightsMode": "THROTTLED_KEYS" })]
    {
        let answer = bed.ok("UpdateContributorInsights", on(of)).await;
        assert_eq!(answer["ContributorInsightsStatus"], "ENABLED");
    }
    let bed = bed.crash().await;
    let shown = bed.ok("DescribeContributorInsights", part.clone()).await;
    assert_eq!((&shown["IndexName"], &shown["ContributorInsightsStatus"]), (&json!("idx"), &json!("ENABLED")));
    assert!(shown["LastUpdateDateTime"].is_number());
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page = bed.ok("ListContributorInsights", json!({ "MaxResults": 1, "NextToken": token })).await;
        found.extend(page["ContributorInsightsSummaries"].as_array().unwrap().clone());
        token = page.get("NextToken").cloned();
        if token.is_none() {
            break;
        }
    }
    let (enabled, mode) = ("ENABLED", "ACCESSED_AND_THROTTLED_KEYS");
    let summary = |table: &str, mode: &str| json!({ "TableName": table, "ContributorInsightsStatus": enabled, "ContributorInsightsMode": mode });
    let mut of_index = summary("tbl", mode);
    of_index["IndexName"] = json!("idx");
    assert_eq!(found, [summary("tbl", mode), of_index, summary("two", "THROTTLED_KEYS")]);
    let mut off = whole.clone();
    off["ContributorInsightsAction"] = json!("DISABLE");
    bed.ok("UpdateContributorInsights", off).await;
    let shown = bed.ok("DescribeContributorInsights", whole).await;
    assert_eq!(
        (&shown["ContributorInsightsStatus"], &shown["ContributorInsightsMode"]),
        (&json!("DISABLED"), &json!(mode))
    );
    let left = bed.ok("ListContributorInsights", json!({ "TableName": "tbl" })).await;
    assert_eq!(left["ContributorInsightsSummaries"].as_array().unwrap().len(), 1);
    let missing = json!({ "TableName": "tbl", "IndexName": "none" });
    let (code, body) = bed.call("DescribeContributorInsights", missing).await.unwrap_err();
    let words = "Requested resource not found: Index: none not found for table: tbl";
    assert_eq!((&*code, &body["message"]), ("ResourceNotFoundException", &json!(words)));
    let short = json!({ "TableName": "tbl", "IndexName": "" });
    let words = "IndexName must be at least 3 characters long and at most 255 characters long";
    refused(&bed, "DescribeContributorInsights", short, words).await;
}

#[tokio::test]
async fn what_is_of_another_type_is_refused_in_the_older_services_words() {
    let bed = Bed::new().await;
    let package = "com.amazonaws.dynamodb.v20120810";
    let cast = "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of loader 'bootstrap')";
    let get = |changes: Value| ("GetItem", changes);
    for ((operation, input), words) in [
        (get(json!({ "TableName": 23 })), "NUMBER_VALUE cannot be converted to String".to_owned()),
        (get(json!({ "TableName": 34.56 })), "DECIMAL_VALUE cannot be converted to String".to_owned()),
        (get(json!({ "TableName": true })), "TRUE_VALUE cannot be converted to String".to_owned()),
        (get(json!({ "TableName": [] })), "Unrecognized collection type class java.lang.String".to_owned()),
        (get(json!({ "TableName": {} })), "Start of structure or map found where not expected".to_owned()),
        (
            get(json!({ "ExpressionAttributeNames": {"#a": 23} })),
            "NUMBER_VALUE cannot be converted to String".to_owned(),
        ),
        (
            get(json!({ "ExpressionAttributeNames": {"#a": false} })),
            "FALSE_VALUE cannot be converted to String".to_owned(),
        ),
        (get(json!({ "ExpressionAttributeNames": "x" })), "Unexpected field type".to_owned()),
        (
            get(json!({ "ExpressionAttributeNames": [] })),
            "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>".to_owned(),
        ),
        (get(json!({ "ConsistentRead": "yes" })), "Unexpected token received from parser".to_owned()),
        (get(json!({ "ConsistentRead": 1 })), "NUMBER_VALUE cannot be converted to Boolean".to_owned()),
        (get(json!({ "AttributesToGet": "x" })), "Unexpected field type".to_owned()),
        (get(json!({ "Key": {"p": "x"} })), "Unexpected value type in payload".to_owned()),
        (get(json!({ "Key": {"p": []} })), format!("Unrecognized collection type class {package}.AttributeValue")),
        (get(json!({ "Key": {"p": {"B": 1}} })), "only base-64-encoded strings are convertible to bytes".to_owned()),
        (
            get(json!({ "Key": {"p": {"B": "23456"}} })),
            "Base64 encoded length is expected a multiple of 4 bytes but found: 5".to_owned(),
        ),
        (get(json!({ "Key": {"p": {"B": "=+/="}} })), "Invalid last non-pad Base64 character dectected".to_owned()),
        (get(json!({ "Key": {"p": {"L": ["x"]}} })), "Unexpected value type in payload".to_owned()),
        (("BatchGetItem", json!({ "RequestItems": {"tbl": {"Keys": ["x"]}} })), cast.to_owned()),
        (("BatchWriteItem", json!({ "RequestItems": {"tbl": "x"} })), cast.to_owned()),
        (
            ("BatchWriteItem", json!({ "RequestItems": [] })),
            format!(
                "Unrecognized collection type java.util.Map<java.lang.String, java.util.List<{package}.WriteRequest>>"
            ),
        ),
        (("Query", json!({ "Limit": "1" })), "STRING_VALUE cannot be converted to Integer".to_owned()),
        (("CreateTable", json!({ "ProvisionedThroughput": 1 })), "Unexpected field type".to_owned()),
        (
            ("CreateTable", json!({ "ProvisionedThroughput": {"ReadCapacityUnits": "1"} })),
            "STRING_VALUE cannot be converted to Long".to_owned(),
        ),
        (("GetShardIterator", json!({ "ShardId": 1 })), "NUMBER_VALUE cannot be converted to String".to_owned()),
    ] {
        let (code, body) = bed.call(operation, input.clone()).await.unwrap_err();
        let said = body.get("message").or(body.get("Message"));
        assert_eq!((&*code, said), ("SerializationException", Some(&json!(words))), "{input}");
    }
    bed.ok("CreateTable", table("tbl", json!({}))).await;
    for word in ["true", "FALSE"] {
        bed.ok("GetItem", json!({ "TableName": "tbl", "Key": {"p": {"S": "x"}}, "ConsistentRead": word })).await;
    }
}

#[tokio::test]
async fn tags_are_of_tables_and_have_names() {
    let bed = Bed::new().await;
    bed.ok("CreateTable", table("tbl", json!({}))).await;
    let arn = described(&bed).await["TableArn"].as_str().unwrap().to_owned();
    let tag = |arn: &str, key: &str, value: &str| json!({ "ResourceArn": arn, "Tags": [{"Key": key, "Value": value}] });
    let elsewhere = arn.replace("us-east-1", "eu-west-1");
    for (wrong, words) in [
        ("tbl".to_owned(), format!("{INVALID}ARNs must start with 'arn:': tbl")),
        (format!("{arn}/backup/01"), format!("{INVALID}Provided Arn is not a DynamoDB resource arn: {arn}/backup/01")),
        (
            "arn:aws:sqs:us-east-1:000000000000:q".to_owned(),
            format!("{INVALID}Provided Arn is not a DynamoDB resource arn: arn:aws:sqs:us-east-1:000000000000:q"),
        ),
        (
            format!("{arn}/index/idx"),
            format!(
                "{INVALID}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}/index/idx"
            ),
        ),
        (elsewhere.clone(), format!("Invalid TableArn: Invalid ResourceArn provided as input {elsewhere}")),
    ] {
        refused(&bed, "TagResource", tag(&wrong, "k", "v"), &words).await;
        refused(&bed, "ListTagsOfResource", json!({ "ResourceArn": wrong }), &words).await;
        refused(&bed, "UntagResource", json!({ "ResourceArn": wrong, "TagKeys": ["k"] }), &words).await;
    }
    for (input, words) in [
        (json!({ "ResourceArn": arn, "Tags": [] }), "Atleast one Tag needs to be provided as Input."),
        (tag(&arn, "aws:foo", "x"), "Tag Key cannot be prefixed with aws:, Key: aws:foo"),
        (tag(&arn, "bad#char", "x"), "The Tag Key provided is invalid, Key: bad#char"),
        (tag(&arn, "k", "bad#char"), "The Tag Value provided is invalid, Value: bad#char"),
        (tag(&arn, "", "x"), "The Tag Key provided is invalid, Key: "),
        (json!({ "ResourceArn": arn, "Tags": [{}] }), "The Tag Key provided is invalid, Key: null"),
        (json!({ "ResourceArn": arn, "Tags": [{"Key": "k"}] }), "The Tag Value provided is invalid, Value: null"),
        (
            json!({ "ResourceArn": arn, "Tags": [{"Key": "k", "Value": "a"}, {"Key": "k", "Value": "b"}] }),
            "Duplicate Tag Keys provided as input: Duplicate Tag Key found k",
        ),
    ] {
        refused(&bed, "TagResource", input, words).await;
    }
    let untag = |keys: Value| json!({ "ResourceArn": arn, "TagKeys": keys });
    refused(&bed, "UntagResource", untag(json!([])), "Atleast one Tag Key needs to be provided as Input.").await;
    refused(&bed, "UntagResource", untag(json!([""])), "The Tag Key provided is invalid, Key: ").await;
    let words = "Tag Key cannot be prefixed with aws:, Key: AWS:foo";
    refused(&bed, "UntagResource", untag(json!(["AWS:foo"])), words).await;
    bed.ok("TagResource", tag(&arn, "Env", "")).await;
    bed.ok("TagResource", tag(&arn, "sp ace", "a b+c-d=e.f_g:h/i@j")).await;
    bed.ok("UntagResource", untag(json!(["sp ace", "absent"]))).await;
    let tags = bed.ok("ListTagsOfResource", json!({ "ResourceArn": arn })).await;
    assert_eq!(tags["Tags"], json!([{"Key": "Env", "Value": ""}]));
    let missing = format!("{arn}x");
    let (code, body) = bed.call("TagResource", tag(&missing, "k", "v")).await.unwrap_err();
    let words = format!("Requested resource not found: ResourceArn: {missing} not found");
    assert_eq!((&*code, &body["message"]), ("ResourceNotFoundException", &json!(words)));
}

#[tokio::test]
async fn a_table_that_was_switched_without_its_indexes_can_be_changed_still() {
    let bed = Bed::new().await;
    bed.ok("CreateTable", table("tbl", json!({ "GlobalSecondaryIndexes": [index("idx", json!({}))] }))).await;
    let address = TableAddress::parse("tbl", AccountId::DEFAULT, &Region::us_east_1()).unwrap();
    let key = keys::table(&address);
    let units = Throughput { read: 1, write: 1 };
    transact(&*bed.store, &[], async |tx: &mut Tx| -> Result<(), StoreError> {
        let record = tx.get(Space::Map, &key).await?.unwrap();
        let table = Table { billing: Billing::Provisioned(units), ..Table::decode(&record.value).unwrap() };
        assert_eq!(table.indexes[0].throughput, None);
        tx.put(Space::Map, key.clone(), table.encode());
        Ok(())
    })
    .await
    .unwrap();
    bed.ok("UpdateTable", update(json!({ "DeletionProtectionEnabled": true }))).await;
    bed.ok("UpdateTable", update(json!({ "ProvisionedThroughput": provisioned(2, 2) }))).await;
    let given = json!([{"Update": {"IndexName": "idx", "ProvisionedThroughput": provisioned(3, 3)}}]);
    bed.ok("UpdateTable", update(json!({ "GlobalSecondaryIndexUpdates": given }))).await;
    assert_eq!(described(&bed).await["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"], 3);
}
