"""Visibility, delays and the ends of leases, by a clock that is moved."""

import pytest

from queues import bodies, counts, receive, refused, send

pytestmark = pytest.mark.sdk

HOURS_12_S = 43_200


def test_a_received_message_is_hidden_until_its_timeout_ends(server, sqs, make):
    url = make(VisibilityTimeout=30)
    send(sqs, url, "x")
    assert bodies(receive(sqs, url)) == ["x"]
    server.advance("PT29S")
    assert receive(sqs, url) == []
    server.advance("PT2S")
    assert bodies(receive(sqs, url)) == ["x"]


def test_a_receive_may_bring_its_own_timeout(server, sqs, queue):
    send(sqs, queue, "x")
    assert bodies(receive(sqs, queue, VisibilityTimeout=100)) == ["x"]
    server.advance("PT99S")
    assert receive(sqs, queue) == []
    server.advance("PT2S")
    assert bodies(receive(sqs, queue, VisibilityTimeout=0)) == ["x"]
    assert bodies(receive(sqs, queue)) == ["x"]


def test_a_timeout_is_changed_from_the_moment_of_the_change(server, sqs, make):
    url = make(VisibilityTimeout=30)
    send(sqs, url, "x")
    (message,) = receive(sqs, url)
    server.advance("PT20S")
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=60)
    server.advance("PT59S")
    assert receive(sqs, url) == []
    server.advance("PT2S")
    (again,) = receive(sqs, url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(receive(sqs, url)) == ["x"]


def test_a_lease_lasts_at_most_twelve_hours(server, sqs, queue):
    send(sqs, queue, "x")
    (message,) = receive(sqs, queue)
    server.advance("PT10S")
    too_long = f"Value {HOURS_12_S} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
    with refused("InvalidParameterValue", too_long):
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=HOURS_12_S)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=HOURS_12_S - 20)


def test_an_old_handle_still_moves_the_message_of_a_standard_queue(server, sqs, make):
    url = make(VisibilityTimeout=5)
    send(sqs, url, "x")
    (message,) = receive(sqs, url)
    server.advance("PT6S")
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=10)
    assert receive(sqs, url) == []
    server.advance("PT11S")
    (again,) = receive(sqs, url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = receive(sqs, url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    with refused("InvalidParameterValue", "for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=10)


def test_the_visibility_of_a_fifo_message_that_is_not_in_flight_cannot_change(server, sqs, make):
    url = make(fifo=True, VisibilityTimeout=5, ContentBasedDeduplication="True")
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g")
    (message,) = receive(sqs, url)
    server.advance("PT6S")
    with refused("AWS.SimpleQueueService.MessageNotInflight"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=10)


def test_a_late_delete_still_deletes_on_a_standard_queue(server, sqs, make):
    url = make(VisibilityTimeout=5)
    send(sqs, url, "x")
    (message,) = receive(sqs, url)
    server.advance("PT6S")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert receive(sqs, url) == []
    assert counts(sqs, url) == (0, 0, 0)


def test_delays_of_the_queue_and_of_the_message(server, sqs, make):
    url = make(DelaySeconds=20)
    send(sqs, url, "by the queue")
    send(sqs, url, "at once", DelaySeconds=0)
    send(sqs, url, "its own", DelaySeconds=900)
    assert counts(sqs, url) == (1, 0, 2)
    assert bodies(receive(sqs, url, VisibilityTimeout=2000)) == ["at once"]
    server.advance("PT21S")
    assert bodies(receive(sqs, url, VisibilityTimeout=2000)) == ["by the queue"]
    server.advance("PT14M30S")
    assert receive(sqs, url) == []
    server.advance("PT10S")
    assert bodies(receive(sqs, url)) == ["its own"]


def test_a_changed_queue_delay_does_not_move_what_was_sent_before(server, sqs, make):
    url = make(DelaySeconds=20)
    send(sqs, url, "before")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    assert receive(sqs, url) == []
    send(sqs, url, "after")
    assert bodies(receive(sqs, url)) == ["after"]
    server.advance("PT21S")
    assert "before" in bodies(receive(sqs, url))


def test_a_changed_delay_of_a_fifo_queue_keeps_its_order(server, sqs, make):
    """AWS shortens what is waiting too; that we do not is on the list of deliberate differences."""
    url = make(fifo=True, DelaySeconds=60, ContentBasedDeduplication="true")
    sqs.send_message(QueueUrl=url, MessageBody="1", MessageGroupId="g")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    sqs.send_message(QueueUrl=url, MessageBody="2", MessageGroupId="g")
    seen = bodies(receive(sqs, url))
    server.advance("PT61S")
    seen += bodies(receive(sqs, url))
    assert seen == ["1", "2"]


def test_leases_and_delays_outlive_a_kill(server, sqs, make):
    url = make(VisibilityTimeout=100)
    send(sqs, url, "in flight")
    (message,) = receive(sqs, url)
    send(sqs, url, "delayed", DelaySeconds=200)
    send(sqs, url, "visible")
    server.kill()
    server.start()
    assert counts(sqs, url) == (1, 1, 1)
    assert bodies(receive(sqs, url)) == ["visible"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    server.advance("PT201S")
    assert sorted(bodies(receive(sqs, url))) == ["delayed", "visible"]
