"""Invocations of Lambda functions through boto3: three runtimes, errors, logs, the environment, URLs."""

import base64
import json
import os

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from lambdas import BASE, create, fresh, invoke, node, python, shell, until, zipped
from tidegate import ACCOUNT, REGION

SERVER_ARGUMENTS: list[str] = []
ENVIRONMENT = "import os\n\ndef handler(event, context):\n    return dict(os.environ)\n"

USES_SERVICES = """
import boto3

def handler(event, context):
    url = boto3.client("sqs").get_queue_url(QueueName=event["queue"])["QueueUrl"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="from " + context.function_name)
    table = boto3.resource("dynamodb").Table(event["table"])
    table.put_item(Item={"p": "a", "n": 1})
    return table.get_item(Key={"p": "a"})["Item"]["p"]
"""

WEB = """
import base64, json

def handler(event, context):
    http = event["requestContext"]["http"]
    if http["path"] == "/fails":
        raise ValueError("no")
    if http["path"] == "/bytes":
        return {"statusCode": 200, "headers": {"content-type": "image/png"}, "body": base64.b64encode(bytes(range(256))).decode(), "isBase64Encoded": True}
    return {"statusCode": 201, "headers": {"x-own": "1"}, "cookies": ["a=1", "b=2"], "body": json.dumps(event)}
"""

STREAMS = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 203, headers: { "x-own": "1" } });
  for (const piece of ["one ", "two ", "three"]) stream.write(piece);
  stream.end();
});
"""


@pytest.fixture(scope="module")
def aws(server):
    return server.client("lambda")


@pytest.mark.parametrize("runtime", ["python3.9", "python3.11", "python3.13"])
def test_python(aws, runtime):
    name = create(aws, python(Runtime=runtime, Timeout=9, MemorySize=192))
    shown, answer = invoke(aws, name, {"a": [1, None, "ü"]})
    assert shown["event"] == {"a": [1, None, "ü"]}
    assert (shown["version"], shown["arn"], shown["name"]) == ("$LATEST", f"{BASE}:function:{name}", name)
    assert 8000 < shown["left"] <= 9000 and shown["memory"] == "192"
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert shown["id"] == answer["ResponseMetadata"]["RequestId"]
    assert "FunctionError" not in answer and "LogResult" not in answer


@pytest.mark.parametrize("runtime", ["nodejs18.x", "nodejs20.x"])
def test_node(aws, runtime):
    name = create(aws, node(Runtime=runtime))
    shown, answer = invoke(aws, name, {"a": 1}, LogType="Tail")
    assert shown == {"event": {"a": 1}, "version": "$LATEST", "arn": f"{BASE}:function:{name}", "id": answer["ResponseMetadata"]["RequestId"]}
    assert "seen" in base64.b64decode(answer["LogResult"]).decode()


def test_node_modules_and_callbacks(aws):
    module = 'export const handler = async (event) => ({ module: true, event });\n'
    name = create(aws, node(Code={"ZipFile": zipped(index__mjs=module)}))
    assert invoke(aws, name, 1)[0] == {"module": True, "event": 1}
    name = create(aws, node("exports.handler = (event, context, done) => done(null, event + 1);\n"))
    assert invoke(aws, name, 1)[0] == 2


def test_a_shell_script_is_its_own_runtime(aws):
    name = create(aws, shell())
    for n in range(3):
        shown, answer = invoke(aws, name, {"n": n}, LogType="Tail")
        assert shown == {"shell": {"n": n}, "handler": "any.thing"}
        assert 'shell saw {"n": %d}' % n in base64.b64decode(answer["LogResult"]).decode()


def test_no_payload_is_an_empty_object(aws):
    name = create(aws)
    assert json.load(aws.invoke(FunctionName=name)["Payload"])["event"] == {}
    assert invoke(aws, name, None)[0]["event"] is None


def test_kinds_of_invocations(aws):
    name = create(aws)
    aws.publish_version(FunctionName=name)
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    tried = aws.invoke(FunctionName=name, InvocationType="DryRun")
    assert (tried["StatusCode"], tried["Payload"].read()) == (204, b"")
    queued = aws.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert (queued["StatusCode"], queued["Payload"].read()) == (202, b"")
    shown, answer = invoke(aws, name, {}, Qualifier="live")
    assert (shown["version"], shown["arn"], answer["ExecutedVersion"]) == ("1", f"{BASE}:function:{name}:live", "1")
    assert invoke(aws, f"{BASE}:function:{name}:1", {})[1]["ExecutedVersion"] == "1"
    context = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
    seen = create(aws, python("def handler(event, context):\n    return context.client_context.custom\n"))
    assert invoke(aws, seen, {}, ClientContext=context)[0] == {"a": "b"}


def test_an_alias_shares_between_two_versions(aws):
    name = create(aws)
    aws.publish_version(FunctionName=name)
    aws.update_function_configuration(FunctionName=name, Description="two")
    aws.get_waiter("function_updated_v2").wait(FunctionName=name)
    two = aws.publish_version(FunctionName=name)["Version"]
    aws.get_waiter("published_version_active").wait(FunctionName=name, Qualifier=two)
    routing = {"AdditionalVersionWeights": {two: 0.5}}
    aws.create_alias(FunctionName=name, Name="half", FunctionVersion="1", RoutingConfig=routing)
    seen = {invoke(aws, name, {}, Qualifier="half")[1]["ExecutedVersion"] for _ in range(40)}
    assert seen == {"1", "2"}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (python("def handler(event, context):\n    raise KeyError('x')\n"), {"errorMessage": "'x'", "errorType": "KeyError"}),
        (python("import nothing_such\n"), {"errorMessage": "Unable to import module 'index': No module named 'nothing_such'", "errorType": "Runtime.ImportModuleError"}),
        (python("x = 1\n"), {"errorMessage": "Handler 'handler' missing on module 'index'", "errorType": "Runtime.HandlerNotFound"}),
        (python("def handler(event, context):\n    return object()\n"), {"errorType": "Runtime.MarshalError"}),
        (python("import os\n\ndef handler(event, context):\n    os._exit(3)\n"), {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: {id} Error: Runtime exited with error: exit status 3"}),
        (python("import sys\n\ndef handler(event, context):\n    sys.exit(0)\n"), {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: {id} Error: Runtime exited without providing a reason"}),
        (python("import os, signal\n\ndef handler(event, context):\n    os.kill(os.getpid(), signal.SIGKILL)\n"), {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: {id} Error: Runtime exited with error: signal: killed"}),
        (python("import time\n\ndef handler(event, context):\n    time.sleep(60)\n", Timeout=1), {"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: {id} Error: Task timed out after 1.00 seconds"}),
        (node("exports.handler = async () => { throw new TypeError('bad'); };\n"), {"errorMessage": "bad", "errorType": "TypeError"}),
        (node("exports.other = 1;\n"), {"errorType": "Runtime.HandlerNotFound", "errorMessage": "index.handler is undefined or not exported"}),
        (shell("#!/bin/sh\nexit 7\n"), {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: {id} Error: Runtime exited with error: exit status 7"}),
    ],
    ids=["raised", "no module", "no handler", "no JSON", "exit 3", "exit 0", "killed", "time-out", "node", "node without handler", "shell"],
)
def test_errors_of_functions(aws, given, error):
    name = create(aws, given)
    shown, answer = invoke(aws, name, {}, LogType="Tail")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    expected = {key: value.replace("{id}", answer["ResponseMetadata"]["RequestId"]) for key, value in error.items()}
    assert {key: shown.get(key) for key in expected} == expected, shown
    assert "REPORT RequestId" in base64.b64decode(answer["LogResult"]).decode()
    again = invoke(aws, create(aws), {})[0]
    assert again["event"] == {}, "the next one is not harmed"


def test_too_large(aws):
    name = create(aws)
    for kind, limit, words in [
        ("RequestResponse", 6_291_456, "Request must be smaller than 6291456 bytes for the InvokeFunction operation"),
        ("Event", 1_048_576, "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"),
    ]:
        event = b'"' + b"x" * (limit - 1) + b'"'
        with pytest.raises(ClientError) as caught:
            aws.invoke(FunctionName=name, InvocationType=kind, Payload=event)
        answer = caught.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 413
        assert (answer["Error"]["Code"], answer["Error"]["Message"]) == ("RequestEntityTooLargeException", words)
    largest = create(aws, python("def handler(event, context):\n    return len(event)\n"))
    assert invoke(aws, largest, "x" * (6_291_456 - 2))[0] == 6_291_454
    answers = create(aws, python("def handler(event, context):\n    return 'x' * event\n"))
    assert len(invoke(aws, answers, 6_291_556 - 2)[0]) == 6_291_554
    shown, answer = invoke(aws, answers, 6_291_556)
    assert answer["FunctionError"] == "Unhandled"
    assert shown["errorType"] == "Function.ResponseSizeTooLarge"
    assert shown["errorMessage"] == "Response payload size exceeded maximum allowed payload size (6291556 bytes)."


def test_reserved_concurrency_of_zero_lets_nothing_in(aws):
    name = create(aws)
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as caught:
        aws.invoke(FunctionName=name)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert (answer["Error"]["Code"], answer["Error"]["Message"]) == ("TooManyRequestsException", "Rate Exceeded.")
    assert answer["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    aws.delete_function_concurrency(FunctionName=name)
    assert invoke(aws, name, 1)[0]["event"] == 1


def test_what_a_function_writes_is_in_its_log_group(aws, server):
    name = create(aws, python("def handler(event, context):\n    print('said', event)\n    return context.log_group_name, context.log_stream_name\n"))
    (group, stream), answer = invoke(aws, name, "hello")
    assert group == f"/aws/lambda/{name}" and "/[$LATEST]" in stream
    logs, request = server.client("logs"), answer["ResponseMetadata"]["RequestId"]

    def lines():
        messages = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
        assert all(message.endswith("\n") for message in messages), messages
        found = [message.rstrip() for message in messages]
        return found if any(line.startswith("REPORT") for line in found) else None

    found = until(lines)
    assert f"START RequestId: {request} Version: $LATEST" in found
    assert "said hello" in found
    assert f"END RequestId: {request}" in found
    report = next(line for line in found if line.startswith("REPORT"))
    assert report.startswith(f"REPORT RequestId: {request}\tDuration: ") and "\tMemory Size: 128 MB\t" in report
    assert [one["logStreamName"] for one in logs.describe_log_streams(logGroupName=group)["logStreams"]] == [stream]


def test_the_environment_of_a_function(aws, server):
    given = {"OWN": "value", "PATH_TO": "/x"}
    name = create(aws, python(ENVIRONMENT, Environment={"Variables": given}, MemorySize=256))
    seen = invoke(aws, name)[0]
    expected = {
        **given,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "_HANDLER": "index.handler",
        "TZ": ":UTC",
    }
    assert {key: seen.get(key) for key in expected} == expected
    assert seen["AWS_ENDPOINT_URL"].endswith(f":{server.port}")
    assert seen["AWS_ACCESS_KEY_ID"] and seen["AWS_SECRET_ACCESS_KEY"] and seen["AWS_SESSION_TOKEN"]
    assert "TIDEGATE_TEST_SECRET" not in seen, "the server's own environment is not the function's"


def test_a_function_uses_other_services_through_its_sdk(aws, server):
    sqs, dynamodb = server.client("sqs"), server.client("dynamodb")
    queue, table = fresh("queue"), fresh("table")
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    dynamodb.create_table(
        TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
    )
    name = create(aws, python(USES_SERVICES, Timeout=30))
    assert invoke(aws, name, {"queue": queue, "table": table})[0] == "a"
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"] == f"from {name}"


def test_code_and_configuration_take_effect_at_once(aws):
    name = create(aws, python("def handler(event, context):\n    return 1\n"))
    assert invoke(aws, name)[0] == 1
    aws.update_function_code(FunctionName=name, ZipFile=zipped(index__py="import os\n\ndef handler(event, context):\n    return os.environ.get('SET')\n"))
    aws.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert invoke(aws, name)[0] is None
    aws.update_function_configuration(FunctionName=name, Environment={"Variables": {"SET": "now"}})
    assert invoke(aws, name)[0] == "now"


def test_a_folder_is_run_as_it_is(aws, tmp_path):
    file = tmp_path / "index.py"
    file.write_text("def handler(event, context):\n    return 'first'\n")
    name = create(aws, python(Code={"S3Bucket": "hot-reload", "S3Key": str(tmp_path)}))
    assert invoke(aws, name)[0] == "first"
    file.write_text("def handler(event, context):\n    return 'changed'\n")
    os.utime(file, (1, 1))
    until(lambda: invoke(aws, name)[0] == "changed")


def ask(server, url: str, path: str = "/", method: str = "GET", body=None, **headers):
    """Asks a function URL: its name leads to this machine, and the test says so itself."""
    host = url.split("/")[2]
    return server.request(method, path, body, {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}})


def test_a_function_answers_at_its_url(aws, server):
    name = create(aws, python(WEB))
    url = aws.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    answer = ask(server, url, "/a/b%20c?x=1&x=2&y", "POST", '{"z": 1}', Cookie="c=1; d=2", Content_Type="application/json")
    assert (answer.status, answer.headers["x-own"], answer.headers.get_all("set-cookie")) == (201, "1", ["a=1", "b=2"])
    event = answer.json()
    assert (event["version"], event["routeKey"], event["rawQueryString"]) == ("2.0", "$default", "x=1&x=2&y")
    assert event["rawPath"] in ("/a/b%20c", "/a/b c")
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert (event["cookies"], event["body"], event["isBase64Encoded"]) == (["c=1", "d=2"], '{"z": 1}', False)
    assert event["requestContext"]["http"]["method"] == "POST"
    assert event["requestContext"]["accountId"] == "anonymous"
    assert ask(server, url, "/bytes").body == bytes(range(256))
    failed = ask(server, url, "/fails")
    assert (failed.status, failed.text) == (502, "Internal Server Error")


def test_cors_at_a_url(aws, server):
    name = create(aws, python(WEB))
    cors = {"AllowOrigins": ["http://localhost:3000"], "AllowMethods": ["GET"], "AllowHeaders": ["x-own"], "MaxAge": 60}
    url = aws.create_function_url_config(FunctionName=name, AuthType="NONE", Cors=cors)["FunctionUrl"]
    asked = ask(server, url, method="OPTIONS", Origin="http://localhost:3000", Access_Control_Request_Method="GET")
    assert (asked.status, asked.headers["access-control-allow-origin"]) == (200, "http://localhost:3000")
    assert (asked.headers["access-control-allow-methods"], asked.headers["access-control-max-age"]) == ("GET", "60")
    assert ask(server, url, Origin="http://localhost:3000").headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "access-control-allow-origin" not in ask(server, url, Origin="http://localhost:4000").headers


def test_a_url_that_needs_a_signature(aws, server):
    name = create(aws, python(WEB))
    url = aws.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    refused = ask(server, url)
    assert (refused.status, refused.json()) == (403, {"Message": "Forbidden"})
    host = url.split("/")[2]
    signed = AWSRequest("POST", f"http://{host}/signed", data=b"{}", headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials("test", "test"), "lambda", REGION).add_auth(signed)
    answer = server.request("POST", "/signed", b"{}", {**dict(signed.headers), "Host": host})
    assert answer.status == 201, answer
    iam = answer.json()["requestContext"]["authorizer"]["iam"]
    assert (iam["accessKey"], iam["accountId"]) == ("test", ACCOUNT)
    assert ask(server, "http://absent.lambda-url.us-east-1.localhost.localstack.cloud/").status in (403, 404)


def test_a_url_that_streams(aws, server):
    name = create(aws, node(STREAMS))
    url = aws.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")["FunctionUrl"]
    answer = ask(server, url)
    assert (answer.status, answer.headers["x-own"], answer.text) == (203, "1", "one two three")


def test_a_response_stream_through_boto3(aws):
    text = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/plain");
  for (const piece of ["one ", "two "]) stream.write(piece);
  if (event.fails) throw new RangeError("late");
  stream.end("three");
});
"""
    name = create(aws, node(text))
    answer = aws.invoke_with_response_stream(FunctionName=name, Payload=b"{}", LogType="Tail")
    assert (answer["StatusCode"], answer["ResponseStreamContentType"]) == (200, "application/vnd.amazon.eventstream")
    events = list(answer["EventStream"])
    assert b"".join(event["PayloadChunk"]["Payload"] for event in events[:-1]) == b"one two three"
    assert "REPORT" in base64.b64decode(events[-1]["InvokeComplete"]["LogResult"]).decode()
    failed = list(aws.invoke_with_response_stream(FunctionName=name, Payload=b'{"fails": true}')["EventStream"])
    assert failed[-1]["InvokeComplete"]["ErrorCode"]
    assert "late" in failed[-1]["InvokeComplete"]["ErrorDetails"]
