"""Where permissions count, those who are to hear of objects must let S3 send to them."""

import json

import pytest

from lambdas import zipped
from s3 import refused
from test_auth import make_key
from tidegate import ACCOUNT, REGION

SERVER_ARGUMENTS = ["--auth", "enforce", "--virtual-clock"]
HEARS = "exports.handler = async (event) => { console.log('heard', JSON.stringify(event)); };"
UNREACHABLE = "Unable to validate the following destination configurations"


@pytest.fixture(scope="module")
def client(server):
    key, secret = make_key(server, ACCOUNT)
    return lambda service: server.client(service, key=key, secret=secret)


@pytest.fixture(scope="module")
def s3(client):
    return client("s3")


@pytest.fixture(scope="module")
def sqs(client):
    return client("sqs")


def arn_of(url: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rsplit('/', 1)[1]}"


def let_in(sqs, url: str, bucket: str) -> None:
    """As the console and CDK write it: this bucket, of this account."""
    condition = {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn_of(url), "Condition": condition}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def events(sqs, url: str) -> list[str]:
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    bodies = [json.loads(message["Body"]) for message in messages]
    return [body.get("Event") or body["Records"][0]["eventName"] for body in bodies]


def to_queue(arn: str) -> dict:
    return {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}


def test_a_queue_must_let_the_bucket_in(s3, sqs, bucket, queue):
    wanted = {"Bucket": bucket, "NotificationConfiguration": to_queue(arn_of(queue))}
    told = refused("InvalidArgument", s3.put_bucket_notification_configuration, **wanted)["Error"]
    assert (told["Message"], told["ArgumentName"]) == (UNREACHABLE, arn_of(queue))
    assert told["ArgumentValue"] == "Permissions on the destination queue do not allow S3 to publish notifications from this bucket"
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    let_in(sqs, queue, "another-bucket")
    refused("InvalidArgument", s3.put_bucket_notification_configuration, **wanted)
    let_in(sqs, queue, bucket)
    s3.put_bucket_notification_configuration(**wanted)
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    assert sorted(events(sqs, queue)) == ["ObjectCreated:Put", "s3:TestEvent"]


def test_a_queue_must_be_there(s3, bucket):
    missing = f"arn:aws:sqs:{REGION}:{ACCOUNT}:missing"
    told = refused("InvalidArgument", s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=to_queue(missing))["Error"]
    # What is not there has no policy that would let anybody in.
    assert (told["Message"], told["ArgumentName"]) == (UNREACHABLE, missing)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=to_queue(missing), SkipDestinationValidation=True)
    # What nobody takes does not keep an object from being written.
    s3.put_object(Bucket=bucket, Key="a", Body=b"")


def test_a_queue_that_closes_later_is_not_told(s3, sqs, bucket, queue):
    let_in(sqs, queue, bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=to_queue(arn_of(queue)))
    let_in(sqs, queue, "another-bucket")
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    assert events(sqs, queue) == ["s3:TestEvent"]


@pytest.fixture(scope="module")
def role(client):
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = client("iam").create_role(RoleName="hears", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    client("iam").attach_role_policy(RoleName="hears", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
    return role["Arn"]


@pytest.mark.parametrize("other", [{"SourceArn": "arn:aws:s3:::another-bucket"}, {"SourceAccount": "111111111111"}], ids=str)
def test_a_function_must_let_the_bucket_in(server, client, role, s3, bucket, other):
    functions, name = client("lambda"), f"hears-{bucket}"
    arn = functions.create_function(FunctionName=name, Runtime="nodejs22.x", Handler="index.handler", Role=role, Code={"ZipFile": zipped(index__js=HEARS)})["FunctionArn"]
    entry = {"Id": "f", "LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
    wanted = {"Bucket": bucket, "NotificationConfiguration": {"LambdaFunctionConfigurations": [entry]}}
    allowed = {"FunctionName": name, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    right = {"SourceArn": f"arn:aws:s3:::{bucket}", "SourceAccount": ACCOUNT}
    functions.add_permission(StatementId="wrong", **allowed, **(right | other))
    told = refused("InvalidArgument", s3.put_bucket_notification_configuration, **wanted)["Error"]
    assert (told["Message"], told["ArgumentValue"]) == (UNREACHABLE, f"Not authorized to invoke function [{arn}]")
    functions.add_permission(StatementId="right", **allowed, **right)
    s3.put_bucket_notification_configuration(**wanted)
    s3.put_object(Bucket=bucket, Key="told.csv", Body=b"x")
    admin = {"x-tidegate-admin-key": (server.data / "admin-key").read_text().strip()}
    assert server.request("POST", "/_tidegate/settle", "{}", admin).status == 200
    found = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="heard")["events"]
    (heard,) = [json.loads(event["message"].split("heard", 1)[1]) for event in found]
    assert heard["Records"][0]["s3"]["object"]["key"] == "told.csv"
