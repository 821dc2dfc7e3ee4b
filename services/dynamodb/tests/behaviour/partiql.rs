//! PartiQL: statements do what the items' own operations do, and are refused in the service's words.

use serde_json::{Value, json};

use crate::bed::Bed;

async fn bed() -> Bed {
    let bed = Bed::new().await;
    let extra = json!({
        "AttributeDefinitions": [
            {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
            {"AttributeName": "g", "AttributeType": "S"}, {"AttributeName": "l", "AttributeType": "S"},
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["shown"]},
        }],
        "LocalSecondaryIndexes": [{
            "IndexName": "by-l", "Projection": {"ProjectionType": "KEYS_ONLY"},
            "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}],
        }],
    });
    bed.create("tbl", extra).await;
    bed
}

async fn run(bed: &Bed, statement: &str) -> Vec<Value> {
    let answer = bed.ok("ExecuteStatement", json!({ "Statement": statement })).await;
    answer["Items"].as_array().unwrap().clone()
}

async fn fill(bed: &Bed) {
    for (p, s, g) in [("a", 1, "x"), ("a", 2, "y"), ("a", 3, "x"), ("b", 1, "x")] {
        run(bed, &format!("INSERT INTO tbl VALUE {{'p': '{p}', 's': {s}, 'g': '{g}', 'l': 'l{s}', 'shown': {s}, 'm': {{'n': [{s}, 9]}}}}"))
            .await;
    }
}

fn sorts(items: &[Value]) -> Vec<String> {
    items
        .iter()
        .map(|item| format!("{}{}", item["p"]["S"].as_str().unwrap(), item["s"]["N"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn selections_find_what_their_conditions_say() {
    let bed = bed().await;
    fill(&bed).await;
    let cases: [(&str, &[&str]); 16] = [
        ("p = 'a'", &["a1", "a2", "a3"]),
        ("p = 'a' ORDER BY s DESC", &["a3", "a2", "a1"]),
        ("p = 'a' AND s > 1", &["a2", "a3"]),
        ("1 < s AND 'a' = p", &["a2", "a3"]),
        ("p = 'a' AND s BETWEEN 2 AND 3 AND g = 'x'", &["a3"]),
        ("p IN ['b', 'a'] AND s = 1", &["b1", "a1"]),
        ("p IN ('b', 'a') AND s = 1 ORDER BY p", &["a1", "b1"]),
        ("p = 'a' AND (s = 1 OR s = 3)", &["a1", "a3"]),
        ("p = 'a' AND NOT g = 'x'", &["a2"]),
        ("p = 'a' AND g <> 'x'", &["a2"]),
        ("p = 'a' AND m.n[0] >= 2", &["a2", "a3"]),
        ("p = 'a' AND contains(m.n, 2)", &["a2"]),
        ("p = 'a' AND size(m.n) = 3", &[]),
        ("p = 'a' AND nothing IS MISSING AND s = 2", &["a2"]),
        ("p = 'a' AND nothing IS NOT MISSING", &[]),
        ("p = 'a' AND begins_with(g, 'y') AND attribute_type(s, 'N')", &["a2"]),
    ];
    for (condition, expected) in cases {
        let found = run(&bed, &format!("SELECT * FROM \"tbl\" WHERE {condition}")).await;
        assert_eq!(sorts(&found), expected, "{condition}");
    }
    let mut all = sorts(&run(&bed, "SELECT * FROM tbl WHERE g = 'x' OR s = 2").await);
    all.sort();
    assert_eq!(all, ["a1", "a2", "a3", "b1"]);
    let shown = run(&bed, "SELECT m.n[0], shown, m.n FROM tbl WHERE p = 'a' AND s = 2").await;
    assert_eq!(shown, [json!({ "_1": {"N": "2"}, "shown": {"N": "2"}, "n": {"L": [{"N": "2"}, {"N": "9"}]} })]);
}

#[tokio::test]
async fn indexes_are_read_by_their_names() {
    let bed = bed().await;
    fill(&bed).await;
    let found = run(&bed, "SELECT * FROM tbl.\"by-g\" WHERE g = 'y'").await;
    assert_eq!(found, [json!({ "p": {"S": "a"}, "s": {"N": "2"}, "g": {"S": "y"}, "shown": {"N": "2"} })]);
    let fetched = run(&bed, "SELECT shown FROM tbl.\"by-l\" WHERE p = 'a' AND l = 'l3'").await;
    assert_eq!(fetched, [json!({ "shown": {"N": "3"} })]);
    assert_eq!(run(&bed, "SELECT p, s FROM tbl.\"by-g\" WHERE m = 1").await, [] as [Value; 0]);
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let bed = bed().await;
    fill(&bed).await;
    for statement in [
        "SELECT p, s FROM tbl",
        "SELECT p, s FROM tbl WHERE p IN ['a', 'b']",
        "SELECT p, s FROM tbl.\"by-g\" WHERE g = 'x'",
    ] {
        let whole = run(&bed, statement).await;
        let (mut paged, mut token) = (Vec::new(), Value::Null);
        loop {
            let answer =
                bed.ok("ExecuteStatement", json!({ "Statement": statement, "Limit": 1, "NextToken": token })).await;
            paged.extend(answer["Items"].as_array().unwrap().clone());
            let Some(next) = answer.get("NextToken") else { break };
            token = next.clone();
        }
        assert_eq!(paged, whole, "{statement}");
    }
    let first = bed.ok("ExecuteStatement", json!({ "Statement": "SELECT p FROM tbl", "Limit": 1 })).await;
    for token in [json!("garbage"), first["NextToken"].clone()] {
        let input = json!({ "Statement": "SELECT s FROM tbl", "NextToken": token });
        assert_eq!(bed.refused("ExecuteStatement", input).await.0, "ValidationException");
    }
}

#[tokio::test]
async fn writes_change_one_item_and_answer_what_they_return() {
    let bed = bed().await;
    fill(&bed).await;
    let key = "WHERE p = 'a' AND s = 1";
    let item = async |bed: &Bed| run(bed, &format!("SELECT v, t, ls FROM tbl {key}")).await.remove(0);
    let update = format!("UPDATE tbl SET v = 1, t = <<'x', 'y'>> SET ls = [1] {key} RETURNING MODIFIED NEW *");
    let set = json!({ "v": {"N": "1"}, "t": {"SS": ["x", "y"]}, "ls": {"L": [{"N": "1"}]} });
    assert_eq!(run(&bed, &update).await, std::slice::from_ref(&set));
    assert_eq!(item(&bed).await, set);
    run(&bed, &format!("UPDATE tbl SET v = v + 4 - 2, t = set_delete(t, <<'x'>>), ls = list_append(ls, [2]) {key}"))
        .await;
    let changed = json!({ "v": {"N": "3"}, "t": {"SS": ["y"]}, "ls": {"L": [{"N": "1"}, {"N": "2"}]} });
    assert_eq!(item(&bed).await, changed);
    run(&bed, &format!("UPDATE tbl SET t = set_add(t, <<'z'>>) REMOVE v, ls[0] {key} AND v = 3")).await;
    assert_eq!(item(&bed).await, json!({ "t": {"SS": ["y", "z"]}, "ls": {"L": [{"N": "2"}]} }));
    assert_eq!(run(&bed, &format!("UPDATE tbl REMOVE t {key} RETURNING MODIFIED NEW *")).await, [] as [Value; 0]);
    let gone = run(&bed, &format!("DELETE FROM tbl {key} RETURNING ALL OLD *")).await;
    assert_eq!(gone[0]["ls"], json!({ "L": [{"N": "2"}] }));
    assert_eq!(run(&bed, &format!("DELETE FROM tbl {key} AND v = 9 RETURNING ALL OLD *")).await, [] as [Value; 0]);
    bed.check().await;
}

#[tokio::test]
async fn conditions_of_writes_must_hold() {
    let bed = bed().await;
    fill(&bed).await;
    let cases = [
        ("INSERT INTO tbl VALUE {'p': 'a', 's': 1}", "DuplicateItemException", "Duplicate primary key exists in table"),
        (
            "UPDATE tbl SET v = 1 WHERE p = 'a' AND s = 1 AND g = 'y'",
            "ConditionalCheckFailedException",
            "The conditional request failed",
        ),
        (
            "UPDATE tbl SET v = 1 WHERE p = 'c' AND s = 1",
            "ConditionalCheckFailedException",
            "The conditional request failed",
        ),
        (
            "DELETE FROM tbl WHERE p = 'a' AND s = 1 AND NOT begins_with(g, 'x')",
            "ConditionalCheckFailedException",
            "The conditional request failed",
        ),
    ];
    for (statement, code, message) in cases {
        let refused = bed.refused("ExecuteStatement", json!({ "Statement": statement })).await;
        assert_eq!((refused.0.as_str(), refused.1.as_str()), (code, message), "{statement}");
    }
    let input = json!({
        "Statement": "DELETE FROM tbl WHERE p = ? AND s = ? AND g = ?", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        "Parameters": [{"S": "a"}, {"N": "1"}, {"S": "z"}],
    });
    let (_, body) = bed.call("ExecuteStatement", input).await.unwrap_err();
    assert_eq!(body["Item"]["shown"], json!({ "N": "1" }));
    assert_eq!(bed.scan("tbl", None).await.len(), 4);
}

#[tokio::test]
async fn what_no_item_can_make_right_is_refused() {
    let bed = bed().await;
    let mandatory = "Where clause does not contain a mandatory equality on all key attributes";
    let cases = [
        ("DELETE FROM tbl WHERE p = 'a'", mandatory),
        ("DELETE FROM tbl", mandatory),
        ("UPDATE tbl SET v = 1 WHERE p = 'a' AND s > 1", mandatory),
        ("FROM tbl WHERE v = 1 SET c = 1", mandatory),
        ("SELECT * FROM tbl WHERE p = ?", "Number of parameters in request and statement don't match."),
        ("SELECT * FROM tbl.nope WHERE p = 'a'", "The table does not have the specified index"),
        ("SELECT * FROM tbl ORDER BY p", "Must have WHERE clause in the statement when using ORDER BY clause."),
        (
            "SELECT * FROM tbl WHERE s = 1 ORDER BY p",
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
        ),
        (
            "SELECT * FROM tbl WHERE p = 'a' ORDER BY v",
            "Variable reference v in ORDER BY clause must be part of the primary key",
        ),
        (
            "SELECT * FROM tbl WHERE v < true",
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (
            "SELECT * FROM tbl.\"by-g\" WHERE g = 'x' AND m = 1",
            "One or more parameter values were invalid: Secondary index by-g does not project one or more filter attributes: [m]",
        ),
        (
            "SELECT m FROM tbl.\"by-g\" WHERE g = 'x'",
            "One or more parameter values were invalid: Global secondary index by-g does not project [m]",
        ),
        (
            "SELECT * FROM tbl WHERE p = 1e126",
            "Number overflow. Attempting to store a number with magnitude larger than supported range under root",
        ),
        (
            "INSERT INTO tbl VALUE {'p': 'a', 'm': {'x': 1e126}}",
            "Number overflow. Attempting to store a number with magnitude larger than supported range under root.x",
        ),
        (
            "INSERT INTO tbl VALUE {'p': 'a', 'm': [1, 1e-131]}",
            "Number underflow. Attempting to store a number with magnitude smaller than supported range under root[1]",
        ),
        (
            "UPDATE tbl SET p = 'b' WHERE p = 'a' AND s = 1",
            "One or more parameter values were invalid: Cannot update attribute p. This attribute is part of the key",
        ),
        (
            "UPDATE tbl SET v = 1, v = 2 WHERE p = 'a' AND s = 1",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [v], path two: [v]",
        ),
    ];
    for (statement, message) in cases {
        let refused = bed.refused("ExecuteStatement", json!({ "Statement": statement })).await;
        assert_eq!((refused.0.as_str(), refused.1.as_str()), ("ValidationException", message), "{statement}");
    }
    let consistent = json!({ "Statement": "SELECT * FROM tbl.\"by-g\" WHERE g = 'x'", "ConsistentRead": true });
    let (_, message) = bed.refused("ExecuteStatement", consistent).await;
    assert_eq!(message, "Strongly consistent read is not supported on Global Secondary Indexes");
    let (code, message) = bed.refused("ExecuteStatement", json!({ "Statement": "SELECT * FROM nope_" })).await;
    assert_eq!((code.as_str(), message.as_str()), ("ResourceNotFoundException", "Requested resource not found"));
}

#[tokio::test]
async fn statements_of_a_batch_fail_for_themselves() {
    let bed = bed().await;
    fill(&bed).await;
    let batch = |statements: &[&str]| json!({ "Statements": statements.iter().map(|text| json!({ "Statement": text })).collect::<Vec<_>>() });
    let reads = batch(&[
        "SELECT s FROM tbl WHERE p = 'a' AND s = 1",
        "SELECT * FROM tbl WHERE p = 'c' AND s = 1",
        "SELECT * FROM tbl WHERE p = 'a'",
        "SELECT * FROM nope_ WHERE p = 'a'",
        "SLECT",
    ]);
    let answer = bed.ok("BatchExecuteStatement", reads).await;
    let responses = answer["Responses"].as_array().unwrap();
    assert_eq!(responses[0], json!({ "TableName": "tbl", "Item": {"s": {"N": "1"}} }));
    assert_eq!(responses[1], json!({ "TableName": "tbl" }));
    let codes: Vec<_> = responses[2..].iter().map(|response| response["Error"]["Code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["ValidationError", "ResourceNotFound", "ValidationError"]);
    let writes = batch(&[
        "INSERT INTO tbl VALUE {'p': 'a', 's': 1}",
        "UPDATE tbl SET v = 1 WHERE p = 'a' AND s = 2 RETURNING MODIFIED NEW *",
        "DELETE FROM tbl WHERE p = 'a' AND s = 3 AND g = 'nope'",
    ]);
    let answer = bed.ok("BatchExecuteStatement", writes).await;
    assert_eq!(answer["Responses"][0]["Error"]["Code"], "DuplicateItem");
    assert_eq!(answer["Responses"][1]["Item"], json!({ "v": {"N": "1"} }));
    assert_eq!(answer["Responses"][2]["Error"]["Code"], "ConditionalCheckFailed");
    let mixed = batch(&["SELECT * FROM tbl WHERE p = 'a' AND s = 1", "DELETE FROM tbl WHERE p = 'a' AND s = 1"]);
    assert_eq!(bed.refused("BatchExecuteStatement", mixed).await.0, "ValidationException");
}

#[tokio::test]
async fn transactions_happen_wholly_or_not() {
    let bed = bed().await;
    fill(&bed).await;
    let transaction = |statements: &[&str]| json!({ "TransactStatements": statements.iter().map(|text| json!({ "Statement": text })).collect::<Vec<_>>() });
    let failed = transaction(&[
        "UPDATE tbl SET v = 1 WHERE p = 'a' AND s = 2",
        "INSERT INTO tbl VALUE {'p': 'a', 's': 1}",
        "EXISTS(SELECT * FROM tbl WHERE p = 'b' AND s = 1 AND g = 'nope')",
    ]);
    let (code, body) = bed.call("ExecuteTransaction", failed).await.unwrap_err();
    let codes: Vec<_> =
        body["CancellationReasons"].as_array().unwrap().iter().map(|reason| reason["Code"].clone()).collect();
    assert_eq!(
        (code.as_str(), codes),
        ("TransactionCanceledException", vec![json!("None"), json!("DuplicateItem"), json!("ConditionalCheckFailed")])
    );
    assert_eq!(run(&bed, "SELECT * FROM tbl WHERE v = 1").await, [] as [Value; 0]);
    let mut done = transaction(&[
        "UPDATE tbl SET v = if_not_exists(v, 0) + 1 WHERE p = 'a' AND s = 2",
        "DELETE FROM tbl WHERE p = 'a' AND s = 3",
        "EXISTS(SELECT * FROM tbl WHERE p = 'b' AND s = 1)",
    ]);
    done["ClientRequestToken"] = json!("token");
    done["ReturnConsumedCapacity"] = json!("TOTAL");
    let first = bed.ok("ExecuteTransaction", done.clone()).await;
    let again = bed.ok("ExecuteTransaction", done).await;
    assert!(first["ConsumedCapacity"][0]["WriteCapacityUnits"].is_number());
    assert!(again["ConsumedCapacity"][0]["ReadCapacityUnits"].is_number());
    let reads =
        transaction(&["SELECT v FROM tbl WHERE p = 'a' AND s = 2", "SELECT * FROM tbl WHERE p = 'a' AND s = 3"]);
    let answer = bed.ok("ExecuteTransaction", reads).await;
    assert_eq!(answer["Responses"], json!([{ "Item": {"v": {"N": "1"}} }, {}]));
    let cases = [
        (
            "SELECT * FROM tbl WHERE",
            "Validation failed in TransactStatements[0]: Statement wasn't well formed, can't be processed: Unexpected term",
        ),
        (
            "SELECT * FROM tbl.\"by-g\" WHERE g = 'x'",
            "Validation failed in TransactStatements[0]: Reads on indices are not supported within transactions.",
        ),
        (
            "UPDATE tbl SET v = 1 WHERE p = 'a' AND s = 1 RETURNING ALL NEW *",
            "Validation failed in TransactStatements[0]: RETURNING clause is not supported in ExecuteTransaction.",
        ),
    ];
    for (statement, message) in cases {
        assert_eq!(
            bed.refused("ExecuteTransaction", transaction(&[statement])).await,
            ("ValidationException".to_owned(), message.to_owned())
        );
    }
}

#[tokio::test]
async fn the_parameters_of_a_transaction_are_bounded() {
    let bed = bed().await;
    let transaction = |count: usize, statement: &str| {
        let statement = |n: usize| json!({ "Statement": statement.replace("#", &n.to_string()), "Parameters": [{"S": "x".repeat(390_000)}] });
        json!({ "TransactStatements": (0..count).map(statement).collect::<Vec<_>>() })
    };
    let too_large = ("ValidationException".to_owned(), "Transaction payload size cannot exceed 4 MB".to_owned());
    for statement in
        ["INSERT INTO tbl VALUE {'p': 'a', 's': #, 'v': ?}", "UPDATE tbl SET v = ? WHERE p = 'a' AND s = #"]
    {
        assert_eq!(bed.refused("ExecuteTransaction", transaction(11, statement)).await, too_large, "{statement}");
        bed.ok("ExecuteTransaction", transaction(10, statement)).await;
    }
    let checks = transaction(11, "EXISTS(SELECT * FROM tbl WHERE p = 'a' AND s = # AND v = ?)");
    assert_eq!(bed.refused("ExecuteTransaction", checks).await, too_large);
}
