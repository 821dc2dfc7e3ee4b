"""FIFO queues: groups, their order, and what locks and unlocks them."""

import pytest

from queues import bodies, counts, drain, receive, refused, send_fifo

pytestmark = pytest.mark.sdk


def delete(sqs, url, message):
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_messages_of_a_group_come_in_order(sqs, fifo):
    sent = send_fifo(sqs, fifo, "g", *map(str, range(25)))
    numbers = [int(answer["SequenceNumber"]) for answer in sent]
    assert numbers == sorted(set(numbers))
    assert drain(sqs, fifo) == [str(n) for n in range(25)]


def test_one_receive_takes_several_of_a_group_and_locks_it(sqs, fifo):
    send_fifo(sqs, fifo, "a", "1", "2", "3", "4")
    first = receive(sqs, fifo, 2)
    assert bodies(first) == ["1", "2"]
    assert receive(sqs, fifo) == [], "the group is locked"
    delete(sqs, fifo, first[0])
    assert receive(sqs, fifo) == [], "until all of them are deleted"
    delete(sqs, fifo, first[1])
    assert bodies(receive(sqs, fifo)) == ["3", "4"]


def test_groups_do_not_wait_for_each_other(sqs, fifo):
    send_fifo(sqs, fifo, "a", "1", "2")
    send_fifo(sqs, fifo, "b", "3", "4")
    (of_a,) = receive(sqs, fifo, 1)
    assert of_a["Body"] == "1"
    assert bodies(receive(sqs, fifo)) == ["3", "4"]


def test_a_message_that_becomes_visible_again_comes_first(server, sqs, make):
    url = make(fifo=True, VisibilityTimeout=10)
    send_fifo(sqs, url, "g", "1", "2", "3")
    assert bodies(receive(sqs, url, 2)) == ["1", "2"]
    server.advance("PT11S")
    assert drain(sqs, url) == ["1", "2", "3"]


def test_giving_back_one_message_keeps_the_order(sqs, fifo):
    send_fifo(sqs, fifo, "g", "1", "2", "3")
    first, second = receive(sqs, fifo, 2)
    delete(sqs, fifo, first)
    sqs.change_message_visibility(QueueUrl=fifo, ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=0)
    assert drain(sqs, fifo) == ["2", "3"]


def test_system_attributes_of_a_fifo_message(sqs, fifo):
    (sent,) = send_fifo(sqs, fifo, "g", "x")
    (message,) = receive(sqs, fifo, AttributeNames=["All"])
    attributes = message["Attributes"]
    assert attributes["MessageGroupId"] == "g"
    assert attributes["MessageDeduplicationId"] == "g-x"
    assert attributes["SequenceNumber"] == sent["SequenceNumber"]
    assert len(sent["SequenceNumber"]) == 20, "AWS's numbers have 20 digits"


def test_a_receipt_that_has_expired_does_not_delete(server, sqs, make):
    url = make(fifo=True, VisibilityTimeout=10)
    send_fifo(sqs, url, "g", "x")
    (message,) = receive(sqs, url)
    server.advance("PT11S")
    with refused("InvalidParameterValue", f"Value {message['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."):
        delete(sqs, url, message)
    (again,) = receive(sqs, url)
    delete(sqs, url, again)
    assert counts(sqs, url) == (0, 0, 0)


def test_a_delay_belongs_to_the_queue_only(server, sqs, make):
    url = make(fifo=True, DelaySeconds=30)
    send_fifo(sqs, url, "g", "1", "2")
    assert receive(sqs, url) == []
    server.advance("PT31S")
    assert drain(sqs, url) == ["1", "2"]
    with refused("InvalidParameterValue", "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."):
        send_fifo(sqs, url, "g", "3", DelaySeconds=2)


def test_a_repeated_attempt_gets_the_same_messages_again(sqs, fifo):
    send_fifo(sqs, fifo, "g", "1", "2", "3")
    first = receive(sqs, fifo, 2, ReceiveRequestAttemptId="attempt-1")
    again = receive(sqs, fifo, 2, ReceiveRequestAttemptId="attempt-1")
    assert bodies(first) == bodies(again) == ["1", "2"]
    assert receive(sqs, fifo, 2, ReceiveRequestAttemptId="attempt-2") == []
    for message in again:
        delete(sqs, fifo, message)
    assert bodies(receive(sqs, fifo)) == ["3"]


def test_a_group_that_is_stuck_holds_up_nobody_else(sqs, fifo):
    send_fifo(sqs, fifo, "stuck", *map(str, range(30)))
    receive(sqs, fifo, 1)
    send_fifo(sqs, fifo, "free", "a", "b")
    assert drain(sqs, fifo) == ["a", "b"]


def test_order_and_locks_outlive_a_kill(server, sqs, make):
    url = make(fifo=True, VisibilityTimeout=100)
    send_fifo(sqs, url, "g", "1", "2", "3")
    send_fifo(sqs, url, "h", "4")
    (first,) = receive(sqs, url, 1)
    server.kill()
    server.start()
    assert bodies(receive(sqs, url)) == ["4"], "group g is still locked"
    delete(sqs, url, first)
    assert drain(sqs, url) == ["2", "3"]


def test_many_groups_are_drained_completely(sqs, fifo):
    for start in range(0, 200, 10):
        entries = [
            {"Id": str(n), "MessageBody": f"{n % 20}:{n // 20}", "MessageGroupId": str(n % 20), "MessageDeduplicationId": str(n)}
            for n in range(start, start + 10)
        ]
        assert "Failed" not in sqs.send_message_batch(QueueUrl=fifo, Entries=entries)
    seen: dict[str, list[int]] = {}
    for text in drain(sqs, fifo):
        group, number = text.split(":")
        seen.setdefault(group, []).append(int(number))
    assert seen == {str(group): list(range(10)) for group in range(20)}
