"""Messages: what goes in comes out, whatever it is made of. boto3 itself verifies every MD5."""

import hashlib
import uuid

import pytest

from queues import attribute, bodies, counts, drain, receive, refused, send

pytestmark = pytest.mark.sdk


@pytest.mark.parametrize(
    "text",
    ["x", " ", "line\nline\r\nline\ttab", "<xml attr=\"1\">&amp; ' \"</xml>", "{\"json\": [1, null, \"\\u00e9\"]}", "äöü ß 漢字 🚚 \u0085\ud7ff\ue000\ufffd", "%20+%2B&a=b", "x" * 65_536, "🚚" * 60_000],
    ids=["one", "blank", "lines", "xml", "json", "unicode", "escapes", "64 KiB", "240 kB of four-byte characters"],
)
def test_a_body_comes_out_as_it_went_in(sqs, queue, text):
    sent = sqs.send_message(QueueUrl=queue, MessageBody=text)
    assert sent["MD5OfMessageBody"] == hashlib.md5(text.encode()).hexdigest()
    (message,) = receive(sqs, queue)
    assert message["Body"] == text
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MessageId"] == sent["MessageId"]
    uuid.UUID(sent["MessageId"])


def test_the_largest_message_is_a_mebibyte(sqs, queue):
    send(sqs, queue, "x" * 1_048_576)
    (message,) = receive(sqs, queue)
    assert len(message["Body"]) == 1_048_576
    with refused("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."):
        send(sqs, queue, "x" * 1_048_577)


def test_attributes_count_for_the_size(sqs, make):
    url = make(MaximumMessageSize=1024)
    attributes = {"a": {"DataType": "String", "StringValue": "v" * 100}}
    sqs.send_message(QueueUrl=url, MessageBody="x" * (1024 - 1 - len("String") - 100), MessageAttributes=attributes)
    with refused("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."):
        sqs.send_message(QueueUrl=url, MessageBody="x" * (1024 - 1 - len("String") - 99), MessageAttributes=attributes)


ATTRIBUTES = {
    "text": {"DataType": "String", "StringValue": "väl <&> ue"},
    "number": {"DataType": "Number", "StringValue": "-12.50"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff\x10binary"},
    "custom.type": {"DataType": "Number.java.lang.Long", "StringValue": "42"},
    "image-1": {"DataType": "Binary.png", "BinaryValue": b"\x89PNG"},
}


def test_message_attributes_come_out_as_they_went_in(sqs, queue):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=ATTRIBUTES)
    (message,) = receive(sqs, queue, MessageAttributeNames=["All"])
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]


@pytest.mark.parametrize(
    ("names", "found"),
    [(["text"], {"text"}), ([".*"], set(ATTRIBUTES)), (["custom.*"], {"custom.type"}), (["text", "nothing"], {"text"}), (["nothing"], set()), ([], set())],
)
def test_only_the_message_attributes_that_were_asked_for_come(sqs, queue, names, found):
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=ATTRIBUTES)
    (message,) = receive(sqs, queue, MessageAttributeNames=names)
    assert set(message.get("MessageAttributes", {})) == found
    assert ("MD5OfMessageAttributes" in message) == bool(found)


def test_system_attributes_tell_a_messages_story(server, sqs, make):
    url = make(VisibilityTimeout=10)
    sqs.send_message(
        QueueUrl=url,
        MessageBody="x",
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}},
    )
    (first,) = receive(sqs, url, AttributeNames=["All"])
    server.advance("PT11S")
    (second,) = receive(sqs, url, AttributeNames=["All"])
    assert (first["Attributes"]["ApproximateReceiveCount"], second["Attributes"]["ApproximateReceiveCount"]) == ("1", "2")
    for name in ("SentTimestamp", "ApproximateFirstReceiveTimestamp", "SenderId", "AWSTraceHeader"):
        assert first["Attributes"][name] == second["Attributes"][name]
    assert int(first["Attributes"]["SentTimestamp"]) <= int(first["Attributes"]["ApproximateFirstReceiveTimestamp"])
    assert first["Attributes"]["AWSTraceHeader"].startswith("Root=1-")
    assert first["ReceiptHandle"] != second["ReceiptHandle"]


def test_without_asking_no_system_attributes_come(sqs, queue):
    send(sqs, queue, "x")
    (message,) = receive(sqs, queue)
    assert "Attributes" not in message
    send(sqs, queue, "y")
    (message,) = receive(sqs, queue, AttributeNames=["SentTimestamp"])
    assert set(message["Attributes"]) == {"SentTimestamp"}


def test_a_deleted_message_does_not_come_back(server, sqs, make):
    url = make(VisibilityTimeout=5)
    send(sqs, url, "kept", "deleted")
    for message in receive(sqs, url):
        if message["Body"] == "deleted":
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    server.advance("PT6S")
    assert drain(sqs, url) == ["kept"]


def test_one_receive_brings_at_most_what_was_asked_for(sqs, queue):
    send(sqs, queue, *map(str, range(15)))
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1
    assert len(receive(sqs, queue, 3)) == 3
    assert len(receive(sqs, queue, 10)) == 10
    assert len(receive(sqs, queue, 10)) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_counts_follow_a_message(server, sqs, make):
    url = make(VisibilityTimeout=5)
    send(sqs, url, "now")
    send(sqs, url, "later", DelaySeconds=30)
    assert counts(sqs, url) == (1, 0, 1)
    assert len(receive(sqs, url)) == 1
    assert counts(sqs, url) == (0, 1, 1)
    server.advance("PT31S")
    assert counts(sqs, url) == (2, 0, 0)
    assert sorted(bodies(receive(sqs, url))) == ["later", "now"]


def test_retention_really_ends(server, sqs, make):
    url = make(MessageRetentionPeriod=60)
    send(sqs, url, "old")
    server.advance("PT50S")
    send(sqs, url, "new")
    server.advance("PT15S")
    assert bodies(receive(sqs, url, VisibilityTimeout=0)) == ["new"]
    assert counts(sqs, url) == (1, 0, 0)
    server.advance("PT60S")
    assert counts(sqs, url) == (0, 0, 0)
    assert attribute(sqs, url, "ApproximateNumberOfMessages") == "0"


def test_purge_takes_everything_that_is_there_and_nothing_later(server, sqs, make):
    url = make(VisibilityTimeout=5)
    send(sqs, url, *map(str, range(12)))
    send(sqs, url, "delayed", DelaySeconds=10)
    in_flight = receive(sqs, url, 4)
    sqs.purge_queue(QueueUrl=url)
    assert counts(sqs, url) == (0, 0, 0)
    send(sqs, url, "after")
    server.advance("PT20S")
    assert drain(sqs, url) == ["after"]
    assert len(in_flight) == 4


def test_a_second_purge_within_a_minute_is_refused(server, sqs, queue):
    sqs.purge_queue(QueueUrl=queue)
    name = queue.rsplit("/", 1)[1]
    with refused("AWS.SimpleQueueService.PurgeQueueInProgress", f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.", 403):
        sqs.purge_queue(QueueUrl=queue)
    server.advance("PT61S")
    sqs.purge_queue(QueueUrl=queue)
