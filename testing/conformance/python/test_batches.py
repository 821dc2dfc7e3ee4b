"""Batches: each entry has its own fate, and the whole has its own rules."""

import pytest

from queues import bodies, drain, receive, refused, send

pytestmark = pytest.mark.sdk


def entries(*texts: str, **options) -> list[dict]:
    return [{"Id": f"id-{index}", "MessageBody": text, **options} for index, text in enumerate(texts)]


def test_ten_messages_go_and_come_and_are_deleted_together(sqs, queue):
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries(*map(str, range(10))))
    assert "Failed" not in sent
    assert [entry["Id"] for entry in sent["Successful"]] == [f"id-{index}" for index in range(10)]
    messages = receive(sqs, queue)
    assert sorted(bodies(messages)) == sorted(map(str, range(10)))
    assert {message["MessageId"] for message in messages} == {entry["MessageId"] for entry in sent["Successful"]}
    handles = [{"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(messages)]
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=handles)
    assert "Failed" not in deleted
    assert [entry["Id"] for entry in deleted["Successful"]] == [str(index) for index in range(10)]


def test_entries_have_attributes_and_delays_of_their_own(server, sqs, queue):
    batch = entries("a", "b")
    batch[0]["DelaySeconds"] = 30
    batch[1]["MessageAttributes"] = {"k": {"DataType": "String", "StringValue": "v"}}
    sqs.send_message_batch(QueueUrl=queue, Entries=batch)
    (message,) = receive(sqs, queue, MessageAttributeNames=["All"])
    assert (message["Body"], message["MessageAttributes"]["k"]["StringValue"]) == ("b", "v")
    server.advance("PT31S")
    assert "a" in bodies(receive(sqs, queue))


def test_one_bad_entry_does_not_hold_up_the_others(sqs, make):
    url = make(MaximumMessageSize=1024)
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries("x" * 1025, "y" * 1024))
    (failed,) = answer["Failed"]
    assert failed["Id"] == "id-0"
    assert failed["SenderFault"] is True
    assert failed["Code"] == "InvalidParameterValue"
    assert failed["Message"] == "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."
    assert [entry["Id"] for entry in answer["Successful"]] == ["id-1"]
    assert drain(sqs, url) == ["y" * 1024]


def test_a_bad_receipt_fails_alone(sqs, queue):
    send(sqs, queue, "x")
    (message,) = receive(sqs, queue)
    answer = sqs.delete_message_batch(
        QueueUrl=queue, Entries=[{"Id": "bad", "ReceiptHandle": "not-a-receipt"}, {"Id": "good", "ReceiptHandle": message["ReceiptHandle"]}]
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [("bad", "ReceiptHandleIsInvalid", True)]


def test_visibility_is_changed_in_batches(server, sqs, make):
    url = make(VisibilityTimeout=30)
    send(sqs, url, "a", "b", "c")
    messages = {message["Body"]: message["ReceiptHandle"] for message in receive(sqs, url)}
    answer = sqs.change_message_visibility_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "a", "ReceiptHandle": messages["a"], "VisibilityTimeout": 0},
            {"Id": "b", "ReceiptHandle": messages["b"], "VisibilityTimeout": 100},
            {"Id": "bad", "ReceiptHandle": "nonsense", "VisibilityTimeout": 1},
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["a", "b"]
    assert [entry["Id"] for entry in answer["Failed"]] == ["bad"]
    assert drain(sqs, url) == ["a"]
    server.advance("PT31S")
    assert drain(sqs, url) == ["c"]
    server.advance("PT70S")
    assert drain(sqs, url) == ["b"]


def test_a_whole_batch_is_at_most_a_mebibyte(sqs, queue):
    size = 1_048_576
    sqs.send_message_batch(QueueUrl=queue, Entries=entries("a" * (size - 1), "b"))
    with refused("AWS.SimpleQueueService.BatchRequestTooLong", f"Batch requests cannot be longer than {size} bytes. You have sent {size + 1} bytes."):
        sqs.send_message_batch(QueueUrl=queue, Entries=entries("a" * size, "b"))


@pytest.mark.parametrize(
    ("batch", "code", "message"),
    [
        ([{"Id": "a", "MessageBody": "1"}, {"Id": "a", "MessageBody": "2"}], "BatchEntryIdsNotDistinct", "Id a repeated."),
        ([{"Id": str(index), "MessageBody": "x"} for index in range(11)], "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11."),
        ([{"Id": "a b", "MessageBody": "1"}], "InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."),
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(sqs, queue, batch, code, message):
    with refused(f"AWS.SimpleQueueService.{code}", message):
        sqs.send_message_batch(QueueUrl=queue, Entries=batch)
    assert receive(sqs, queue) == []


def test_an_empty_batch_is_refused(sqs, queue):
    with refused("AWS.SimpleQueueService.EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request."):
        sqs.send_message_batch(QueueUrl=queue, Entries=[])


def test_a_fifo_batch_keeps_its_order(sqs, fifo):
    batch = [{"Id": str(n), "MessageBody": str(n), "MessageGroupId": "g", "MessageDeduplicationId": str(n)} for n in range(10)]
    answer = sqs.send_message_batch(QueueUrl=fifo, Entries=batch)
    numbers = [int(entry["SequenceNumber"]) for entry in answer["Successful"]]
    assert numbers == sorted(set(numbers)) and len(numbers) == 10
    assert drain(sqs, fifo) == [str(n) for n in range(10)]
