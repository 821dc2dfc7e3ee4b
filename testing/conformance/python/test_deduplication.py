"""Deduplication over five minutes, by id and by content, for the queue and for each group."""

import pytest

from queues import counts, drain, receive, refused, send_fifo

pytestmark = pytest.mark.sdk


def send(sqs, url, text, group="g", **options):
    return sqs.send_message(QueueUrl=url, MessageBody=text, MessageGroupId=group, **options)


def test_a_repeated_id_is_answered_like_the_first_and_stored_once(sqs, fifo):
    first = send(sqs, fifo, "x", MessageDeduplicationId="1")
    again = send(sqs, fifo, "another body", MessageDeduplicationId="1")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert drain(sqs, fifo) == ["x"]


def test_a_deleted_message_still_deduplicates(sqs, fifo):
    first = send(sqs, fifo, "x", MessageDeduplicationId="1")
    assert drain(sqs, fifo) == ["x"]
    assert send(sqs, fifo, "x", MessageDeduplicationId="1")["MessageId"] == first["MessageId"]
    assert receive(sqs, fifo) == []


def test_a_purge_forgets_what_was_sent(sqs, fifo):
    first = send(sqs, fifo, "x", MessageDeduplicationId="1")
    sqs.purge_queue(QueueUrl=fifo)
    assert send(sqs, fifo, "y", MessageDeduplicationId="1")["MessageId"] != first["MessageId"]
    assert drain(sqs, fifo) == ["y"]


def test_the_window_is_five_minutes(server, sqs, fifo):
    send(sqs, fifo, "1", MessageDeduplicationId="1")
    server.advance("PT4M55S")
    send(sqs, fifo, "2", MessageDeduplicationId="1")
    assert counts(sqs, fifo) == (1, 0, 0)
    server.advance("PT6S")
    send(sqs, fifo, "3", MessageDeduplicationId="1")
    assert drain(sqs, fifo) == ["1", "3"]


def test_content_deduplicates_where_the_queue_says_so(sqs, make):
    url = make(fifo=True, ContentBasedDeduplication="true")
    first = send(sqs, url, "same")
    assert send(sqs, url, "same", MessageAttributes={"k": {"DataType": "String", "StringValue": "attributes do not count"}})["MessageId"] == first["MessageId"]
    send(sqs, url, "same", MessageDeduplicationId="an id wins".replace(" ", "-"))
    send(sqs, url, "different")
    assert drain(sqs, url) == ["same", "same", "different"]


def test_without_an_id_or_content_there_is_no_way_to_deduplicate(sqs, fifo):
    with refused("InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"):
        send(sqs, fifo, "x")


def test_the_scope_is_the_queue_unless_it_is_the_group(sqs, make):
    wide, narrow = make(fifo=True), make(fifo=True, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for url in (wide, narrow):
        send(sqs, url, "a", group="a", MessageDeduplicationId="1")
        send(sqs, url, "b", group="b", MessageDeduplicationId="1")
        send(sqs, url, "c", group="a", MessageDeduplicationId="1")
    assert drain(sqs, wide) == ["a"]
    assert sorted(drain(sqs, narrow)) == ["a", "b"]


def test_a_batch_deduplicates_against_the_past_and_against_itself(sqs, fifo):
    first = send(sqs, fifo, "first", MessageDeduplicationId="1")
    batch = [
        {"Id": "a", "MessageBody": "again", "MessageGroupId": "g", "MessageDeduplicationId": "1"},
        {"Id": "b", "MessageBody": "second", "MessageGroupId": "g", "MessageDeduplicationId": "2"},
        {"Id": "c", "MessageBody": "second again", "MessageGroupId": "g", "MessageDeduplicationId": "2"},
    ]
    ids = {entry["Id"]: entry["MessageId"] for entry in sqs.send_message_batch(QueueUrl=fifo, Entries=batch)["Successful"]}
    assert ids["a"] == first["MessageId"] and ids["b"] == ids["c"] != ids["a"]
    assert drain(sqs, fifo) == ["first", "second"]


def test_the_window_outlives_a_kill(server, sqs, fifo):
    (first,) = send_fifo(sqs, fifo, "g", "x")
    server.kill()
    server.start()
    (again,) = send_fifo(sqs, fifo, "g", "x")
    assert again["MessageId"] == first["MessageId"]
    assert drain(sqs, fifo) == ["x"]


def test_another_queue_is_another_window(sqs, make):
    for url in (make(fifo=True), make(fifo=True)):
        send(sqs, url, "x", MessageDeduplicationId="1")
        assert drain(sqs, url) == ["x"]
