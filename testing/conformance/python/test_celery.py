"""celery and kombu as real applications: a worker process takes tasks off the queue and does them."""

import os
import subprocess
import sys

import kombu
import pytest

from queues import counts, drain, receive

SERVER_ARGUMENTS: list[str] = []
TASKS = 40


@pytest.fixture
def environment(server, make, monkeypatch):
    """What worker and caller share: the endpoint comes from the environment alone."""
    values = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TASK_QUEUE": "celery-tasks",
        "RESULTS_URL": make("results"),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


def test_a_celery_worker_does_what_it_is_told(server, sqs, environment):
    import celery_tasks

    for number in range(TASKS):
        celery_tasks.add.delay(number, 3)
    log = (server.folder / "worker.log").open("wb")
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", "--pool", "solo", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
        cwd=os.path.dirname(__file__),
        env=os.environ | environment,
        stdout=log,
        stderr=log,
    )
    try:
        sums: list[int] = []
        empty = 0
        while len(sums) < TASKS and empty < 4 and worker.poll() is None:
            messages = receive(sqs, environment["RESULTS_URL"], WaitTimeSeconds=10)
            empty = 0 if messages else empty + 1
            for message in messages:
                sums.append(int(message["Body"]))
                sqs.delete_message(QueueUrl=environment["RESULTS_URL"], ReceiptHandle=message["ReceiptHandle"])
        told = (server.folder / "worker.log").read_text(errors="replace")
        assert sorted(sums) == [number + 3 for number in range(TASKS)], told
    finally:
        worker.terminate()
        worker.wait(30)
    tasks = sqs.get_queue_url(QueueName="celery-tasks")["QueueUrl"]
    assert counts(sqs, tasks) == (0, 0, 0), "every task was acknowledged"


def test_kombu_sends_receives_and_acknowledges(server, sqs, environment):
    with kombu.Connection("sqs://test:test@", transport_options={"region": "us-east-1", "wait_time_seconds": 1}) as connection:
        simple = connection.SimpleQueue("kombu-simple")
        for number in range(5):
            simple.put({"number": number, "text": "ü"})
        seen = []
        for _ in range(5):
            message = simple.get(timeout=20)
            seen.append(message.payload["number"])
            message.ack()
        assert sorted(seen) == list(range(5))
        simple.close()
    url = sqs.get_queue_url(QueueName="kombu-simple")["QueueUrl"]
    assert drain(sqs, url) == []
    assert counts(sqs, url) == (0, 0, 0)


def test_kombu_on_a_fifo_queue_keeps_the_order(server, sqs, environment):
    with kombu.Connection("sqs://test:test@", transport_options={"region": "us-east-1", "wait_time_seconds": 1}) as connection:
        simple = connection.SimpleQueue("kombu-simple.fifo")
        for number in range(5):
            simple.put(number)
        seen = []
        for _ in range(5):
            message = simple.get(timeout=20)
            seen.append(message.payload)
            message.ack()
        assert seen == list(range(5))
        simple.close()
