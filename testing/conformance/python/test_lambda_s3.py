"""Lambda and S3, through boto3: code and layers from buckets, and records of what failed in buckets."""

import json
import re

import pytest

from lambdas import fresh, invoke, python, until, zipped
from refusals import refused

SERVER_ARGUMENTS = ["--virtual-clock"]

CODE = "def handler(event, context):\n    return 'from a bucket'\n"
OTHER = "def handler(event, context):\n    return 'another'\n"
FAILS = "def handler(event, context):\n    raise ValueError('no')\n"
STAMP = r"\d{4}/\d\d/\d\d/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f-]{36}"


@pytest.fixture(scope="module")
def aws(server):
    return server.client("lambda")


@pytest.fixture(scope="module")
def s3(server):
    return server.client("s3")


@pytest.fixture
def bucket(s3):
    name = fresh("code")
    s3.create_bucket(Bucket=name)
    return name


def objects(s3, bucket: str) -> list[tuple[str, dict]]:
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return [(key, json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])) for key in keys]


def test_code_from_a_bucket(aws, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="code.zip", Body=zipped(index__py=CODE))["VersionId"]
    s3.put_object(Bucket=bucket, Key="code.zip", Body=zipped(index__py=OTHER))
    name = fresh()
    where = {"S3Bucket": bucket, "S3Key": "code.zip"}
    aws.create_function(FunctionName=name, **python(Code=where | {"S3ObjectVersion": first}))
    assert invoke(aws, name)[0] == "from a bucket"
    aws.update_function_code(FunctionName=name, **where)
    assert invoke(aws, name)[0] == "another"


def test_a_layer_from_a_bucket(aws, s3, bucket):
    s3.put_object(Bucket=bucket, Key="layer.zip", Body=zipped(**{"python/own__py": "WORD = 'layered'\n"}))
    content = {"S3Bucket": bucket, "S3Key": "layer.zip"}
    layer = aws.publish_layer_version(LayerName=fresh(), Content=content)["LayerVersionArn"]
    name = fresh()
    text = "import own\n\ndef handler(event, context):\n    return own.WORD\n"
    aws.create_function(FunctionName=name, Layers=[layer], **python(text))
    assert invoke(aws, name)[0] == "layered"


def test_code_that_is_not_there(aws, bucket):
    def of(**where):
        return refused(aws.create_function, FunctionName=fresh(), **python(Code=where))

    words = "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}"
    invalid = "InvalidParameterValueException"
    assert of(S3Bucket=bucket, S3Key="none") == (invalid, words.format("NoSuchKey", "The specified key does not exist."))
    missing = (invalid, words.format("NoSuchBucket", "The specified bucket does not exist"))
    assert of(S3Bucket="no-such-bucket-here", S3Key="none") == missing


def test_an_event_that_failed_lies_in_a_bucket(server, aws, s3, bucket):
    name = fresh()
    aws.create_function(FunctionName=name, **python(FAILS))
    target = {"Destination": f"arn:aws:s3:::{bucket}"}
    config = {"FunctionName": name, "MaximumRetryAttempts": 0}
    aws.put_function_event_invoke_config(DestinationConfig={"OnFailure": target}, **config)
    code, _ = refused(aws.put_function_event_invoke_config, DestinationConfig={"OnSuccess": target}, **config)
    assert code == "InvalidParameterValueException"
    aws.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n":1}')
    [(key, record)] = until(lambda: objects(s3, bucket))
    assert re.fullmatch(f"aws/lambda/async/{name}/{STAMP}", key), key
    assert record["requestPayload"] == {"n": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responsePayload"]["errorMessage"] == "no"


def test_records_of_a_stream_that_failed_lie_in_a_bucket(server, aws, s3, bucket):
    dynamodb, table = server.client("dynamodb"), fresh("t")
    made = dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    name = fresh()
    aws.create_function(FunctionName=name, **python(FAILS))
    mapping = aws.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=made["TableDescription"]["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )["UUID"]
    dynamodb.put_item(TableName=table, Item={"id": {"S": "lost"}})
    [(key, record)] = until(lambda: objects(s3, bucket))
    assert re.fullmatch(f"aws/lambda/{mapping}/shardId-[^/]+/{STAMP}", key), key
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    [lost] = json.loads(record["payload"])["Records"]
    assert lost["dynamodb"]["NewImage"] == {"id": {"S": "lost"}}
