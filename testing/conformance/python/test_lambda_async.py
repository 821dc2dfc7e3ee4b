"""Asynchronous invocations through boto3: retries on a clock that is moved, destinations, dead letters, kills."""

import json

import pytest

from lambdas import BASE, create, fresh, python, until
from tidegate import ACCOUNT, REGION

FAILS = """
def handler(event, context):
    raise ValueError("never " + event["name"])
"""
# It fails until it has been asked so often; what it is asked is counted in a queue.
COUNTS = """
import boto3, json

def handler(event, context):
    queue = event["queue"]
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=context.aws_request_id)
    count = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    if int(count["Attributes"]["ApproximateNumberOfMessages"]) < event["until"]:
        raise RuntimeError("again")
    return {"done": event["until"]}
"""


@pytest.fixture(scope="module")
def aws(server):
    return server.client("lambda")


@pytest.fixture
def inbox(sqs):
    """A queue of its own: its URL and its ARN."""
    name = fresh("inbox")
    return sqs.create_queue(QueueName=name)["QueueUrl"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def raise_event(aws, name: str, event, **more) -> str:
    answer = aws.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event), **more)
    assert answer["StatusCode"] == 202
    return answer["ResponseMetadata"]["RequestId"]


def received(sqs, url: str) -> list[dict]:
    """What is there now, with attributes."""
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"])
    for message in answer.get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return answer.get("Messages", [])


def test_a_success_is_told_of(aws, sqs, server, inbox):
    url, arn = inbox
    name = create(aws, python("def handler(event, context):\n    return {'got': event}\n"))
    aws.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}})
    request = raise_event(aws, name, {"n": 12345678901234567890123})
    server.settle()
    [message] = received(sqs, url)
    document = json.loads(message["Body"])
    assert document.pop("timestamp").endswith("Z")
    assert document == {
        "version": "1.0",
        "requestContext": {
            "requestId": request,
            "functionArn": f"{BASE}:function:{name}:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"n": 12345678901234567890123},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"got": {"n": 12345678901234567890123}},
    }


def test_a_failure_is_tried_after_one_and_two_minutes_and_ends_as_a_dead_letter_and_at_its_destination(aws, sqs, server, inbox):
    url, arn = inbox
    dead = fresh("dead")
    dead_url = sqs.create_queue(QueueName=dead)["QueueUrl"]
    name = create(aws, python(FAILS, DeadLetterConfig={"TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{dead}"}))
    aws.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}})
    request = raise_event(aws, name, {"name": "ok"})
    for pause in ["PT0S", "PT61S"]:
        server.advance(pause)
        server.settle()
        assert received(sqs, url) == [] and received(sqs, dead_url) == []
    server.advance("PT121S")
    server.settle()
    [message] = received(sqs, url)
    document = json.loads(message["Body"])
    assert document["requestContext"] == {
        "requestId": request,
        "functionArn": f"{BASE}:function:{name}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert document["requestPayload"] == {"name": "ok"}
    assert document["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert document["responsePayload"]["errorMessage"] == "never ok"
    [letter] = received(sqs, dead_url)
    assert json.loads(letter["Body"]) == {"name": "ok"}
    values = {name: (value["DataType"], value["StringValue"]) for name, value in letter["MessageAttributes"].items()}
    assert values == {
        "RequestID": ("String", request),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", "never ok"),
    }


def test_the_same_id_in_each_attempt_until_one_succeeds(aws, sqs, server, inbox):
    url, arn = inbox
    counted = sqs.create_queue(QueueName=fresh("counted"))["QueueUrl"]
    name = create(aws, python(COUNTS, Timeout=30))
    aws.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}})
    request = raise_event(aws, name, {"queue": counted, "until": 2})
    server.settle()
    assert received(sqs, url) == []
    server.advance("PT61S")
    server.settle()
    document = json.loads(received(sqs, url)[0]["Body"])
    assert document["requestContext"]["approximateInvokeCount"] == 2
    assert document["responsePayload"] == {"done": 2}
    assert [message["Body"] for message in received(sqs, counted)] == [request, request]


@pytest.mark.parametrize(
    ("config", "condition", "count"),
    [
        ({"MaximumRetryAttempts": 0}, "RetriesExhausted", 1),
        ({"MaximumEventAgeInSeconds": 60}, "EventAgeExceeded", 1),
    ],
)
def test_fewer_attempts(aws, sqs, server, inbox, config, condition, count):
    url, arn = inbox
    name = create(aws, python(FAILS))
    shown = aws.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}, **config)
    assert {key: shown[key] for key in config} == config
    raise_event(aws, name, {"name": "x"})
    server.settle()
    server.advance("PT61S")
    server.settle()
    context = json.loads(received(sqs, url)[0]["Body"])["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == (condition, count)


def test_a_function_that_may_not_run_tells_so(aws, sqs, server, inbox):
    url, arn = inbox
    name = create(aws, python(FAILS))
    aws.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}})
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    raise_event(aws, name, {"name": "x"})
    server.settle()
    document = json.loads(received(sqs, url)[0]["Body"])
    assert document["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert document["requestContext"]["approximateInvokeCount"] == 0
    assert "responsePayload" not in document


def test_a_function_is_the_destination_of_another(aws, sqs, server, inbox):
    url, arn = inbox
    second = create(aws, python("def handler(event, context):\n    return event['responsePayload']\n"))
    aws.put_function_event_invoke_config(FunctionName=second, DestinationConfig={"OnSuccess": {"Destination": arn}})
    first = create(aws, python("def handler(event, context):\n    return 'passed on'\n"))
    target = {"OnSuccess": {"Destination": f"{BASE}:function:{second}"}}
    aws.put_function_event_invoke_config(FunctionName=first, DestinationConfig=target)
    raise_event(aws, first, {})
    server.settle()
    assert json.loads(received(sqs, url)[0]["Body"])["responsePayload"] == "passed on"


def test_the_configuration_of_an_alias_is_its_own(aws, sqs, server, inbox):
    url, arn = inbox
    name = create(aws, python("def handler(event, context):\n    return context.function_version\n"))
    aws.publish_version(FunctionName=name)
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    aws.put_function_event_invoke_config(FunctionName=name, Qualifier="live", DestinationConfig={"OnSuccess": {"Destination": arn}})
    raise_event(aws, name, {})
    raise_event(aws, name, {}, Qualifier="live")
    server.settle()
    [message] = received(sqs, url)
    document = json.loads(message["Body"])
    assert document["requestContext"]["functionArn"] == f"{BASE}:function:{name}:live"
    assert (document["responsePayload"], document["responseContext"]["executedVersion"]) == ("1", "1")


def test_queued_events_survive_a_kill(aws, sqs, server, inbox):
    url, arn = inbox
    name = create(aws, python("def handler(event, context):\n    return event\n"))
    aws.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}})
    for n in range(20):
        raise_event(aws, name, n)
    server.kill()
    server.start()
    seen: set[int] = set()

    def all_came():
        seen.update(json.loads(message["Body"])["requestPayload"] for message in received(sqs, url))
        return seen == set(range(20))

    until(all_came, 60)


def test_a_retry_that_waits_survives_a_kill(aws, sqs, server, inbox):
    url, arn = inbox
    name = create(aws, python(FAILS))
    aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": arn}})
    raise_event(aws, name, {"name": "kept"})
    server.settle()
    server.kill()
    server.start()
    server.advance("PT61S")
    server.settle()
    context = until(lambda: [json.loads(message["Body"])["requestContext"] for message in received(sqs, url)])[0]
    assert context["approximateInvokeCount"] >= 2, "an attempt that was interrupted may be made again"
