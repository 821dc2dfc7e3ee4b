"""Throughput, where a server enforces it: what boto3 makes of being throttled."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

SERVER_ARGUMENTS = ["--virtual-clock", "--enforce-throughput"]

# Five minutes of one unit a second are kept.
BURST = 300


@pytest.fixture(scope="module")
def impatient(server):
    """A client that does not try again."""
    return server.client("dynamodb")


@pytest.fixture
def patient(server):
    """A client as boto3 makes it by itself."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("dynamodb", endpoint_url=server.url, region_name="us-east-1", config=Config(), **keys)
    yield client
    client.close()


@pytest.fixture(scope="module")
def table(impatient):
    impatient.create_table(
        TableName="small",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
    )
    return "small"


def put(client, table, key="small", size=10):
    client.put_item(TableName=table, Item={"p": {"S": key}, "v": {"S": "x" * size}})


def test_what_goes_beyond_is_refused_and_a_patient_client_gets_through(patient, impatient, table):
    put(impatient, table, key="large", size=BURST * 1024)
    with pytest.raises(impatient.exceptions.ProvisionedThroughputExceededException) as caught:
        for _ in range(10):
            put(impatient, table)
    error = caught.value.response
    assert error["Error"]["Message"] == (
        "The level of configured provisioned throughput for the table was exceeded. "
        "Consider increasing your provisioning level with the UpdateTable API."
    )
    assert error["ThrottlingReasons"][0]["reason"] == "TableWriteProvisionedThroughputExceeded"
    # Its own retries wait for longer than the unit that is missing takes to come.
    put(patient, table)
    impatient.get_item(TableName=table, Key={"p": {"S": "small"}})


def test_batches_hand_back_what_was_throttled(server, impatient, table):
    server.advance("PT3S")
    puts = [{"PutRequest": {"Item": {"p": {"S": str(number)}}}} for number in range(25)]
    answer = impatient.batch_write_item(RequestItems={table: puts})
    left = answer["UnprocessedItems"][table]
    assert 0 < len(left) < 25
    with pytest.raises(ClientError) as caught:
        for _ in range(5):
            impatient.batch_write_item(RequestItems={table: left})
    assert caught.value.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
