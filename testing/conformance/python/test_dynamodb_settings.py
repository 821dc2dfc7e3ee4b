"""Settings of tables that are kept and shown, through boto3: what is served at once, bounds, contributor insights."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tidegate import REGION

CREDENTIALS = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
INVALID = "One or more parameter values were invalid: "


@pytest.fixture(scope="module")
def dynamodb(server):
    return boto3.client("dynamodb", endpoint_url=server.url, config=Config(retries={"total_max_attempts": 1}), **CREDENTIALS)


@pytest.fixture
def table(dynamodb, request):
    name = f"t-{abs(hash(request.node.nodeid))}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("p", "g")],
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {"IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
        ],
    )
    return name


def refused(call, **parameters) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return caught.value.response["Error"]["Message"]


def described(dynamodb, table) -> dict:
    return dynamodb.describe_table(TableName=table)["Table"]


def test_what_is_served_at_once_grows_and_survives_a_kill(dynamodb, server, table):
    assert described(dynamodb, table)["WarmThroughput"] == {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}
    dynamodb.update_table(TableName=table, WarmThroughput={"ReadUnitsPerSecond": 14000, "WriteUnitsPerSecond": 5000})
    dynamodb.update_table(
        TableName=table,
        GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "by-g", "WarmThroughput": {"WriteUnitsPerSecond": 6000}}}],
    )
    server.kill()
    server.start()
    shown = described(dynamodb, table)
    assert shown["WarmThroughput"] == {"ReadUnitsPerSecond": 14000, "WriteUnitsPerSecond": 5000, "Status": "ACTIVE"}
    of_index = shown["GlobalSecondaryIndexes"][0]["WarmThroughput"]
    assert of_index == {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 6000, "Status": "ACTIVE"}
    lower = refused(dynamodb.update_table, TableName=table, WarmThroughput={"ReadUnitsPerSecond": 13999})
    assert lower == INVALID + (
        "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, "
        "decreasing WarmThroughput is not supported"
    )


def test_bounds_come_and_go(dynamodb, table):
    dynamodb.update_table(TableName=table, OnDemandThroughput={"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20})
    assert described(dynamodb, table)["OnDemandThroughput"] == {"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20}
    dynamodb.update_table(TableName=table, OnDemandThroughput={"MaxReadRequestUnits": -1})
    assert described(dynamodb, table)["OnDemandThroughput"] == {"MaxWriteRequestUnits": 20}
    dynamodb.update_table(TableName=table, OnDemandThroughput={"MaxWriteRequestUnits": -1})
    assert "OnDemandThroughput" not in described(dynamodb, table)
    words = refused(dynamodb.update_table, TableName=table, OnDemandThroughput={"MaxWriteRequestUnits": 0})
    assert words == INVALID + "Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range"


def test_contributor_insights_are_kept(dynamodb, server, table):
    of = {"TableName": table}
    assert dynamodb.describe_contributor_insights(**of)["ContributorInsightsStatus"] == "DISABLED"
    assert dynamodb.list_contributor_insights(**of)["ContributorInsightsSummaries"] == []
    dynamodb.update_contributor_insights(**of, ContributorInsightsAction="ENABLE", ContributorInsightsMode="THROTTLED_KEYS")
    dynamodb.update_contributor_insights(**of, IndexName="by-g", ContributorInsightsAction="ENABLE")
    server.kill()
    server.start()
    shown = dynamodb.describe_contributor_insights(**of)
    assert (shown["ContributorInsightsStatus"], shown["ContributorInsightsMode"]) == ("ENABLED", "THROTTLED_KEYS")
    assert [entry.get("IndexName") for entry in dynamodb.list_contributor_insights(**of)["ContributorInsightsSummaries"]] == [None, "by-g"]
    dynamodb.update_contributor_insights(**of, ContributorInsightsAction="DISABLE")
    assert [entry.get("IndexName") for entry in dynamodb.list_contributor_insights(**of)["ContributorInsightsSummaries"]] == ["by-g"]
    dynamodb.update_table(TableName=table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-g"}}])
    assert dynamodb.list_contributor_insights(**of)["ContributorInsightsSummaries"] == []
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException, match=f"Index: by-g not found for table: {table}"):
        dynamodb.describe_contributor_insights(**of, IndexName="by-g")


def test_a_number_is_no_text(server):
    body = b'{"TableName":"none","Key":{"p":{"S":"a"}},"ProjectionExpression":"#a","ExpressionAttributeNames":{"#a":5}}'
    headers = {"X-Amz-Target": "DynamoDB_20120810.GetItem", "Content-Type": "application/x-amz-json-1.0"}
    answer = server.request("POST", "/", body=body, headers=headers)
    assert answer.status == 400
    assert answer.json() == {
        "__type": "com.amazon.coral.service#SerializationException",
        "Message": "NUMBER_VALUE cannot be converted to String",
    }
