"""Every line of the table of misuses of DynamoDB, through boto3 without its own checks, against AWS's answer."""

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from misuses_dynamodb import TABLE, TABLE_NAME, index, key_schema
from tidegate import REGION


@pytest.fixture(scope="module")
def dynamodb(server):
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    client = boto3.client(
        "dynamodb", endpoint_url=server.url, config=config, region_name=REGION,
        aws_access_key_id="test", aws_secret_access_key="test",
    )
    client.create_table(
        TableName=TABLE_NAME, BillingMode="PAY_PER_REQUEST", KeySchema=key_schema("p", "s"),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in zip("psgl", "SNSS")],
        GlobalSecondaryIndexes=[index("by-g", "g", projection="INCLUDE", NonKeyAttributes=["shown"])],
        LocalSecondaryIndexes=[index("by-l", "p", "l", projection="KEYS_ONLY")],
    )
    return client


@pytest.mark.parametrize(("operation", "parameters", "code", "message"), [line[1:] for line in TABLE], ids=[line[0] for line in TABLE])
def test_misuse_is_answered_in_aws_words(dynamodb, operation, parameters, code, message):
    with pytest.raises(ClientError) as caught:
        getattr(dynamodb, xform_name(operation))(**parameters)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Error"]["Code"] == code, answer["Error"]
    if message.endswith("…"):
        assert answer["Error"]["Message"].startswith(message[:-1]), answer["Error"]["Message"]
    else:
        assert answer["Error"]["Message"] == message


def test_the_table_is_as_long_as_promised_and_names_everything_once():
    assert len(TABLE) >= 150
    assert len({line[0] for line in TABLE}) == len(TABLE)


def test_nothing_of_all_this_did_anything(dynamodb):
    assert dynamodb.scan(TableName=TABLE_NAME)["Items"] == []
    tables = dynamodb.list_tables()["TableNames"]
    assert TABLE_NAME in tables and "unmade" not in tables
