"""Shards of table streams, through boto3: splitting, lineage, paging, closing, trimming."""

import threading

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tidegate import REGION

CREDENTIALS = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
WRITERS = 4
MOST_ITEMS = 60_000


def client(server, service):
    config = Config(retries={"total_max_attempts": 1}, read_timeout=60, max_pool_connections=WRITERS)
    return boto3.client(service, endpoint_url=server.url, config=config, **CREDENTIALS)


@pytest.fixture(scope="module")
def dynamodb(server):
    return client(server, "dynamodb")


@pytest.fixture(scope="module")
def streams(server):
    return client(server, "dynamodbstreams")


def make(dynamodb, name):
    """The ARN of the stream of a new table."""
    table = dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return table["TableDescription"]["LatestStreamArn"]


def shards_of(streams, arn, **more):
    """All shards of a stream, two at a time."""
    shards, start = [], {}
    while True:
        answer = streams.describe_stream(StreamArn=arn, Limit=2, **start, **more)["StreamDescription"]
        shards += answer["Shards"]
        assert len(answer["Shards"]) <= 2
        if "LastEvaluatedShardId" not in answer:
            return shards
        start = {"ExclusiveStartShardId": answer["LastEvaluatedShardId"]}


def is_closed(shard):
    return "EndingSequenceNumber" in shard["SequenceNumberRange"]


def iterator(streams, arn, shard, kind="TRIM_HORIZON", **more):
    answer = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType=kind, **more)
    return answer["ShardIterator"]


def read(streams, after):
    """What comes from an iterator on, and the iterator that is left, if the shard is open."""
    records = []
    while True:
        answer = streams.get_records(ShardIterator=after)
        records += answer["Records"]
        after = answer.get("NextShardIterator")
        if not after or not answer["Records"]:
            return records, after


def by_lineage(streams, arn):
    """All records: those of a shard once its parent was read to the end, as consumers do it."""
    waiting = {shard["ShardId"]: shard for shard in shards_of(streams, arn)}
    records = []
    while waiting:
        ready = [shard for shard in waiting.values() if shard.get("ParentShardId") not in waiting]
        assert ready, "parents form a circle"
        # The last one first: only lineage gives an order.
        shard = waiting.pop(ready[-1]["ShardId"])
        found, left = read(streams, iterator(streams, arn, shard))
        assert (left is None) == is_closed(shard)
        numbers = [record["dynamodb"]["SequenceNumber"] for record in found]
        assert numbers == sorted(numbers)
        if found and is_closed(shard):
            assert numbers[-1] == shard["SequenceNumberRange"]["EndingSequenceNumber"]
        records += found
    return records


def rebuilt(records):
    """The table that the records make, each of which must fit what was there."""
    table = {}
    for record in records:
        change = record["dynamodb"]
        key = change["Keys"]["p"]["S"]
        assert table.pop(key, None) == change.get("OldImage")
        if "NewImage" in change:
            table[key] = change["NewImage"]
    return table


def scanned(dynamodb, name):
    pages = dynamodb.get_paginator("scan").paginate(TableName=name)
    return {item["p"]["S"]: item for page in pages for item in page["Items"]}


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def test_a_busy_table_has_several_shards_whose_lineage_rebuilds_it(dynamodb, streams, server):
    arn = make(dynamodb, "busy")
    first = shards_of(streams, arn)[0]
    early = iterator(streams, arn, first)
    written, failures = [0] * WRITERS, []

    def write(writer):
        """Writes a set of items of its own over and over, until the shard splits."""
        try:
            while written[writer] < MOST_ITEMS // WRITERS and len(shards_of(streams, arn)) == 1:
                for _ in range(10):
                    start = written[writer]
                    puts = [
                        {"PutRequest": {"Item": {"p": {"S": f"{writer}-{number % 100}"}, "v": {"N": str(number)}}}}
                        for number in range(start, start + 25)
                    ]
                    answer = dynamodb.batch_write_item(RequestItems={"busy": puts})
                    assert not answer["UnprocessedItems"]
                    written[writer] += 25
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failures, failures
    shards = shards_of(streams, arn)
    assert len(shards) >= 3, f"{sum(written)} items did not split it"
    assert is_closed(first := shards[0]) and not all(is_closed(shard) for shard in shards)
    children = shards_of(streams, arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": first["ShardId"]})
    assert [child["ParentShardId"] for child in children] == [first["ShardId"]] * 2

    server.kill()
    server.start()
    for number in range(100):
        dynamodb.delete_item(TableName="busy", Key={"p": {"S": f"0-{number}"}})
    records = by_lineage(streams, arn)
    assert len(records) == sum(written) + 100
    assert len({record["eventID"] for record in records}) == len(records)
    assert rebuilt(records) == scanned(dynamodb, "busy")
    # An iterator of before the restart, of a shard that was open then, reads to its end.
    found, left = read(streams, early)
    assert left is None and found[-1]["dynamodb"]["SequenceNumber"] == first["SequenceNumberRange"]["EndingSequenceNumber"]
    server.stop()
    checked = server.run("check", str(server.data))
    assert checked.returncode == 0, checked
    server.start()


def test_places_in_a_shard(dynamodb, streams):
    arn = make(dynamodb, "places")
    shard = shards_of(streams, arn)[0]
    latest = iterator(streams, arn, shard, "LATEST")
    for number in range(5):
        dynamodb.put_item(TableName="places", Item={"p": {"S": str(number)}})
    records, _ = read(streams, iterator(streams, arn, shard))
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    for kind, skipped in (("AT_SEQUENCE_NUMBER", 2), ("AFTER_SEQUENCE_NUMBER", 3)):
        found, _ = read(streams, iterator(streams, arn, shard, kind, SequenceNumber=numbers[2]))
        assert [record["dynamodb"]["SequenceNumber"] for record in found] == numbers[skipped:]
    assert len(read(streams, latest)[0]) == 5
    assert read(streams, iterator(streams, arn, shard, "LATEST"))[0] == []
    assert len(streams.get_records(ShardIterator=latest, Limit=2)["Records"]) == 2
    start = {"StreamArn": arn, "ShardIteratorType": "LATEST"}
    unknown = "shardId-00000000000000000000-00000000"
    assert refused(streams.get_shard_iterator, ShardId=unknown, **start) == "ResourceNotFoundException"
    assert refused(streams.get_records, ShardIterator="nonsense") == "ValidationException"


def test_shards_are_followed_by_others_and_vanish(dynamodb, streams, server):
    arn = make(dynamodb, "old")
    name = {"TableName": "old"}
    dynamodb.put_item(**name, Item={"p": {"S": "a"}, "v": {"N": "1"}})
    shard = shards_of(streams, arn)[0]
    number = read(streams, iterator(streams, arn, shard))[0][0]["dynamodb"]["SequenceNumber"]
    server.advance("PT4H20M")
    server.settle()
    dynamodb.put_item(**name, Item={"p": {"S": "a"}, "v": {"N": "2"}})
    shards = shards_of(streams, arn)
    assert [is_closed(shard) for shard in shards] == [True, False]
    assert shards[1]["ParentShardId"] == shards[0]["ShardId"] == shard["ShardId"]
    assert shards[1]["SequenceNumberRange"]["StartingSequenceNumber"] > number
    assert rebuilt(by_lineage(streams, arn)) == scanned(dynamodb, "old")

    # Its record is a day old before the shard has been closed for a day.
    server.advance("PT19H36M")
    early = iterator(streams, arn, shard, "AT_SEQUENCE_NUMBER", SequenceNumber=number)
    server.advance("PT14M")
    server.settle()
    assert refused(streams.get_records, ShardIterator=early) == "TrimmedDataAccessException"
    at = {"StreamArn": arn, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": number}
    assert refused(streams.get_shard_iterator, ShardId=shard["ShardId"], **at) == "TrimmedDataAccessException"
    server.advance("PT2M")
    assert refused(streams.get_records, ShardIterator=early) == "ExpiredIteratorException"
    server.advance("PT5H")
    server.settle()
    assert shard["ShardId"] not in [shard["ShardId"] for shard in shards_of(streams, arn)]
    assert refused(streams.get_shard_iterator, ShardId=shard["ShardId"], **at) == "ResourceNotFoundException"


def test_a_month_goes_by_within_the_clocks_patience(dynamodb, streams, server):
    arn = make(dynamodb, "month")
    dynamodb.put_item(TableName="month", Item={"p": {"S": "a"}, "v": {"N": "1"}})
    assert server.advance("P32D")["reached"]
    assert by_lineage(streams, arn) == []
    assert len(scanned(dynamodb, "month")) == 1
