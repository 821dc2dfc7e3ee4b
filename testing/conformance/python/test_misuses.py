"""Every line of the table of misuses, in both protocols, against AWS's answer."""

import pytest

from misuses import JSON_TYPES, NO_QUEUE, STATUSES, TABLE
from queues import arn
from wire import call_json, call_query

WSDL = "The specified queue does not exist for this wsdl version."


@pytest.fixture(scope="module")
def names(server, sqs):
    """What the table's `$` stands for."""
    queue = sqs.create_queue(QueueName="misused", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    fifo = sqs.create_queue(QueueName="misused.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    receipt = sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=receipt)
    return {
        "$queue": queue,
        "$fifo-arn": arn(sqs, fifo),
        "$fifo": fifo,
        "$missing": queue + "-missing",
        "$arn": arn(sqs, queue),
        "$receipt": receipt,
    }


def filled(value, names: dict):
    if isinstance(value, dict):
        return {key: filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    if isinstance(value, str):
        for name, meaning in names.items():
            value = value.replace(name, meaning)
    return value


def check(reply, code: str, message: str):
    assert (reply.status, reply.code) == (STATUSES.get(code, 400), code), reply
    if message.endswith("…"):
        assert reply.message.startswith(message[:-1]), reply.message
    else:
        assert reply.message == message


@pytest.mark.parametrize(("operation", "parameters", "code", "message"), [line[1:] for line in TABLE], ids=[line[0] for line in TABLE])
def test_json(server, names, operation, parameters, code, message):
    reply = call_json(server, operation, filled(parameters, names))
    check(reply, code, filled(message, names))
    assert reply.type == JSON_TYPES[code]
    assert reply.query_error == f"{code};Sender"
    assert reply.raw.headers["x-amzn-requestid"]


@pytest.mark.parametrize(("operation", "parameters", "code", "message"), [line[1:] for line in TABLE], ids=[line[0] for line in TABLE])
def test_query(server, names, operation, parameters, code, message):
    if code == NO_QUEUE:
        message = WSDL
    reply = call_query(server, operation, filled(parameters, names))
    check(reply, code, filled(message, names))
    assert reply.type == "Sender"


def test_the_table_is_as_long_as_promised_and_names_everything_once():
    assert len(TABLE) >= 80
    assert len({line[0] for line in TABLE}) == len(TABLE)


def test_nothing_of_all_this_did_anything(server, sqs, names):
    assert sqs.list_queues(QueueNamePrefix="misuse")["QueueUrls"] == [names["$queue"], names["$fifo"]]
    attributes = sqs.get_queue_attributes(QueueUrl=names["$queue"], AttributeNames=["All"])["Attributes"]
    assert (attributes["ApproximateNumberOfMessages"], attributes["ApproximateNumberOfMessagesNotVisible"]) == ("0", "0")
    assert "Policy" not in attributes and "RedrivePolicy" not in attributes
