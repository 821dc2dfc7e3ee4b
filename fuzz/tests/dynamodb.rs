//! DynamoDB: PartiQL, the expression language, and what requests hold. Whatever comes is understood or
//! refused; the service answers no request with a failure of its own.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test's runtime is its own")]

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use tidegate_dynamodb::DynamoDb;
use tidegate_dynamodb::domain::expression::{
    Placeholders, apply, holds, parse_condition, parse_projection, parse_update,
};
use tidegate_dynamodb::domain::{Item, Number, Value, partiql};
use tidegate_env::Env;
use tidegate_fuzz::{Material, call, fuzz};
use tidegate_log::Logs;
use tidegate_store::{EmbeddedStore, Store};
use tokio::runtime::Runtime;

const STATEMENTS: Material<'static> = Material {
    examples: &[
        b"SELECT a, b.c[1], \"d\" FROM \"t\".\"i\" WHERE p = 'a' AND s BETWEEN 1 AND 2 AND NOT begins_with(x, 'y') ORDER BY s DESC;",
        b"SELECT * FROM t WHERE p IN ['a', ?] OR size(x) >= 3 AND (y IS NOT MISSING OR z IS NULL) -- note",
        b"INSERT INTO t VALUE {'p': 'it''s', 'n': -1.5e3, 'l': [1, true, null], 's': <<'x', 'y'>>, 'm': {'k': ?}}",
        b"UPDATE t SET a = a + 1, b = list_append(b, [2]) SET c = set_add(c, <<1>>) REMOVE d[0] WHERE p = 'a' AND s = 1 RETURNING MODIFIED NEW *",
        b"FROM t WHERE p = 'a' SET x = 1 /* note */",
        b"DELETE FROM t WHERE p = ? AND s = 1 AND contains(x, 'y') RETURNING ALL OLD *",
        b"EXISTS(SELECT * FROM t WHERE p = 'a' AND attribute_type(x, 'S'))",
    ],
    words: &[
        "SELECT ", " FROM ", " WHERE ", " AND ", " OR ", " NOT ", " IN ", " IS ", "NULL", "MISSING", " BETWEEN ", "<<", ">>",
        "[", "]", "{", "}", "(", ")", "'", "\"", "?", "--", "/*", "*/", "1e99999999999", "-", ".", "RETURNING ", " SET ",
        " REMOVE ", "ORDER BY ", "size(", "EXISTS(", "é", "\0",
    ],
};

#[test]
fn statements() {
    let parameters = [Value::S("x".to_owned()), Value::N(Number::from_u64(1))];
    fuzz(STATEMENTS, |text| {
        let text = String::from_utf8_lossy(text);
        for count in 0..=parameters.len() {
            if let Ok(bound) = partiql::bind(&text, &parameters[..count]) {
                assert!(!format!("{bound:?}").is_empty());
            }
        }
    });
}

const EXPRESSIONS: Material<'static> = Material {
    examples: &[
        b"a = :n AND (b.c[0] <> :s OR NOT attribute_exists(#x)) AND size(a) BETWEEN :n AND :n",
        b"begins_with(a, :s) OR contains(l, :n) OR attribute_type(m, :s) OR a IN (:n, :s)",
        b"SET a = a + :n, m.k = if_not_exists(m.k, :s), l = list_append(l, :l) REMOVE l[1], b ADD n :n DELETE t :t",
        b"a, m.k, l[0].x, #x.y",
    ],
    words: &[
        "SET ",
        "REMOVE ",
        "ADD ",
        "DELETE ",
        " AND ",
        " OR ",
        "NOT ",
        " IN (",
        " BETWEEN ",
        "attribute_exists(",
        "size(",
        "list_append(",
        "if_not_exists(",
        ":n",
        ":s",
        ":l",
        ":t",
        "#x",
        "(",
        ")",
        "[",
        "]",
        "[99999999999]",
        ".",
        ",",
        "=",
        "<>",
        "name",
        "_",
        "é",
        "#",
        ":",
    ],
};

fn values() -> BTreeMap<String, Value> {
    BTreeMap::from([
        (":n".to_owned(), Value::N(Number::from_u64(1))),
        (":s".to_owned(), Value::S("S".to_owned())),
        (":l".to_owned(), Value::L(vec![Value::Null])),
        (":t".to_owned(), Value::Ss(["x".to_owned()].into())),
    ])
}

#[test]
fn expressions() {
    let item: Item = BTreeMap::from([
        ("a".to_owned(), Value::N(Number::from_u64(3))),
        ("l".to_owned(), Value::L(vec![Value::Null, Value::Bool(true)])),
        ("m".to_owned(), Value::M([("k".to_owned(), Value::S("v".to_owned()))].into())),
        ("t".to_owned(), Value::Ss(["x".to_owned()].into())),
    ]);
    fuzz(EXPRESSIONS, |text| {
        let text = String::from_utf8_lossy(text);
        let placeholders = Placeholders::new(Some([("#x".to_owned(), "a".to_owned())].into()), Some(values())).unwrap();
        if let Ok(condition) = parse_condition(&text, &placeholders) {
            // What holds does not hold negated, and the other way round.
            let negated = parse_condition(&format!("NOT ({text})"), &placeholders);
            if let Ok(negated) = negated {
                assert_ne!(holds(&condition, &item), holds(&negated, &item), "{text}");
            }
        }
        if let Ok(update) = parse_update(&text, &placeholders)
            && let Ok(after) = apply(&update, &item)
        {
            // Paths that neither overlap nor conflict can be set in any order.
            let mut turned = update.clone();
            turned.actions.reverse();
            assert_eq!(apply(&turned, &item), Ok(after), "{text}");
        }
        if let Ok(projection) = parse_projection(&text, &placeholders) {
            let part = projection.of(&item);
            assert_eq!(projection.of(&item), part);
        }
    });
}

struct World {
    runtime: Runtime,
    dynamodb: Arc<DynamoDb>,
}

impl World {
    fn new() -> World {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dynamodb = runtime.block_on(async {
            let env = Env::real();
            let store: Arc<dyn Store> = EmbeddedStore::ephemeral(env.clone()).unwrap();
            let logs = Arc::new(Logs::open(store.clone()).await.unwrap());
            DynamoDb::open(store, logs, env).await.unwrap()
        });
        World { runtime, dynamodb }
    }

    /// Sends a body to an operation; `None` if it was refused.
    fn call(&self, name: &str, body: &[u8]) -> Option<()> {
        call(&self.runtime, &*self.dynamodb, name, body)
    }
}

const REQUESTS: Material<'static> = Material {
    examples: &[
        br##"{"TableName":"tbl","Item":{"p":{"S":"a"},"s":{"N":"1"},"g":{"S":"x"},"m":{"M":{"l":{"L":[{"NULL":true},{"BOOL":false}]}}},"t":{"NS":["1","2"]}},"ConditionExpression":"attribute_not_exists(#p)","ExpressionAttributeNames":{"#p":"p"},"ReturnValues":"ALL_OLD","ReturnConsumedCapacity":"INDEXES","ReturnItemCollectionMetrics":"SIZE"}"##,
        br#"{"TableName":"tbl","Key":{"p":{"S":"a"},"s":{"N":"1"}},"UpdateExpression":"SET m.l[0] = :v ADD n :n","ExpressionAttributeValues":{":v":{"S":"x"},":n":{"N":"1e3"}},"ReturnValues":"UPDATED_NEW"}"#,
        br#"{"TableName":"tbl","Key":{"p":{"S":"a"},"s":{"N":"1"}},"AttributeUpdates":{"n":{"Action":"ADD","Value":{"N":"1"}}},"Expected":{"q":{"Exists":false},"p":{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"S":"a"},{"S":"b"}]}},"ConditionalOperator":"OR"}"#,
        br#"{"TableName":"tbl","IndexName":"by-g","KeyConditionExpression":"g = :v AND begins_with(p, :v)","FilterExpression":"size(m) > :n","ExpressionAttributeValues":{":v":{"S":"x"},":n":{"N":"0"}},"Limit":2,"ScanIndexForward":false,"ExclusiveStartKey":{"p":{"S":"a"},"s":{"N":"1"},"g":{"S":"x"}}}"#,
        br#"{"TableName":"tbl","IndexName":"by-all","KeyConditionExpression":"g = :v AND p = :p AND n = :n AND s BETWEEN :n AND :m","ExpressionAttributeValues":{":v":{"S":"x"},":p":{"S":"a"},":n":{"N":"0"},":m":{"N":"9"}},"ExclusiveStartKey":{"p":{"S":"a"},"s":{"N":"1"},"g":{"S":"x"},"n":{"N":"0"}}}"#,
        br#"{"TableName":"tbl","KeyConditions":{"p":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"a"}]}},"QueryFilter":{"n":{"ComparisonOperator":"NOT_NULL"}},"Select":"COUNT","Segment":1,"TotalSegments":3}"#,
        br#"{"TransactItems":[{"Put":{"TableName":"tbl","Item":{"p":{"S":"b"},"s":{"N":"2"}}}},{"ConditionCheck":{"TableName":"tbl","Key":{"p":{"S":"a"},"s":{"N":"1"}},"ConditionExpression":"n > :n","ExpressionAttributeValues":{":n":{"N":"0"}}}}],"ClientRequestToken":"token"}"#,
        br#"{"RequestItems":{"tbl":[{"PutRequest":{"Item":{"p":{"B":"AAEC"},"s":{"N":"-1.5"}}}},{"DeleteRequest":{"Key":{"p":{"S":"a"},"s":{"N":"1"}}}}]}}"#,
        br#"{"Statement":"SELECT * FROM tbl.\"by-g\" WHERE g = ?","Parameters":[{"S":"x"}],"Limit":1,"NextToken":"AAAA","Statements":[{"Statement":"DELETE FROM tbl WHERE p = 'a' AND s = 1"}],"TransactStatements":[{"Statement":"UPDATE tbl SET n = n + 1 WHERE p = 'a' AND s = 1"}]}"#,
    ],
    words: &[
        "\"", "{", "}", "[", "]", ",", ":", "null", "true", "1e126", "1e-131", "-0", "NaN", "{\"S\":\"\"}", "{\"N\":\"\"}", "{}",
        "\"NULL\":true", "\"SS\":[]", "\"p\"", "\"s\"", "\"g\"", "tbl", "by-g", "by-l", "by-all", "attribute_exists(", "size(", ":v", ":n",
        "ALL_NEW", "INDEXES", "COUNT", "\\u0000", "\\ud83d\\ude00", "99999999999999999999",
    ],
};

#[test]
fn requests() {
    let world = AssertUnwindSafe(World::new());
    let table = br#"{"TableName":"tbl","BillingMode":"PAY_PER_REQUEST",
        "AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},{"AttributeName":"s","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}],
        "KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}],
        "GlobalSecondaryIndexes":[{"IndexName":"by-g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}},
            {"IndexName":"by-all","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"},{"AttributeName":"s","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}],
        "LocalSecondaryIndexes":[{"IndexName":"by-l","KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"g","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}],
        "StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}}"#;
    assert_eq!(world.call("CreateTable", table), Some(()));
    fuzz(REQUESTS, |body| {
        for name in [
            "PutItem",
            "UpdateItem",
            "GetItem",
            "DeleteItem",
            "Query",
            "Scan",
            "BatchWriteItem",
            "TransactWriteItems",
            "ExecuteStatement",
            "BatchExecuteStatement",
            "ExecuteTransaction",
        ] {
            world.call(name, body);
        }
    });
}
