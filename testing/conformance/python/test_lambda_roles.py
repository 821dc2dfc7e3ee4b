"""What a function's role must be allowed to do, where a role that exists is named: asked when something is configured, as
on AWS, and again when it is done."""

import json

import pytest
from botocore.exceptions import ClientError

from lambdas import BASE, create, fresh, invoke, python, until
from tidegate import ACCOUNT, REGION

FAILS = "def handler(event, context):\n    raise ValueError('no')\n"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="module")
def aws(server):
    return server.client("lambda")


class Role:
    """A role that functions may have, and what it may do."""

    def __init__(self, iam):
        self.iam, self.name = iam, fresh("role")
        self.arn = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=document(TRUST))["Role"]["Arn"]

    def may(self, action: str | list[str], resource: str) -> None:
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        self.iam.put_role_policy(RoleName=self.name, PolicyName=fresh("may"), PolicyDocument=document(statement))


@pytest.fixture
def role(server) -> Role:
    return Role(server.client("iam"))


@pytest.fixture
def inbox(sqs) -> tuple[str, str]:
    """A queue: its URL and its ARN."""
    name = fresh("inbox")
    return sqs.create_queue(QueueName=name)["QueueUrl"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def document(statement: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def refused(operation, **parameters) -> str:
    """What is said to parameters that cannot be."""
    with pytest.raises(ClientError) as caught:
        operation(**parameters)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    return caught.value.response["Error"]["Message"]


def test_a_role_that_does_not_trust_lambda(aws, server):
    iam, name = server.client("iam"), fresh("role")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    words = refused(aws.create_function, FunctionName=fresh(), **python(Role=arn))
    assert words == "The role defined for the function cannot be assumed by Lambda."


@pytest.mark.parametrize("missing", ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"])
def test_a_queue_that_the_role_may_not_read(aws, role, inbox, missing):
    _, arn = inbox
    name = create(aws, python(FAILS, Role=role.arn))
    needed = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]
    role.may([f"sqs:{action}" for action in needed if action != missing], arn)
    words = refused(aws.create_event_source_mapping, FunctionName=name, EventSourceArn=arn)
    assert words == f"The provided execution role does not have permissions to call {missing} on SQS"
    role.may(f"sqs:{missing}", arn)
    mapping = aws.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, Enabled=False)
    aws.delete_event_source_mapping(UUID=mapping["UUID"])


def test_a_stream_that_the_role_may_not_read_or_tell_of(aws, server, role, inbox):
    _, inbox_arn = inbox
    table = fresh("table")
    made = server.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    stream = made["LatestStreamArn"]
    name = create(aws, python(FAILS, Role=role.arn))
    given = {"FunctionName": name, "EventSourceArn": stream, "StartingPosition": "LATEST"}
    # The table is not its stream: a frequent mistake.
    role.may("dynamodb:*", made["TableArn"])
    assert refused(aws.create_event_source_mapping, **given).startswith(f"Cannot access stream {stream}. Please ensure")
    role.may(["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"], stream)
    told = {"DestinationConfig": {"OnFailure": {"Destination": inbox_arn}}}
    words = refused(aws.create_event_source_mapping, **given, **told)
    assert words == "The function execution role does not have permissions to call SendMessage on SQS"
    for nobody in ["arn:aws:iam::000000000000:role/r", f"{inbox_arn}.fifo", f"{BASE}:function:{name}"]:
        bad = {"DestinationConfig": {"OnFailure": {"Destination": nobody}}}
        assert refused(aws.create_event_source_mapping, **given, **bad) == f"The destination ARN {nobody} is invalid."
    role.may("sqs:SendMessage", inbox_arn)
    mapping = aws.create_event_source_mapping(**given, **told)["UUID"]
    shown = aws.get_event_source_mapping(UUID=mapping)["DestinationConfig"]
    assert shown == {"OnFailure": {"Destination": inbox_arn}}


def test_a_dead_letter_and_a_destination_that_the_role_may_not_tell(aws, role, inbox):
    _, arn = inbox
    words = "The provided execution role does not have permissions to call SendMessage on SQS"
    letters = {"DeadLetterConfig": {"TargetArn": arn}}
    assert refused(aws.create_function, FunctionName=fresh(), **python(FAILS, Role=role.arn, **letters)) == words
    name = create(aws, python(FAILS, Role=role.arn))
    assert refused(aws.update_function_configuration, FunctionName=name, **letters) == words
    told = {"DestinationConfig": {"OnSuccess": {"Destination": arn}}}
    words = f"The function's execution role does not have permissions to call SendMessage on {arn}"
    assert refused(aws.put_function_event_invoke_config, FunctionName=name, **told) == words
    role.may("sqs:SendMessage", arn)
    aws.update_function_configuration(FunctionName=name, **letters)
    aws.put_function_event_invoke_config(FunctionName=name, **told)


def failures(server) -> float:
    lines = server.request("GET", "/_tidegate/metrics").text.splitlines()
    found = [line for line in lines if line.startswith("tidegate_lambda_destination_failures_total")]
    return sum(float(line.split()[-1]) for line in found)


def test_a_bucket_that_the_role_may_not_write_to(aws, server, s3, bucket, role):
    name = create(aws, python(FAILS, Role=role.arn))
    target = {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
    aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0, DestinationConfig=target)

    def raise_event() -> None:
        aws.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
        server.settle()

    before = failures(server)
    raise_event()
    assert failures(server) == before + 1
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    role.may("s3:PutObject", f"arn:aws:s3:::{bucket}/aws/lambda/async/{name}/*")
    raise_event()
    assert len(until(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"))) == 1


def test_an_alias_that_is_gone_takes_no_event_along(aws, sqs, server, inbox):
    """Its event was queued and failed once; the dead letter hears of it all the same."""
    url, arn = inbox
    name = create(aws, python(FAILS, DeadLetterConfig={"TargetArn": arn}))
    aws.publish_version(FunctionName=name)
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    aws.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n":1}', Qualifier="live")
    server.settle()
    aws.delete_alias(FunctionName=name, Name="live")
    server.advance("PT61S")
    server.settle()
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"n": 1}


def test_the_credentials_of_a_role_are_the_functions_own(aws, role):
    text = "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']\n"
    name = create(aws, python(text, Role=role.arn, Timeout=30))
    answer, _ = invoke(aws, name)
    assert answer == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/{name}"
