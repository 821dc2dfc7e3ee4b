"""DynamoDB and its streams, through boto3: tables, items, expressions, indexes, transactions, streams."""

import threading
from decimal import Decimal

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tidegate import ACCOUNT, REGION

CREDENTIALS = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture(scope="module")
def connect(server):
    def connect(service):
        config = Config(retries={"total_max_attempts": 1}, read_timeout=40, max_pool_connections=50)
        return boto3.client(service, endpoint_url=server.url, config=config, **CREDENTIALS)

    return connect


@pytest.fixture(scope="module")
def dynamodb(connect):
    return connect("dynamodb")


@pytest.fixture(scope="module")
def streams(connect):
    return connect("dynamodbstreams")


@pytest.fixture(scope="module")
def resource(server):
    return boto3.resource("dynamodb", endpoint_url=server.url, **CREDENTIALS)


@pytest.fixture
def table(resource, request):
    """A table with a text as its partition key and a number as its sort key."""
    return make(resource, f"t-{abs(hash(request.node.nodeid))}")


def make(resource, name, **settings):
    made = resource.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
        **{
            "AttributeDefinitions": [
                {"AttributeName": "p", "AttributeType": "S"},
                {"AttributeName": "s", "AttributeType": "N"},
            ],
            **settings,
        },
    )
    made.wait_until_exists()
    return made


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response


def index(name, partition, sort=None, projection="ALL", **more):
    keys = [{"AttributeName": partition, "KeyType": "HASH"}]
    keys += [{"AttributeName": sort, "KeyType": "RANGE"}] if sort else []
    return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": projection, **more}}


EVERYTHING = {
    "p": "a",
    "s": Decimal("1"),
    "text": "é\x00",
    "number": Decimal("-12345678901234567890.123456789012345678"),
    "bytes": b"\x00\xff",
    "texts": {"x", "y"},
    "numbers": {Decimal(1), Decimal("2.5")},
    "blobs": {b"1", b"2"},
    "map": {"list": [1, "two", None, True, {"deep": False}]},
    "empty": "",
    "nothing": None,
}


def test_an_item_of_every_type_comes_back_as_it_was(table):
    table.put_item(Item=EVERYTHING)
    found = table.get_item(Key={"p": "a", "s": 1}, ConsistentRead=True)["Item"]
    found["bytes"] = found["bytes"].value
    found["blobs"] = {blob.value for blob in found["blobs"]}
    assert found == EVERYTHING
    assert table.delete_item(Key={"p": "a", "s": 1}, ReturnValues="ALL_OLD")["Attributes"]["text"] == "é\x00"
    assert "Item" not in table.get_item(Key={"p": "a", "s": 1})


def test_updates_change_what_they_say(table):
    key = {"p": "a", "s": 1}
    table.put_item(Item={**key, "n": 1, "list": [1, 2, 3], "map": {"x": 1}, "set": {"a", "b"}, "gone": 1})
    answer = table.update_item(
        Key=key,
        UpdateExpression="SET n = n + :one, #m.y = if_not_exists(#m.y, :zero), #l = list_append(#l, :more), made = :t "
        "REMOVE gone ADD #c :one DELETE #s :b",
        ExpressionAttributeNames={"#m": "map", "#l": "list", "#c": "counter", "#s": "set"},
        ExpressionAttributeValues={":one": 1, ":zero": 0, ":more": [4], ":t": "now", ":b": {"b"}},
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"] == {
        **key, "n": 2, "list": [1, 2, 3, 4], "map": {"x": 1, "y": 0}, "set": {"a"}, "made": "now", "counter": 1,
    }
    answer = table.update_item(
        Key=key, UpdateExpression="SET #m.x = :v REMOVE #l[0], #l[2]", ReturnValues="UPDATED_NEW",
        ExpressionAttributeNames={"#m": "map", "#l": "list"}, ExpressionAttributeValues={":v": 9},
    )
    assert answer["Attributes"]["map"] == {"x": 9}
    assert table.get_item(Key=key)["Item"]["list"] == [2, 4]


def test_conditions_hold_or_say_what_was_there(table, dynamodb):
    key = {"p": "a", "s": 1}
    table.put_item(Item={**key, "v": 1}, ConditionExpression=Attr("p").not_exists())
    answer = refused(
        dynamodb.put_item,
        TableName=table.name,
        Item={"p": {"S": "a"}, "s": {"N": "1"}},
        ConditionExpression="attribute_not_exists(p)",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert answer["Error"] == {
        "Code": "ConditionalCheckFailedException", "Message": "The conditional request failed",
    }
    assert answer["Item"] == {"p": {"S": "a"}, "s": {"N": "1"}, "v": {"N": "1"}}
    table.update_item(
        Key=key, UpdateExpression="SET v = :two", ExpressionAttributeValues={":two": 2, ":one": 1},
        ConditionExpression="v = :one",
    )
    answer = refused(table.delete_item, Key=key, ConditionExpression=Attr("v").eq(1))
    assert answer["Error"]["Code"] == "ConditionalCheckFailedException"


def test_the_legacy_parameters_do_the_same(dynamodb, table):
    key = {"p": {"S": "a"}, "s": {"N": "1"}}
    dynamodb.put_item(TableName=table.name, Item={**key, "v": {"N": "1"}}, Expected={"p": {"Exists": False}})
    answer = dynamodb.update_item(
        TableName=table.name, Key=key, ReturnValues="ALL_NEW",
        AttributeUpdates={"v": {"Action": "ADD", "Value": {"N": "2"}}, "w": {"Value": {"S": "x"}}},
        Expected={"v": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "5"}]}},
    )
    assert answer["Attributes"] == {**key, "v": {"N": "3"}, "w": {"S": "x"}}
    found = dynamodb.query(
        TableName=table.name,
        KeyConditions={
            "p": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
            "s": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "0"}, {"N": "2"}]},
        },
        QueryFilter={"w": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "x"}]}},
        AttributesToGet=["v"],
    )
    assert found["Items"] == [{"v": {"N": "3"}}]
    found = dynamodb.scan(
        TableName=table.name, ScanFilter={"v": {"ComparisonOperator": "NE", "AttributeValueList": [{"N": "3"}]}}
    )
    assert (found["Count"], found["ScannedCount"]) == (0, 1)


def test_a_query_goes_through_a_partition_in_order(table):
    with table.batch_writer() as batch:
        for number in [10, -5, 2, 0, Decimal("2.5"), 100]:
            batch.put_item(Item={"p": "a", "s": number, "odd": number == -5})
            batch.put_item(Item={"p": "b", "s": number})

    def sorts(condition, **more):
        answer = table.query(KeyConditionExpression=Key("p").eq("a") & condition, **more)
        return [float(item["s"]) for item in answer["Items"]]

    everything = Key("s").gte(-1000)
    assert sorts(everything) == [-5, 0, 2, 2.5, 10, 100]
    assert sorts(everything, ScanIndexForward=False) == [100, 10, 2.5, 2, 0, -5]
    assert sorts(Key("s").between(0, 10)) == [0, 2, 2.5, 10]
    assert sorts(Key("s").lt(2)) == [-5, 0]
    assert sorts(Key("s").lte(2)) == [-5, 0, 2]
    assert sorts(Key("s").gt(2)) == [2.5, 10, 100]
    assert sorts(Key("s").eq(2)) == [2]
    assert sorts(everything, FilterExpression=Attr("odd").eq(True)) == [-5]
    pages, start = [], {}
    while True:
        answer = table.query(KeyConditionExpression=Key("p").eq("a"), Limit=4, ScanIndexForward=False, **start)
        pages.append([float(item["s"]) for item in answer["Items"]])
        if "LastEvaluatedKey" not in answer:
            break
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    assert pages == [[100, 10, 2.5, 2], [0, -5]]


def test_a_scan_in_segments_sees_everything_once(table):
    with table.batch_writer() as batch:
        for number in range(200):
            batch.put_item(Item={"p": f"p{number}", "s": number})
    seen = []
    for segment in range(4):
        start = {}
        while True:
            answer = table.scan(Segment=segment, TotalSegments=4, Limit=7, ProjectionExpression="s", **start)
            seen += [int(item["s"]) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    assert sorted(seen) == list(range(200))
    assert table.scan(Select="COUNT")["Count"] == 200


def test_pages_end_at_a_megabyte(table):
    with table.batch_writer() as batch:
        for number in range(30):
            batch.put_item(Item={"p": "a", "s": number, "filler": "x" * 100_000})
    pages = [len(page["Items"]) for page in table.meta.client.get_paginator("query").paginate(
        TableName=table.name, KeyConditionExpression=Key("p").eq("a"))]
    assert sum(pages) == 30
    assert pages[0] == 11


def test_indexes_hold_what_they_project(resource, dynamodb):
    table = make(
        resource,
        "with-indexes",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind} for name, kind in [("p", "S"), ("s", "N"), ("g", "S"), ("l", "N")]
        ],
        GlobalSecondaryIndexes=[
            index("all", "g", "s"), index("keys", "g", projection="KEYS_ONLY"),
            index("some", "g", projection="INCLUDE", NonKeyAttributes=["x"]),
        ],
        LocalSecondaryIndexes=[index("local", "p", "l", "KEYS_ONLY")],
    )
    for number in range(5):
        table.put_item(Item={"p": "a", "s": number, "g": "g1" if number % 2 else "g0", "l": -number, "x": 1, "y": 2})
    table.put_item(Item={"p": "a", "s": 9, "y": 2})

    def found(name, condition, **more):
        return table.query(IndexName=name, KeyConditionExpression=condition, **more)["Items"]

    assert [int(item["s"]) for item in found("all", Key("g").eq("g0") & Key("s").gt(0))] == [2, 4]
    assert found("keys", Key("g").eq("g1"))[0].keys() == {"p", "s", "g"}
    assert found("some", Key("g").eq("g1"))[0].keys() == {"p", "s", "g", "x"}
    local = found("local", Key("p").eq("a"), ConsistentRead=True)
    assert [int(item["l"]) for item in local] == [-4, -3, -2, -1, 0]
    assert found("local", Key("p").eq("a"), Select="ALL_ATTRIBUTES")[0]["y"] == 2
    table.update_item(Key={"p": "a", "s": 1}, UpdateExpression="SET g = :g", ExpressionAttributeValues={":g": "g0"})
    table.delete_item(Key={"p": "a", "s": 3})
    assert found("all", Key("g").eq("g1")) == []
    assert len(found("all", Key("g").eq("g0"))) == 4
    assert table.scan(IndexName="all", Select="COUNT")["Count"] == 4
    answer = refused(table.query, IndexName="all", KeyConditionExpression=Key("g").eq("g0"), ConsistentRead=True)
    assert answer["Error"]["Message"] == "Consistent reads are not supported on global secondary indexes"


def test_an_index_can_be_added_and_removed(resource, dynamodb, server):
    table = make(resource, "index-later")
    with table.batch_writer() as batch:
        for number in range(500):
            batch.put_item(Item={"p": f"p{number}", "s": number, "g": f"g{number % 5}"})
    dynamodb.update_table(
        TableName=table.name,
        AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("later", "g")}],
    )
    table.put_item(Item={"p": "new", "s": 1, "g": "g0"})
    server.settle()
    described = dynamodb.describe_table(TableName=table.name)["Table"]["GlobalSecondaryIndexes"][0]
    assert described["IndexStatus"] == "ACTIVE"
    found = table.query(IndexName="later", KeyConditionExpression=Key("g").eq("g0"), Select="COUNT")
    assert found["Count"] == 101
    dynamodb.update_table(TableName=table.name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "later"}}])
    answer = refused(table.query, IndexName="later", KeyConditionExpression=Key("g").eq("g0"))
    assert answer["Error"]["Message"] == "The table does not have the specified index: later"


def test_batches_get_and_write(resource, table):
    name = table.name
    with table.batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"p": "a", "s": number})
    answer = resource.batch_get_item(RequestItems={name: {"Keys": [{"p": "a", "s": n} for n in range(50, 70)]}})
    assert len(answer["Responses"][name]) == 10
    twice = {name: [{"DeleteRequest": {"Key": {"p": "a", "s": 1}}}] * 2}
    answer = refused(resource.batch_write_item, RequestItems=twice)
    assert answer["Error"]["Message"] == "Provided list of item keys contains duplicates"


def test_transactions_are_all_or_nothing(dynamodb, table):
    name = table.name

    def key(number):
        return {"p": {"S": "a"}, "s": {"N": str(number)}}

    dynamodb.transact_write_items(TransactItems=[
        {"Put": {"TableName": name, "Item": {**key(1), "v": {"N": "10"}}}},
        {"Put": {"TableName": name, "Item": {**key(2), "v": {"N": "0"}}}},
    ])

    def move(amount, **more):
        return dynamodb.transact_write_items(TransactItems=[
            {"Update": {
                "TableName": name, "Key": key(1), "UpdateExpression": "SET v = v - :n", "ConditionExpression": "v >= :n",
                "ExpressionAttributeValues": {":n": {"N": str(amount)}}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }},
            {"Update": {
                "TableName": name, "Key": key(2), "UpdateExpression": "SET v = v + :n",
                "ExpressionAttributeValues": {":n": {"N": str(amount)}},
            }},
        ], **more)

    move(4, ClientRequestToken="once")
    move(4, ClientRequestToken="once")
    assert refused(move, amount=5, ClientRequestToken="once")["Error"]["Code"] == "IdempotentParameterMismatchException"
    answer = refused(move, amount=7)
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    assert answer["Error"]["Message"] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None]"
    )
    assert answer["CancellationReasons"][0]["Item"]["v"] == {"N": "6"}
    got = dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": name, "Key": key(n)}} for n in (1, 2, 3)])
    assert [response.get("Item", {}).get("v") for response in got["Responses"]] == [{"N": "6"}, {"N": "4"}, None]


def test_many_writers_count_exactly(connect, table):
    key = {"p": {"S": "a"}, "s": {"N": "1"}}
    client = connect("dynamodb")

    def add():
        for _ in range(25):
            client.update_item(
                TableName=table.name, Key=key, UpdateExpression="ADD v :one", ExpressionAttributeValues={":one": {"N": "1"}}
            )

    threads = [threading.Thread(target=add) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert table.get_item(Key={"p": "a", "s": 1})["Item"]["v"] == 200


def test_totals_hold_when_the_server_is_killed(connect, resource, streams, server):
    """Counters count what was acknowledged, or one more for each writer at each kill; transfers keep the sum."""
    table = make(resource, "killed", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    client, accounts, kills = connect("dynamodb"), 4, 3
    with table.batch_writer() as batch:
        for number in range(accounts):
            batch.put_item(Item={"p": "account", "s": number, "v": 100})
    acknowledged, doubtful = [0] * 6, [0] * 6
    progress, done = threading.Semaphore(0), threading.Event()

    def add(number, value, key):
        return {
            "TableName": table.name, "Key": {"p": {"S": key}, "s": {"N": str(number)}}, "UpdateExpression": "ADD v :n",
            "ExpressionAttributeValues": {":n": {"N": str(value)}},
        }

    def work(writer):
        turn = 0
        while not done.is_set():
            turn += 1
            try:
                client.update_item(**add(writer, 1, "counter"))
                acknowledged[writer] += 1
                progress.release()
                pair = (writer + turn) % accounts, (writer + 2 * turn + 1) % accounts
                if pair[0] != pair[1]:
                    client.transact_write_items(
                        TransactItems=[{"Update": add(pair[0], -1, "account")}, {"Update": add(pair[1], 1, "account")}]
                    )
            except client.exceptions.TransactionCanceledException:
                pass
            except (BotoCoreError, ClientError):
                doubtful[writer] += 1
                server_is_up.wait(60)

    server_is_up = threading.Event()
    server_is_up.set()
    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(6)]
    [thread.start() for thread in threads]
    for _ in range(kills):
        for _ in range(150):
            assert progress.acquire(timeout=60)
        server_is_up.clear()
        server.kill()
        server.start()
        server_is_up.set()
    done.set()
    [thread.join() for thread in threads]
    for writer in range(6):
        counted = table.get_item(Key={"p": "counter", "s": writer})["Item"]["v"]
        assert acknowledged[writer] <= counted <= acknowledged[writer] + doubtful[writer]
    balances = table.query(KeyConditionExpression=Key("p").eq("account"))["Items"]
    assert sum(item["v"] for item in balances) == 100 * accounts
    replayed = {}
    for record in everything(streams, table.latest_stream_arn):
        replayed[record["dynamodb"]["Keys"]["p"]["S"], record["dynamodb"]["Keys"]["s"]["N"]] = record["dynamodb"]["NewImage"]
    assert sum(int(item["v"]["N"]) for (key, _), item in replayed.items() if key == "account") == 100 * accounts
    assert len(replayed) == accounts + 6
    server.stop()
    checked = server.run("check", str(server.data))
    assert checked.returncode == 0, checked
    server.start()


def everything(streams, arn):
    """All records of a stream, page by page."""
    records, after = read(streams, arn)
    page = records
    while page:
        yield from page
        answer = streams.get_records(ShardIterator=after)
        page, after = answer["Records"], answer.get("NextShardIterator")


def read(streams, arn, kind="TRIM_HORIZON", **more):
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]
    answer = streams.get_records(ShardIterator=iterator)
    return answer["Records"], answer.get("NextShardIterator")


def test_a_stream_tells_every_change_once(resource, streams):
    table = make(
        resource, "streamed", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    )
    arn = table.latest_stream_arn
    assert arn.startswith(f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/streamed/stream/")
    key = {"p": "a", "s": 1}
    table.put_item(Item={**key, "v": 1})
    table.put_item(Item={**key, "v": 1})
    table.update_item(Key=key, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": 2})
    table.delete_item(Key=key)
    table.delete_item(Key=key)
    records, after = read(streams, arn)
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert [record["dynamodb"].get("OldImage", {}).get("v") for record in records] == [None, {"N": "1"}, {"N": "2"}]
    assert [record["dynamodb"].get("NewImage", {}).get("v") for record in records] == [{"N": "1"}, {"N": "2"}, None]
    second = records[1]["dynamodb"]["SequenceNumber"]
    assert len(read(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=second)[0]) == 2
    assert len(read(streams, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=second)[0]) == 1
    _, latest = read(streams, arn, "LATEST")
    table.put_item(Item={**key, "v": 3})
    for iterator in (after, latest):
        assert [r["eventName"] for r in streams.get_records(ShardIterator=iterator)["Records"]] == ["INSERT"]
    assert streams.list_streams(TableName="streamed")["Streams"][0]["StreamArn"] == arn
    table.delete()
    records, after = read(streams, arn)
    assert len(records) == 4
    assert "NextShardIterator" not in streams.get_records(ShardIterator=after)


def test_a_stream_survives_a_crash_and_ends_after_a_day(resource, streams, server):
    table = make(resource, "crashed", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    table.put_item(Item={"p": "a", "s": 1})
    arn = table.latest_stream_arn
    _, after = read(streams, arn)
    server.kill()
    server.start()
    table.put_item(Item={"p": "a", "s": 2})
    records = streams.get_records(ShardIterator=after)["Records"]
    assert [record["dynamodb"]["Keys"]["s"] for record in records] == [{"N": "2"}]
    assert table.query(KeyConditionExpression=Key("p").eq("a"))["Count"] == 2
    server.advance("PT25H")
    server.settle()
    assert read(streams, arn)[0] == []
    answer = refused(streams.get_records, ShardIterator=after)
    assert answer["Error"]["Code"] == "ExpiredIteratorException"


def test_items_expire_by_the_service_itself(resource, dynamodb, streams, server):
    table = make(resource, "expiring", StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"})
    dynamodb.update_time_to_live(
        TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    now = dynamodb.describe_table(TableName=table.name)["Table"]["CreationDateTime"].timestamp()
    table.put_item(Item={"p": "a", "s": 1, "until": int(now) + 3600})
    table.put_item(Item={"p": "a", "s": 2, "until": int(now) + 36_000})
    table.put_item(Item={"p": "a", "s": 3, "until": "never"})
    server.advance("PT2H")
    server.settle()
    assert [int(item["s"]) for item in table.query(KeyConditionExpression=Key("p").eq("a"))["Items"]] == [2, 3]
    removed = read(streams, table.latest_stream_arn)[0][-1]
    assert removed["eventName"] == "REMOVE"
    assert removed["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}


def test_tables_are_listed_described_tagged_and_protected(resource, dynamodb):
    table = make(resource, "described", DeletionProtectionEnabled=True, Tags=[{"Key": "k", "Value": "v"}])
    described = dynamodb.describe_table(TableName="described")["Table"]
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/described"
    assert (described["TableStatus"], described["TableArn"]) == ("ACTIVE", arn)
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert dynamodb.describe_table(TableName=arn)["Table"]["TableName"] == "described"
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["k"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == []
    assert "described" in dynamodb.list_tables()["TableNames"]
    assert refused(table.delete)["Error"]["Code"] == "ValidationException"
    dynamodb.update_table(TableName="described", DeletionProtectionEnabled=False)
    table.delete()
    table.wait_until_not_exists()
    answer = refused(dynamodb.describe_table, TableName="described")
    assert answer["Error"] == {
        "Code": "ResourceNotFoundException", "Message": "Requested resource not found: Table: described not found",
    }
    backups = dynamodb.describe_continuous_backups(TableName=make(resource, "described").name)
    assert backups["ContinuousBackupsDescription"]["ContinuousBackupsStatus"] == "ENABLED"
    assert dynamodb.describe_limits()["TableMaxReadCapacityUnits"] == 40_000
    assert refused(dynamodb.list_exports)["Error"]["Code"] == "NotImplemented"


def test_capacity_is_accounted(dynamodb, table):
    key = {"p": {"S": "a"}, "s": {"N": "1"}}
    answer = dynamodb.put_item(
        TableName=table.name, Item={**key, "x": {"S": "x" * 1500}}, ReturnConsumedCapacity="TOTAL"
    )
    assert answer["ConsumedCapacity"] == {"TableName": table.name, "CapacityUnits": 2.0}
    answer = dynamodb.get_item(TableName=table.name, Key=key, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 0.5


KEY = {"p": {"S": "a"}, "s": {"N": "1"}}


def test_a_missing_table_is_missing(dynamodb):
    answer = refused(dynamodb.get_item, TableName="missing", Key=KEY)
    assert answer["Error"] == {"Code": "ResourceNotFoundException", "Message": "Requested resource not found"}
