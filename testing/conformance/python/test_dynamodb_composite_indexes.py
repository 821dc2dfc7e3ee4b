"""Global indexes whose keys have several attributes, through boto3: schemas, entries, queries, pages, misuses."""

import itertools

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from misuses_dynamodb import FAILED, INVALID
from tidegate import REGION

TYPES = {"p": "S", "c": "S", "a": "S", "b": "N", "r": "N", "s": "S", "t": "B", "u": "S"}
EQUALS = "a = :a AND b = :b"
PARTITION = {":a": {"S": "x"}, ":b": {"N": "1"}}


def parts(partition, sort=""):
    kinds = [(name, "HASH") for name in partition] + [(name, "RANGE") for name in sort]
    return [{"AttributeName": name, "KeyType": kind} for name, kind in kinds]


def index(name, partition, sort="", kind="ALL", **more):
    return {"IndexName": name, "KeySchema": parts(partition, sort), "Projection": {"ProjectionType": kind, **more}}


def definitions(names):
    return [{"AttributeName": name, "AttributeType": TYPES.get(name, "S")} for name in sorted(names)]


def create(dynamodb, name, *indexes, **more):
    names = {"p"} | {key["AttributeName"] for one in indexes for key in one["KeySchema"]}
    request = {
        "TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": parts("p"),
        "AttributeDefinitions": definitions(names), "GlobalSecondaryIndexes": list(indexes),
    }
    return dynamodb.create_table(**request | more)["TableDescription"]


def item(p, a="x", b=1, r=0, s="s", t=b"t", **more):
    values = {"p": {"S": p}, "a": {"S": a}, "b": {"N": str(b)}, "r": {"N": str(r)}, "s": {"S": s}, "t": {"B": t}}
    return {name: value for name, value in values.items() if list(value.values()) != [None]} | more


def names(answer):
    return [one["p"]["S"] for one in answer["Items"]]


@pytest.fixture(scope="module")
def dynamodb(server):
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    return boto3.client(
        "dynamodb", endpoint_url=server.url, config=config, region_name=REGION,
        aws_access_key_id="test", aws_secret_access_key="test",
    )


ROWS = list(itertools.product([-3, 0, 2, 10], ["", "k", "ka", "l"], [b"\0", b"\0\xff", b"a"]))


@pytest.fixture(scope="module")
def filled(dynamodb):
    """Rows of one partition in a random-looking order, some of another, and some that lack an attribute."""
    create(dynamodb, "filled", index("wide", "ab", "rst"), index("single", "a"))
    for number in range(len(ROWS)):
        at = number * 29 % len(ROWS)
        r, s, t = ROWS[at]
        if s:
            dynamodb.put_item(TableName="filled", Item=item(f"p{at:02}", r=r, s=s, t=t, v={"N": str(at % 2)}))
    dynamodb.put_item(TableName="filled", Item=item("other", b=2))
    for lacking in "abrst":
        dynamodb.put_item(TableName="filled", Item={k: v for k, v in item(f"no-{lacking}").items() if k != lacking})
    return "filled"


def expected(fits=lambda r, s, t: True):
    return [f"p{at:02}" for at, row in enumerate(ROWS) if row[1] and fits(*row)]


def query(dynamodb, condition=EQUALS, values=None, **more):
    used = PARTITION | (values or {})
    return dynamodb.query(
        TableName="filled", IndexName="wide", KeyConditionExpression=condition, ExpressionAttributeValues=used, **more
    )


def test_a_schema_of_eight_attributes_is_described_as_it_was_given(dynamodb):
    wide = index("eight", ["h1", "h2", "h3", "h4"], ["r1", "r2", "r3", "r4"], "KEYS_ONLY")
    made = create(dynamodb, "eight", wide, index("pair", ["h2", "h1"]))
    described = dynamodb.describe_table(TableName="eight")["Table"]
    for table in (made, described):
        assert [one["KeySchema"] for one in table["GlobalSecondaryIndexes"]] == [wide["KeySchema"], parts(["h2", "h1"])]
    everything = item("p", **{name: {"S": name} for name in ("h1", "h2", "h3", "h4", "r1", "r2", "r3", "r4")})
    dynamodb.put_item(TableName="eight", Item=everything)
    (found,) = dynamodb.scan(TableName="eight", IndexName="eight")["Items"]
    assert sorted(found) == ["h1", "h2", "h3", "h4", "p", "r1", "r2", "r3", "r4"]
    names_, values = {f"#{n}": n for n in found if n != "p"}, {f":{n}": {"S": n} for n in found if n != "p"}
    answer = dynamodb.query(
        TableName="eight", IndexName="eight", ExpressionAttributeNames=names_, ExpressionAttributeValues=values,
        KeyConditionExpression=" AND ".join(f"#{n} = :{n}" for n in reversed(sorted(values, key=str.lower)) for n in [n[1:]]),
    )
    assert answer["Items"] == [found]


def test_entries_sort_by_each_attribute_in_turn(dynamodb, filled):
    assert names(query(dynamodb)) == expected()
    assert names(query(dynamodb, ScanIndexForward=False)) == expected()[::-1]
    assert query(dynamodb, Select="COUNT")["Count"] == len(expected())


CONDITIONS = [
    ("r = :r", {":r": {"N": "0"}}, lambda r, s, t: r == 0),
    ("r > :r", {":r": {"N": "0"}}, lambda r, s, t: r > 0),
    ("r <= :r", {":r": {"N": "2"}}, lambda r, s, t: r <= 2),
    (":r < r", {":r": {"N": "-1"}}, lambda r, s, t: r > -1),
    ("r BETWEEN :r AND :q", {":r": {"N": "-3.0"}, ":q": {"N": "9.9"}}, lambda r, s, t: r <= 9),
    ("s = :s AND r = :r", {":r": {"N": "2"}, ":s": {"S": "k"}}, lambda r, s, t: (r, s) == (2, "k")),
    ("r = :r AND s >= :s", {":r": {"N": "2"}, ":s": {"S": "ka"}}, lambda r, s, t: r == 2 and s >= "ka"),
    ("r = :r AND s < :s", {":r": {"N": "2"}, ":s": {"S": "ka"}}, lambda r, s, t: r == 2 and s < "ka"),
    ("r = :r AND begins_with(s, :s)", {":r": {"N": "10"}, ":s": {"S": "k"}}, lambda r, s, t: r == 10 and s[0] == "k"),
    ("r = :r AND s = :s AND t > :t", {":r": {"N": "2"}, ":s": {"S": "k"}, ":t": {"B": b"\0"}}, lambda r, s, t: (r, s) == (2, "k") and t > b"\0"),
    ("r = :r AND s = :s AND begins_with(t, :t)", {":r": {"N": "2"}, ":s": {"S": "k"}, ":t": {"B": b"\0"}}, lambda r, s, t: (r, s) == (2, "k") and t[0] == 0),
    ("t = :t AND r = :r AND s = :s", {":r": {"N": "2"}, ":s": {"S": "l"}, ":t": {"B": b"a"}}, lambda r, s, t: (r, s, t) == (2, "l", b"a")),
]


@pytest.mark.parametrize(("condition", "values", "fits"), CONDITIONS, ids=[line[0] for line in CONDITIONS])
def test_a_condition_takes_sort_attributes_from_the_left(dynamodb, filled, condition, values, fits):
    assert names(query(dynamodb, f"{condition} AND {EQUALS}" if "BETWEEN" not in condition else f"{EQUALS} AND {condition}", values)) == expected(fits)
    assert expected(fits), "a condition that nothing fits proves nothing"


def test_legacy_conditions_say_the_same(dynamodb, filled):
    def condition(operator, *values):
        return {"ComparisonOperator": operator, "AttributeValueList": list(values)}

    conditions = {"a": condition("EQ", {"S": "x"}), "b": condition("EQ", {"N": "1"}), "r": condition("EQ", {"N": "2"})}
    of = lambda **more: names(dynamodb.query(TableName="filled", IndexName="wide", KeyConditions=conditions | more))
    assert of() == expected(lambda r, s, t: r == 2)
    assert of(s=condition("BEGINS_WITH", {"S": "k"})) == expected(lambda r, s, t: r == 2 and s[0] == "k")
    with pytest.raises(ClientError, match="RANGE key attributes s must have equality conditions"):
        of(t=condition("GT", {"B": b"a"}))


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_lose_and_repeat_nothing(dynamodb, filled, limit, forward):
    found, start = [], {}
    while True:
        page = query(dynamodb, Limit=limit, ScanIndexForward=forward, **start)
        found += names(page)
        if "LastEvaluatedKey" not in page:
            break
        assert sorted(page["LastEvaluatedKey"]) == ["a", "b", "p", "r", "s", "t"]
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert found == expected()[:: 1 if forward else -1]


def test_scans_find_what_has_every_attribute(dynamodb, filled):
    paginator = dynamodb.get_paginator("scan")
    of = lambda **more: sorted(n for page in paginator.paginate(TableName="filled", IndexName="wide", **more) for n in names(page))
    everything = sorted([*expected(), "other"])
    assert of() == everything
    assert of(PaginationConfig={"PageSize": 4}) == everything
    assert sorted(sum((of(Segment=segment, TotalSegments=3) for segment in range(3)), [])) == everything


def test_filters_are_for_other_attributes(dynamodb, filled):
    answer = query(dynamodb, values={":v": {"N": "1"}}, FilterExpression="v = :v", ReturnConsumedCapacity="INDEXES")
    assert names(answer) == [name for name in expected() if int(name[1:]) % 2]
    assert (answer["Count"], answer["ScannedCount"]) == (len(answer["Items"]), len(expected()))
    assert answer["ConsumedCapacity"]["GlobalSecondaryIndexes"]["wide"]["CapacityUnits"] >= 0.5
    # The table's own key is an attribute like any other here.
    assert names(query(dynamodb, values={":p": {"S": expected()[0]}}, FilterExpression="p = :p")) == expected()[:1]


@pytest.mark.parametrize("changed", ["a", "b", "r", "s", "t", "ab", "rt", "abrst"])
def test_an_update_moves_the_entry(dynamodb, changed):
    name = f"moving-{changed}"
    create(dynamodb, name, index("wide", "ab", "rst", "INCLUDE", NonKeyAttributes=["v"]))
    old, new = item("p", v={"S": "v"}), item("p", a="y", b=2, r=3, s="z", t=b"z", v={"S": "v"})
    dynamodb.put_item(TableName=name, Item=old | {"w": {"S": "w"}})
    entries = lambda: dynamodb.scan(TableName=name, IndexName="wide")["Items"]
    update = lambda **more: dynamodb.update_item(TableName=name, Key={"p": {"S": "p"}}, **more)
    assert entries() == [old]
    update(UpdateExpression="REMOVE " + ", ".join(changed))
    assert entries() == []
    values = {f":{each}": new[each] for each in changed}
    update(UpdateExpression="SET " + ", ".join(f"{e} = :{e}" for e in changed), ExpressionAttributeValues=values)
    moved = old | {each: new[each] for each in changed}
    assert entries() == [moved]
    answer = dynamodb.query(
        TableName=name, IndexName="wide", KeyConditionExpression=EQUALS,
        ExpressionAttributeValues={":a": moved["a"], ":b": moved["b"]},
    )
    assert answer["Items"] == [moved]
    dynamodb.delete_item(TableName=name, Key={"p": {"S": "p"}})
    assert entries() == []


def test_batches_and_transactions_keep_the_index(dynamodb):
    create(dynamodb, "batched", index("wide", "ab", "rst"))
    puts = [{"PutRequest": {"Item": item(f"p{n}", r=n)}} for n in range(5)]
    dynamodb.batch_write_item(RequestItems={"batched": [*puts, {"PutRequest": {"Item": item("sparse", s=None)}}]})
    dynamodb.transact_write_items(TransactItems=[
        {"Delete": {"TableName": "batched", "Key": {"p": {"S": "p0"}}}},
        {"Put": {"TableName": "batched", "Item": item("p9", r=-9)}},
        {"Update": {"TableName": "batched", "Key": {"p": {"S": "p4"}}, "UpdateExpression": "SET r = :r", "ExpressionAttributeValues": {":r": {"N": "-1"}}}},
    ])
    answer = dynamodb.query(TableName="batched", IndexName="wide", KeyConditionExpression=EQUALS, ExpressionAttributeValues=PARTITION)
    assert names(answer) == ["p9", "p4", "p1", "p2", "p3"]


def test_an_index_that_comes_later_is_filled_over_a_kill(server, dynamodb):
    create(dynamodb, "later", index("single", "a"))
    for start in range(0, 3000, 25):
        puts = [{"PutRequest": {"Item": item(f"p{n:04}", b=n % 2, r=n)}} for n in range(start, start + 25)]
        dynamodb.batch_write_item(RequestItems={"later": puts})
    # What no key can be was there before: it stays out of the index.
    dynamodb.put_item(TableName="later", Item=item("wrong") | {"r": {"S": "no number"}})
    dynamodb.put_item(TableName="later", Item=item("empty", s=""))
    dynamodb.update_table(
        TableName="later", AttributeDefinitions=definitions("abrst"),
        GlobalSecondaryIndexUpdates=[{"Create": index("wide", "ab", "rst", "KEYS_ONLY")}],
    )
    server.kill()
    server.start()
    dynamodb.put_item(TableName="later", Item=item("new", b=0, r=-1))
    server.settle()
    indexes = dynamodb.describe_table(TableName="later")["Table"]["GlobalSecondaryIndexes"]
    assert [one["IndexStatus"] for one in indexes] == ["ACTIVE", "ACTIVE"]
    pages = dynamodb.get_paginator("query").paginate(
        TableName="later", IndexName="wide", KeyConditionExpression=EQUALS,
        ExpressionAttributeValues={":a": {"S": "x"}, ":b": {"N": "0"}}, PaginationConfig={"PageSize": 400},
    )
    assert [n for page in pages for n in names(page)] == ["new"] + [f"p{n:04}" for n in range(0, 3000, 2)]
    dynamodb.update_table(TableName="later", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "wide"}}])
    server.settle()
    described = dynamodb.describe_table(TableName="later")["Table"]
    assert [one["AttributeName"] for one in described["AttributeDefinitions"]] == ["a", "p"]
    # Without the index, its attributes are of any type.
    dynamodb.put_item(TableName="later", Item=item("free") | {"r": {"BOOL": True}, "s": {"S": ""}})


def test_backups_and_streams_know_nothing_else(server, dynamodb):
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    create(dynamodb, "kept", index("wide", "ab", "rst"), StreamSpecification=stream)
    for number in range(3):
        dynamodb.put_item(TableName="kept", Item=item(f"p{number}", r=-number))
    arn = dynamodb.create_backup(TableName="kept", BackupName="one")["BackupDetails"]["BackupArn"]
    server.settle()
    details = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["SourceTableFeatureDetails"]
    assert details["GlobalSecondaryIndexes"][0]["KeySchema"] == parts("ab", "rst")
    dynamodb.restore_table_from_backup(BackupArn=arn, TargetTableName="restored")
    server.settle()
    restored = dynamodb.describe_table(TableName="restored")["Table"]
    assert restored["GlobalSecondaryIndexes"][0]["KeySchema"] == parts("ab", "rst")
    answer = dynamodb.query(TableName="restored", IndexName="wide", KeyConditionExpression=EQUALS, ExpressionAttributeValues=PARTITION)
    assert names(answer) == ["p2", "p1", "p0"]
    streams = server.client("dynamodbstreams")
    described = streams.describe_stream(StreamArn=dynamodb.describe_table(TableName="kept")["Table"]["LatestStreamArn"])["StreamDescription"]
    assert described["KeySchema"] == parts("p")


def test_partiql_reads_no_composite_index(dynamodb, filled):
    refused = "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys."
    for where in ("WHERE a = 'x' AND b = 1", "WHERE a = 5", "WHERE p = 'p01'", "", "WHERE a = 'x' AND b = 1 ORDER BY r DESC"):
        with pytest.raises(ClientError) as caught:
            dynamodb.execute_statement(Statement=f'SELECT * FROM "filled"."wide" {where}')
        assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": refused}
    answer = dynamodb.batch_execute_statement(Statements=[
        {"Statement": "SELECT * FROM \"filled\".\"wide\" WHERE a = 'x' AND b = 1"},
        {"Statement": "SELECT * FROM \"filled\" WHERE p = 'other'"},
    ])
    broken, whole = answer["Responses"]
    assert (broken["Error"]["Code"], broken["Error"]["Message"]) == ("ValidationError", refused)
    assert whole["Item"]["p"] == {"S": "other"}
    assert len(dynamodb.execute_statement(Statement="SELECT p FROM \"filled\".\"single\" WHERE a = 'x'")["Items"]) > 5
    dynamodb.execute_statement(Statement="UPDATE \"filled\" SET w = 1 WHERE p = 'other'")


FIVE = ["k1", "k2", "k3", "k4", "k5"]
TWICE = "The KeySchema contains multiple key attributes with the same name"
PRECEDE = INVALID + "All HASH key attributes must precede RANGE key attributes in the KeySchema"
EXCEEDS = INVALID + "The KeySchema exceeds the maximum allowed number of {} key attributes"
KEY = {"AttributeName": "k1", "KeyType": "HASH"}
RANGE = {"AttributeName": "k2", "KeyType": "RANGE"}
SCHEMAS = [
    ("five partition attributes", parts(FIVE), EXCEEDS.format("HASH")),
    ("five sort attributes", parts(["a"], FIVE), EXCEEDS.format("RANGE")),
    ("no partition attribute", parts([], ["k1", "k2"]), "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ("a partition attribute behind one that sorts", [KEY, RANGE, {"AttributeName": "k3", "KeyType": "HASH"}], PRECEDE),
    ("an attribute twice", parts(["k1", "k2", "k1"]), TWICE),
    ("an attribute of both kinds", parts(["k1", "k2"], ["k1"]), TWICE),
    ("two attributes of one name", parts(["k1"], ["k1"]), "Both the Hash Key and the Range Key element in the KeySchema have the same name"),
    ("one that is not defined", parts(["k1", "nope"]), INVALID + "Some index key attributes are not defined in AttributeDefinitions. Keys: [k1, nope], AttributeDefinitions: […"),
]


def refusal(dynamodb, operation, **parameters):
    with pytest.raises(ClientError) as caught:
        getattr(dynamodb, xform_name(operation))(**parameters)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException", error
    return error["Message"]


def agrees(message, wanted):
    return message.startswith(wanted[:-1]) if wanted.endswith("…") else message == wanted


@pytest.mark.parametrize(("schema", "message"), [line[1:] for line in SCHEMAS], ids=[line[0] for line in SCHEMAS])
def test_schemas_that_cannot_be(dynamodb, schema, message):
    wrong = index("wide", "a") | {"KeySchema": schema}
    used = {"p"} | {one["AttributeName"] for one in schema} - {"nope"}
    request = {
        "TableName": "unmade", "BillingMode": "PAY_PER_REQUEST", "KeySchema": parts("p"),
        "AttributeDefinitions": definitions(used), "GlobalSecondaryIndexes": [wrong],
    }
    said = refusal(dynamodb, "CreateTable", **request)
    assert agrees(said, message), said
    if "updated" not in dynamodb.list_tables()["TableNames"]:
        create(dynamodb, "updated", index("single", "a"))
    said = refusal(
        dynamodb, "UpdateTable", TableName="updated", AttributeDefinitions=definitions(used),
        GlobalSecondaryIndexUpdates=[{"Create": wrong}],
    )
    assert agrees(said, message), said
    assert len(dynamodb.describe_table(TableName="updated")["Table"]["GlobalSecondaryIndexes"]) == 1


def test_tables_and_local_indexes_keep_one_attribute_of_each_kind(dynamodb):
    base = {"TableName": "unmade", "BillingMode": "PAY_PER_REQUEST"}
    two = "Member must have length less than or equal to 2"
    said = refusal(dynamodb, "CreateTable", **base, KeySchema=parts("ac", "s"), AttributeDefinitions=definitions("acs"))
    assert said.startswith(FAILED + "Value '[") and said.endswith(f"at 'keySchema' failed to satisfy constraint: {two}")
    said = refusal(dynamodb, "CreateTable", **base, KeySchema=parts("ac"), AttributeDefinitions=definitions("ac"))
    assert said == "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"
    said = refusal(
        dynamodb, "CreateTable", **base, KeySchema=parts("p", "c"), AttributeDefinitions=definitions("pcs"),
        LocalSecondaryIndexes=[index("local", "p", "cs")],
    )
    assert said.endswith(f"at 'localSecondaryIndexes.1.member.keySchema' failed to satisfy constraint: {two}"), said


EQUALITY = " must have equality conditions specified in the query"
BECAUSE = EQUALITY + " because a condition is present on key attribute "
R, S, T = {":r": {"N": "1"}}, {":s": {"S": "s"}}, {":t": {"B": b"t"}}
QUERIES = [
    ("a = :a", "HASH key attributes b" + EQUALITY, {}),
    ("b = :b AND r = :r", "HASH key attributes a" + EQUALITY, R),
    ("r = :r", "HASH key attributes a, b" + EQUALITY, R),
    ("a = :a AND b > :b", "HASH key attributes b" + EQUALITY, {}),
    ("a = :a AND b BETWEEN :b AND :b", "HASH key attributes b" + EQUALITY, {}),
    ("begins_with(a, :a) AND b = :b", "HASH key attributes a" + EQUALITY, {}),
    (EQUALS + " AND s = :s", "RANGE key attributes r" + BECAUSE + "s", S),
    (EQUALS + " AND r = :r AND t = :t", "RANGE key attributes s" + BECAUSE + "t", R | T),
    (EQUALS + " AND t > :t", "RANGE key attributes r, s" + BECAUSE + "t", T),
    (EQUALS + " AND r > :r AND s = :s", "RANGE key attributes r" + BECAUSE + "s", R | S),
    (EQUALS + " AND r > :r AND s > :s", "RANGE key attributes r" + BECAUSE + "s", R | S),
    (EQUALS + " AND r = :r AND begins_with(s, :s) AND t = :t", "RANGE key attributes s" + BECAUSE + "t", R | S | T),
    (EQUALS + " AND r = :s", INVALID + "Condition parameter type does not match schema type", S),
    ("a = :b AND b = :b", INVALID + "Condition parameter type does not match schema type", {}),
    (EQUALS + " AND begins_with(r, :s)", INVALID + "Condition parameter type does not match schema type", S),
    (EQUALS + " AND r = :r AND r = :r", "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key", R),
    (EQUALS + " AND r = :r AND s = :s AND t = :t AND p = :s", "The number of query conditions (6) exceeds the number of key attributes defined in the schema (5)", R | S | T),
    (EQUALS + " AND r = :r OR s = :s", "Invalid operator used in KeyConditionExpression: OR", R | S),
    ("a = :a AND b = :b AND r = :r AND s = :s", "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: s", R | {":s": {"S": ""}}),
]


@pytest.mark.parametrize(("condition", "message", "values"), QUERIES, ids=[line[0] for line in QUERIES])
def test_conditions_that_cannot_be(dynamodb, filled, condition, message, values):
    used = {name: value for name, value in (PARTITION | values).items() if name in condition}
    said = refusal(
        dynamodb, "Query", TableName="filled", IndexName="wide", KeyConditionExpression=condition,
        ExpressionAttributeValues=used,
    )
    assert said == message


def test_filters_name_no_key(dynamodb, filled):
    for name in "abrst":
        request = {"FilterExpression": "#k <> :v", "ExpressionAttributeNames": {"#k": name}}
        said = refusal(
            dynamodb, "Query", TableName="filled", IndexName="wide", KeyConditionExpression=EQUALS,
            ExpressionAttributeValues=PARTITION | {":v": {"BOOL": True}}, **request,
        )
        assert said == f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"


def test_start_keys_have_every_attribute(dynamodb, filled):
    whole = query(dynamodb, Limit=1)["LastEvaluatedKey"]
    wrong = [{k: v for k, v in whole.items() if k != lacking} for lacking in "abrst"]
    wrong += [whole | {"extra": {"S": "x"}}, whole | {"r": {"S": "no number"}}, whole | {"s": {"S": ""}}]
    for start in wrong:
        for operation, more in (("Query", {"KeyConditionExpression": EQUALS, "ExpressionAttributeValues": PARTITION}), ("Scan", {})):
            said = refusal(dynamodb, operation, TableName="filled", IndexName="wide", ExclusiveStartKey=start, **more)
            assert said == "The provided starting key is invalid"
    elsewhere = refusal(
        dynamodb, "Query", TableName="filled", IndexName="wide", KeyConditionExpression=EQUALS,
        ExpressionAttributeValues=PARTITION, ExclusiveStartKey=whole | {"b": {"N": "7"}},
    )
    assert elsewhere == "The provided starting key is outside query boundaries based on provided conditions"
    consistent = refusal(
        dynamodb, "Query", TableName="filled", IndexName="wide", KeyConditionExpression=EQUALS,
        ExpressionAttributeValues=PARTITION, ConsistentRead=True,
    )
    assert consistent == "Consistent reads are not supported on global secondary indexes"


EMPTY = "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty {} value. IndexName: wide, IndexKey: {}"
EMPTIED = "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty {} value."
ITEMS = [
    ("a number for a text", {"a": {"N": "1"}}, INVALID + "Type mismatch for Index Key a Expected: S Actual: N IndexName: single"),
    ("a text for a number", {"b": {"S": "1"}}, INVALID + "Type mismatch for Index Key b Expected: N Actual: S IndexName: wide"),
    ("nothing for a number that sorts", {"r": {"NULL": True}}, INVALID + "Type mismatch for Index Key r Expected: N Actual: NULL IndexName: wide"),
    ("an empty text", {"s": {"S": ""}}, EMPTY.format("string", "s"), EMPTIED.format("string")),
    ("empty bytes", {"t": {"B": b""}}, EMPTY.format("binary", "t"), EMPTIED.format("binary")),
    ("a partition that is too long", {"a": {"S": "x" * 2049}}, INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes"),
    ("a sort attribute that is too long", {"s": {"S": "x" * 1025}}, INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"),
    ("sort attributes that together are too long", {"s": {"S": "x" * 600}, "t": {"B": b"x" * 600}}, INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"),
]


@pytest.mark.parametrize(
    ("wrong", "message", "of_update"),
    [(wrong, message, *(of_update or [message])) for _, wrong, message, *of_update in ITEMS],
    ids=[line[0] for line in ITEMS],
)
def test_items_that_cannot_be_indexed(dynamodb, filled, wrong, message, of_update):
    bad = item("bad") | wrong
    assert refusal(dynamodb, "PutItem", TableName="filled", Item=bad) == message
    names_, values = {f"#{n}": n for n in wrong}, {f":{n}": v for n, v in wrong.items()}
    update = {
        "UpdateExpression": "SET " + ", ".join(f"#{n} = :{n}" for n in wrong),
        "ExpressionAttributeNames": names_, "ExpressionAttributeValues": values,
    }
    assert refusal(dynamodb, "UpdateItem", TableName="filled", Key={"p": {"S": "other"}}, **update) == of_update
    puts = [{"PutRequest": {"Item": one}} for one in (item("good"), bad)]
    assert refusal(dynamodb, "BatchWriteItem", RequestItems={"filled": puts}) == message
    for name in ("good", "bad"):
        assert "Item" not in dynamodb.get_item(TableName="filled", Key={"p": {"S": name}})


def test_everything_stored_holds_together(server):
    server.stop()
    checked = server.run("check", str(server.data))
    assert checked.returncode == 0, checked.stdout + checked.stderr
