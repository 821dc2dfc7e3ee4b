"""Indexes that are added to a table that is there, through boto3, over `kill -9` in the middle."""

import pytest

COUNT = 12_000
SCHEMA = {
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
}
INDEX = {"IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}


@pytest.fixture(scope="module")
def dynamodb(server):
    return server.client("dynamodb")


def item(number, value="old"):
    return {"p": {"S": f"p{number}"}, "g": {"S": f"g{number % 3}"}, "v": {"S": value}}


def fill(dynamodb, name, count):
    dynamodb.create_table(TableName=name, **SCHEMA)
    for start in range(0, count, 25):
        puts = [{"PutRequest": {"Item": item(number)}} for number in range(start, min(start + 25, count))]
        dynamodb.batch_write_item(RequestItems={name: puts})


def status(dynamodb, name):
    (index,) = dynamodb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"]
    return index["IndexStatus"]


def contents(dynamodb, name, **more):
    pages = dynamodb.get_paginator("scan").paginate(TableName=name, **more)
    return sorted((one["p"]["S"], one["g"]["S"], one["v"]["S"]) for page in pages for one in page["Items"])


def test_a_backfill_goes_on_over_kills_and_beside_writes(server, dynamodb):
    fill(dynamodb, "large", COUNT)
    dynamodb.update_table(
        TableName="large",
        AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": INDEX}],
    )
    caught = 0
    for kill in range(4):
        caught += status(dynamodb, "large") == "CREATING"
        server.kill()
        server.start()
        dynamodb.put_item(TableName="large", Item=item(kill, "new"))
        dynamodb.put_item(TableName="large", Item=item(COUNT + kill, "late"))
        dynamodb.delete_item(TableName="large", Key={"p": {"S": f"p{100 + kill}"}})
    assert caught > 0, "every backfill was over before the server was killed: this proves nothing"
    server.settle()
    assert status(dynamodb, "large") == "ACTIVE"
    table = contents(dynamodb, "large")
    assert len(table) == COUNT
    assert contents(dynamodb, "large", IndexName="by-g") == table


def test_everything_stored_holds_together(server):
    server.stop()
    checked = server.run("check", str(server.data))
    assert checked.returncode == 0, checked.stdout + checked.stderr
