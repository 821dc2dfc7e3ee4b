"""Long polls: they wake at once, for every reason there is, and end empty when their time is up."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from queues import bodies, receive, send, send_fifo

pytestmark = pytest.mark.sdk

# A poll that ends only because its time is up takes this long; one that is woken takes far less.
WAIT_S = 20
AT_ONCE_S = 10


@pytest.fixture
def polling(server):
    """Starts polls in the background; they wait by the time it returns."""
    with ThreadPoolExecutor(40) as pool:

        def start(sqs, url: str, count: int = 1):
            began = time.monotonic()
            opened = threading.Barrier(count + 1)

            def poll():
                opened.wait()
                messages = receive(sqs, url, 1, WaitTimeSeconds=WAIT_S)
                return bodies(messages), time.monotonic() - began

            polls = [pool.submit(poll) for _ in range(count)]
            opened.wait()
            # Nothing else is open, so the barrier passes once the server has seen what was sent.
            server.settle()
            return polls

        yield start


def woken(poll) -> list[str]:
    texts, took = poll.result()
    assert took < AT_ONCE_S, f"woken only after {took} s"
    return texts


def test_a_message_wakes_a_poll(sqs, queue, polling):
    (poll,) = polling(sqs, queue)
    send(sqs, queue, "x")
    assert woken(poll) == ["x"]


def test_each_message_wakes_one_poll(sqs, queue, polling):
    polls = polling(sqs, queue, 10)
    send(sqs, queue, *map(str, range(10)))
    assert sorted(text for poll in polls for text in woken(poll)) == [str(n) for n in range(10)]


def test_a_batch_wakes_as_many_polls_as_it_has_messages_for(sqs, queue, polling):
    polls = polling(sqs, queue, 5)
    sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(5)])
    assert sorted(text for poll in polls for text in woken(poll)) == [str(n) for n in range(5)]


def test_the_end_of_a_delay_wakes_a_poll(server, sqs, queue, polling):
    send(sqs, queue, "delayed", DelaySeconds=300)
    (poll,) = polling(sqs, queue)
    server.advance("PT301S")
    assert woken(poll) == ["delayed"]


def test_the_end_of_a_lease_wakes_a_poll(server, sqs, make, polling):
    url = make(VisibilityTimeout=300)
    send(sqs, url, "leased")
    receive(sqs, url)
    (poll,) = polling(sqs, url)
    server.advance("PT301S")
    assert woken(poll) == ["leased"]


def test_giving_a_message_back_wakes_a_poll(sqs, queue, polling):
    send(sqs, queue, "given back")
    (message,) = receive(sqs, queue)
    (poll,) = polling(sqs, queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert woken(poll) == ["given back"]


def test_unlocking_a_group_wakes_a_poll(sqs, fifo, polling):
    send_fifo(sqs, fifo, "g", "1", "2")
    (first,) = receive(sqs, fifo, 1)
    (poll,) = polling(sqs, fifo)
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=first["ReceiptHandle"])
    assert woken(poll) == ["2"]


def test_the_queues_own_wait_counts_when_the_receive_names_none(sqs, make):
    url = make(ReceiveMessageWaitTimeSeconds=2)
    began = time.monotonic()
    assert receive(sqs, url) == []
    assert 1.9 <= time.monotonic() - began < AT_ONCE_S
    began = time.monotonic()
    assert receive(sqs, url, WaitTimeSeconds=0) == []
    assert time.monotonic() - began < 1.5


def test_a_poll_ends_empty_when_its_time_is_up(sqs, queue):
    began = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
    assert 0.9 <= time.monotonic() - began < AT_ONCE_S


def test_deleting_the_queue_ends_its_polls(sqs, queue, polling):
    (poll,) = polling(sqs, queue)
    sqs.delete_queue(QueueUrl=queue)
    try:
        texts, took = poll.result()
        assert texts == []
    except sqs.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
