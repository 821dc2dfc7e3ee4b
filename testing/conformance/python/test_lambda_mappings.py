"""Event source mappings through boto3: what reaches a function, in which order, and what becomes of what fails."""

import json

import pytest

from lambdas import BASE, create, fresh, python, until
from tidegate import ACCOUNT, REGION, Server

# It writes into its log what it was given. Records whose text is `bad` fail: alone, where the mapping asks for that.
SEES = """
import json

def text(record):
    return record["body"] if "body" in record else record["dynamodb"]["NewImage"]["text"]["S"]

def name(record):
    return record["messageId"] if "body" in record else record["dynamodb"]["SequenceNumber"]

def handler(event, context):
    print("EVENT " + json.dumps(event))
    bad = [record for record in event["Records"] if text(record) == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": name(record)} for record in bad]}
"""
THROWS = SEES.replace("    return {", "    if bad: raise ValueError('bad')\n    return {")


@pytest.fixture(scope="module")
def aws(server):
    return server.client("lambda")


@pytest.fixture(scope="module")
def dynamodb(server):
    return server.client("dynamodb")


@pytest.fixture
def seen(server):
    """The events that a function was given, in order; asked when nothing goes on."""

    def seen(function: str) -> list[list[dict]]:
        server.settle()
        lines = lines_of(server.client("logs"), function)
        return [json.loads(line.removeprefix("EVENT "))["Records"] for line in lines]

    return seen


def lines_of(logs, function: str) -> list[str]:
    """What a function has written of its events; nothing before it ran."""
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}", filterPattern="EVENT")
    try:
        return [line["message"] for page in pages for line in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def arn_of(url: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rsplit('/', 1)[1]}"


def follow(aws, function: str, source: str, **more) -> str:
    """A mapping that works; answers its id."""
    made = aws.create_event_source_mapping(FunctionName=function, EventSourceArn=source, **more)
    assert made["State"] == "Creating"
    until(lambda: aws.get_event_source_mapping(UUID=made["UUID"])["State"] == "Enabled")
    return made["UUID"]


def send(sqs, url: str, bodies: list[str], group: str | None = None) -> None:
    for at in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[at : at + 10])]
        if group:
            entries = [entry | {"MessageGroupId": group, "MessageDeduplicationId": fresh()} for entry in entries]
        assert "Failed" not in sqs.send_message_batch(QueueUrl=url, Entries=entries)


def bodies(events: list[list[dict]]) -> list[str]:
    return [record["body"] for event in events for record in event]


def texts(events: list[list[dict]]) -> list[str]:
    return [record["dynamodb"]["NewImage"]["text"]["S"] for event in events for record in event]


@pytest.fixture
def table(dynamodb):
    """A table with a stream: its name, and the stream's ARN."""
    name = fresh("table")
    made = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return name, made["LatestStreamArn"]


def put(dynamodb, table: str, key: str, text: str) -> None:
    dynamodb.put_item(TableName=table, Item={"id": {"S": key}, "text": {"S": text}})


def test_a_mapping_from_its_creation_to_its_end(aws, sqs, server, queue, seen):
    name = create(aws, python(SEES))
    mapping = follow(aws, name, arn_of(queue), BatchSize=5)
    [listed] = aws.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert aws.list_event_source_mappings(EventSourceArn=arn_of(queue))["EventSourceMappings"] == [listed]
    assert (listed["UUID"], listed["BatchSize"], listed["FunctionArn"]) == (mapping, 5, f"{BASE}:function:{name}")
    assert aws.update_event_source_mapping(UUID=mapping, Enabled=False)["State"] == "Disabling"
    until(lambda: aws.get_event_source_mapping(UUID=mapping)["State"] == "Disabled")
    send(sqs, queue, ["waits"])
    server.settle()
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert found["ApproximateNumberOfMessages"] == "1"
    assert aws.update_event_source_mapping(UUID=mapping, Enabled=True, BatchSize=7)["BatchSize"] == 7
    assert bodies(seen(name)) == ["waits"]
    assert aws.delete_event_source_mapping(UUID=mapping)["State"] == "Deleting"

    def is_gone():
        try:
            assert aws.get_event_source_mapping(UUID=mapping)["State"] == "Deleting"
        except aws.exceptions.ResourceNotFoundException:
            return True

    until(is_gone)
    send(sqs, queue, ["stays"])
    server.settle()
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=queue)["Messages"]] == ["stays"]


def test_what_no_filter_admits_is_deleted_unseen(aws, sqs, server, queue, seen):
    name = create(aws, python(SEES))
    patterns = [{"body": {"kind": ["order"], "total": [{"numeric": [">", 5]}]}}, {"body": {"kind": [{"prefix": "re"}]}}]
    filters = [{"Pattern": json.dumps(pattern)} for pattern in patterns]
    follow(aws, name, arn_of(queue), FilterCriteria={"Filters": filters})
    wanted = [{"kind": "order", "total": 6}, {"kind": "return"}]
    others = [{"kind": "order", "total": 5}, {"kind": "order"}, {"kind": "other", "total": 9}]
    send(sqs, queue, [json.dumps(message) for message in wanted + others] + ["no JSON"])
    assert sorted(bodies(seen(name))) == sorted(json.dumps(message) for message in wanted)
    server.advance("PT60S")
    server.settle()
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_what_failed_alone_comes_again_and_ends_as_a_dead_letter(aws, sqs, server, make, seen):
    dead = make("dead")
    queue = make(VisibilityTimeout=10, RedrivePolicy={"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 2})
    name = create(aws, python(SEES))
    follow(aws, name, arn_of(queue), FunctionResponseTypes=["ReportBatchItemFailures"])
    send(sqs, queue, ["good", "bad", "fine"])
    server.settle()
    for _ in range(2):
        server.advance("PT10S")
        server.settle()
    assert sorted(bodies(seen(name))) == ["bad", "bad", "fine", "good"]
    counts = [record["attributes"]["ApproximateReceiveCount"] for event in seen(name) for record in event if record["body"] == "bad"]
    assert counts == ["1", "2"]
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=dead)["Messages"]] == ["bad"]


def test_groups_keep_their_order_around_a_failure(aws, sqs, server, make, seen):
    queue = make(fifo=True, VisibilityTimeout=10)
    counted = "import os\n" + THROWS.replace("if bad:", "if bad and not os.path.exists('/tmp/seen') and not open('/tmp/seen', 'w').close():")
    name = create(aws, python(counted))
    for group in ("a", "b", "c"):
        send(sqs, queue, [f"{group}{n}" for n in range(4)] + (["bad"] if group == "b" else []) + [f"{group}{n}" for n in range(4, 8)], group)
    follow(aws, name, arn_of(queue), BatchSize=3)
    for _ in range(3):
        server.settle()
        server.advance("PT10S")
    order: dict[str, list[str]] = {}
    for event in seen(name):
        for record in event:
            done = order.setdefault(record["attributes"]["MessageGroupId"], [])
            # What comes again comes with all that had been behind it.
            if record["body"] in done:
                del done[done.index(record["body"]) :]
            done.append(record["body"])
    assert order["a"] == [f"a{n}" for n in range(8)] and order["c"] == [f"c{n}" for n in range(8)]
    assert order["b"] == ["b0", "b1", "b2", "b3", "bad", "b4", "b5", "b6", "b7"]


def test_a_window_makes_one_batch_of_what_comes_meanwhile(aws, sqs, server, queue, seen):
    name = create(aws, python(SEES))
    follow(aws, name, arn_of(queue), BatchSize=100, MaximumBatchingWindowInSeconds=5)
    send(sqs, queue, [str(n) for n in range(25)])
    assert seen(name) == []
    server.advance("PT5S")
    assert [len(event) for event in seen(name)] == [25]


def test_no_more_calls_than_a_mapping_allows(aws, sqs, server, queue, seen):
    overlaps = """
import json, os, time

def handler(event, context):
    began = time.time()
    time.sleep(0.1)
    print("EVENT " + json.dumps({"Records": [{"from": began, "to": time.time()}]}))
"""
    name = create(aws, python(overlaps))
    follow(aws, name, arn_of(queue), BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    send(sqs, queue, [str(n) for n in range(12)])
    calls = [event[0] for event in seen(name)]
    assert len(calls) == 12
    assert max(sum(other["from"] <= call["from"] < other["to"] for other in calls) for call in calls) == 2


def test_a_slow_function_with_a_long_queue_stalls_nobody():
    with Server() as server:
        aws, sqs, logs = (server.client(name) for name in ("lambda", "sqs", "logs"))
        slow = create(aws, python("import time\ndef handler(event, context):\n    time.sleep(30)\n", Timeout=60))
        quick = create(aws, python("def handler(event, context):\n    print('EVENT came')\n"))
        queue = sqs.create_queue(QueueName="quick")["QueueUrl"]
        follow(aws, quick, arn_of(queue))
        for _ in range(80):
            aws.invoke(FunctionName=slow, InvocationType="Event", Payload=b"{}")
        send(sqs, queue, ["x"])
        # What was queued for the slow one before it takes much longer.
        until(lambda: lines_of(logs, quick), 20)


def test_records_of_a_table_in_order_also_over_a_kill(aws, dynamodb, server, table, seen):
    name, stream = table
    function = create(aws, python(SEES))
    put(dynamodb, name, "k0", "before")
    inserts = {"Filters": [{"Pattern": json.dumps({"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"text": {"S": [{"anything-but": "hidden"}]}}}})}]}
    follow(aws, function, stream, StartingPosition="TRIM_HORIZON", ParallelizationFactor=4, FilterCriteria=inserts)
    for n in range(10):
        for key in ("k1", "k2"):
            put(dynamodb, name, key, f"{key} {n}")
        put(dynamodb, name, "k3", "hidden")
    dynamodb.delete_item(TableName=name, Key={"id": {"S": "k1"}})
    first = texts(seen(function))
    assert "before" in first and len(first) == 21
    server.kill()
    server.start()
    put(dynamodb, name, "k1", "after")
    found = texts(seen(function))
    assert [text for text in found if text.startswith("k1")] == [f"k1 {n}" for n in range(10)]
    assert [text for text in found if text.startswith("k2")] == [f"k2 {n}" for n in range(10)]
    assert sorted(found) == sorted([*first, "after"]), "what was done before the kill is not done again"


def test_the_latest_position_begins_behind_what_is_there(aws, dynamodb, table, seen):
    name, stream = table
    function = create(aws, python(SEES))
    put(dynamodb, name, "old", "old")
    follow(aws, function, stream, StartingPosition="LATEST")
    put(dynamodb, name, "new", "new")
    assert texts(seen(function)) == ["new"]


@pytest.mark.parametrize("way", ["bisect", "report"])
def test_a_poisoned_record_is_found_told_of_and_passed(aws, dynamodb, sqs, server, table, queue, seen, way):
    name, stream = table
    function = create(aws, python(THROWS if way == "bisect" else SEES))
    for n in range(8):
        put(dynamodb, name, f"k{n}", "bad" if n == 5 else f"t{n}")
    more = {"BisectBatchOnFunctionError": True} if way == "bisect" else {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
    follow(
        aws,
        function,
        stream,
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arn_of(queue)}},
        BatchSize=1 if way == "report" else 8,
        **more,
    )
    server.settle()
    server.advance("PT10S")
    found = texts(seen(function))
    assert {text for text in found} == {"bad", *(f"t{n}" for n in range(8) if n != 5)}
    assert found.count("bad") >= 2
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    told = json.loads(message["Body"])
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    info = told["DDBStreamBatchInfo"]
    assert info["batchSize"] == 1 and info["startSequenceNumber"] == info["endSequenceNumber"]
    assert info["streamArn"] == stream


def test_a_function_that_changes_the_table_that_it_follows(aws, dynamodb, server, table):
    """Circles through tables are not ended, as on AWS: their records carry no count of them."""
    name, stream = table
    counts = """
import boto3

def handler(event, context):
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        n = int(image["text"]["S"])
        if n < 30:
            item = {"id": image["id"], "text": {"S": str(n + 1)}}
            boto3.client("dynamodb").put_item(TableName=TABLE, Item=item)
"""
    function = create(aws, python(counts.replace("TABLE,", f"{name!r},"), Timeout=30))
    follow(aws, function, stream, StartingPosition="LATEST", BatchSize=1)
    put(dynamodb, name, "n", "1")
    server.settle()
    assert dynamodb.get_item(TableName=name, Key={"id": {"S": "n"}})["Item"]["text"]["S"] == "30"


def test_a_circle_through_a_queue_is_ended(aws, sqs, server, make):
    dead = make("dead")
    queue = make(VisibilityTimeout=30, RedrivePolicy={"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1})
    again = f"""
import boto3

def handler(event, context):
    for record in event["Records"]:
        boto3.client("sqs").send_message(QueueUrl={queue!r}, MessageBody=str(int(record["body"]) + 1))
"""
    name = create(aws, python(again, Timeout=30))
    follow(aws, name, arn_of(queue))
    send(sqs, queue, ["1"])
    server.settle()
    for _ in range(3):
        server.advance("PT30S")
        server.settle()
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=dead)["Messages"]] == ["17"]


def test_a_window_that_keeps_a_sum(aws, dynamodb, server, table, seen):
    name, stream = table
    sums = """
import json

def handler(event, context):
    seen = {"state": event["state"], "count": len(event["Records"]), "final": event["isFinalInvokeForWindow"]}
    print("EVENT " + json.dumps({"Records": [seen]}))
    return {"state": {"total": event["state"].get("total", 0) + len(event["Records"])}}
"""
    function = create(aws, python(sums))
    follow(aws, function, stream, StartingPosition="TRIM_HORIZON", BatchSize=2, TumblingWindowInSeconds=60)
    for n in range(5):
        put(dynamodb, name, f"k{n}", "t")
    server.settle()
    server.advance("PT60S")
    calls = [event[0] for event in seen(function)]
    assert sum(call["count"] for call in calls) == 5
    assert sum(call["state"].get("total", 0) for call in calls if call["final"]) == 5
    assert [call["count"] for call in calls if call["final"]] == [0] * sum(call["final"] for call in calls)
    assert all(call["count"] <= 2 for call in calls)


def test_a_very_large_batch(aws, sqs, server, queue, seen):
    name = create(aws, python("def handler(event, context):\n    print('EVENT {\"Records\": [' + str(len(event['Records'])) + ']}')\n"))
    follow(aws, name, arn_of(queue), BatchSize=10_000, MaximumBatchingWindowInSeconds=30)
    send(sqs, queue, [f"{n:100}" for n in range(2_000)])
    server.settle()
    server.advance("PT30S")
    assert sum(event[0] for event in seen(name)) == 2_000
    assert len(seen(name)) <= 2
