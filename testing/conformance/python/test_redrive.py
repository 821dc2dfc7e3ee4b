"""Dead letters: when a message moves, what it keeps, and who may send it where."""

import json

import pytest

from queues import arn, attribute, bodies, counts, drain, receive, refused, send, send_fifo

pytestmark = pytest.mark.sdk


def policy(target: str, receives: int) -> dict:
    return {"deadLetterTargetArn": target, "maxReceiveCount": receives}


def pair(sqs, make, receives: int = 2, fifo: bool = False, **attributes):
    dead = make("dead", fifo=fifo)
    return make("source", fifo=fifo, RedrivePolicy=policy(arn(sqs, dead), receives), **attributes), dead


def test_a_message_that_is_received_too_often_moves(server, sqs, make):
    source, dead = pair(sqs, make, VisibilityTimeout=5)
    attributes = {"k": {"DataType": "String", "StringValue": "v"}}
    sent = sqs.send_message(QueueUrl=source, MessageBody="poison", MessageAttributes=attributes)
    for _ in range(2):
        assert bodies(receive(sqs, source)) == ["poison"]
        server.advance("PT6S")
    assert receive(sqs, source) == []
    (message,) = receive(sqs, dead, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert (message["Body"], message["MessageId"], message["MessageAttributes"]) == ("poison", sent["MessageId"], attributes)
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn(sqs, source)
    assert counts(sqs, source) == (0, 0, 0)


def test_a_zero_timeout_counts_as_a_receive(sqs, make):
    source, dead = pair(sqs, make, receives=1)
    send(sqs, source, "x")
    assert bodies(receive(sqs, source, VisibilityTimeout=0)) == ["x"]
    assert receive(sqs, source) == []
    assert bodies(receive(sqs, dead)) == ["x"]


def test_the_others_are_not_held_up(server, sqs, make):
    source, dead = pair(sqs, make, receives=1, VisibilityTimeout=5)
    send(sqs, source, *[f"poison {n}" for n in range(15)])
    assert len(receive(sqs, source)) + len(receive(sqs, source)) == 15
    server.advance("PT6S")
    send(sqs, source, "healthy")
    assert drain(sqs, source) == ["healthy"]
    assert len(drain(sqs, dead)) == 15


def test_a_fifo_group_goes_on_behind_a_dead_letter_in_order(server, sqs, make):
    source, dead = pair(sqs, make, receives=1, fifo=True, VisibilityTimeout=5)
    send_fifo(sqs, source, "g", "1", "2", "3")
    (first,) = receive(sqs, source, 1)
    server.advance("PT6S")
    assert drain(sqs, source) == ["2", "3"]
    (message,) = receive(sqs, dead, AttributeNames=["All"])
    assert message["Body"] == "1" == first["Body"]
    assert message["Attributes"]["MessageGroupId"] == "g"


def test_a_deadlettered_message_keeps_its_age(server, sqs, make):
    source, dead = pair(sqs, make, receives=1, VisibilityTimeout=5, MessageRetentionPeriod=3600)
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"MessageRetentionPeriod": "60"})
    send(sqs, source, "old")
    receive(sqs, source)
    server.advance("PT50S")
    assert receive(sqs, source) == []
    assert counts(sqs, dead) == (1, 0, 0)
    server.advance("PT15S")
    assert counts(sqs, dead) == (0, 0, 0), "the time of the first enqueueing counts"


def test_sources_are_listed_in_pages(sqs, make):
    dead = make("dead")
    sources = sorted(make("source", RedrivePolicy=policy(arn(sqs, dead), 3)) for _ in range(7))
    assert sorted(sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]) == sources
    pages = list(sqs.get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=dead, PaginationConfig={"PageSize": 3}))
    assert sorted(url for page in pages for url in page["queueUrls"]) == sources
    assert [len(page["queueUrls"]) for page in pages] == [3, 3, 1]


def test_the_policy_can_be_read_and_taken_away(server, sqs, make):
    source, dead = pair(sqs, make, receives=1, VisibilityTimeout=5)
    assert json.loads(attribute(sqs, source, "RedrivePolicy")) == policy(arn(sqs, dead), 1)
    sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": ""})
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=source, AttributeNames=["RedrivePolicy"])
    send(sqs, source, "x")
    for _ in range(3):
        assert bodies(receive(sqs, source)) == ["x"]
        server.advance("PT6S")


def test_a_string_is_taken_for_a_number_as_aws_does(sqs, make):
    dead = make("dead")
    source = make("source", RedrivePolicy={"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": "5"})
    assert int(json.loads(attribute(sqs, source, "RedrivePolicy"))["maxReceiveCount"]) == 5


def test_an_allow_policy_is_enforced(sqs, make):
    closed, open_to_one = make("closed", RedriveAllowPolicy={"redrivePermission": "denyAll"}), make("one")
    source, other = make("source"), make("other")
    sqs.set_queue_attributes(
        QueueUrl=open_to_one,
        Attributes={"RedriveAllowPolicy": json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn(sqs, source)]})},
    )
    sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": json.dumps(policy(arn(sqs, open_to_one), 3))})
    for url, target in ((other, open_to_one), (other, closed), (source, closed)):
        with refused("InvalidParameterValue"):
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy(arn(sqs, target), 3))})
    assert "denyAll" in attribute(sqs, closed, "RedriveAllowPolicy")
