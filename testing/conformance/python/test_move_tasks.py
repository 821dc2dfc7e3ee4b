"""Moving dead letters back: tasks, their rate, and their end."""

import pytest

from queues import arn, bodies, counts, drain, receive, refused, send

pytestmark = pytest.mark.sdk

NO_SOURCE = "The resource that you specified for the SourceArn parameter doesn't exist."


@pytest.fixture
def dead_letters(server, sqs, make):
    """Makes a source and a dead-letter queue that holds `count` messages of the source."""

    def build(count: int):
        dead = make("dead")
        source = make("source", VisibilityTimeout=1, RedrivePolicy={"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": 1})
        texts = [str(n) for n in range(count)]
        send(sqs, source, *texts)
        while receive(sqs, source):
            pass
        server.advance("PT2S")
        assert receive(sqs, source) == []
        assert counts(sqs, dead)[0] == count
        return source, dead, texts

    return build


def tasks(sqs, url, **options):
    return sqs.list_message_move_tasks(SourceArn=arn(sqs, url), **options).get("Results", [])


def test_messages_go_back_to_where_they_came_from(server, sqs, dead_letters):
    source, dead, texts = dead_letters(25)
    assert sqs.start_message_move_task(SourceArn=arn(sqs, dead))["TaskHandle"]
    server.settle()
    assert sorted(drain(sqs, source)) == sorted(texts)
    assert counts(sqs, dead) == (0, 0, 0)
    (task,) = tasks(sqs, dead)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"]) == ("COMPLETED", 25, 25)
    assert task["SourceArn"] == arn(sqs, dead)
    assert "DestinationArn" not in task and "TaskHandle" not in task
    assert task["StartedTimestamp"] > 1_600_000_000_000


def test_messages_go_to_another_queue_if_told(server, sqs, make, dead_letters):
    _, dead, texts = dead_letters(3)
    other = make("other")
    sqs.start_message_move_task(SourceArn=arn(sqs, dead), DestinationArn=arn(sqs, other))
    server.settle()
    assert sorted(drain(sqs, other)) == texts
    (task,) = tasks(sqs, dead)
    assert (task["Status"], task["DestinationArn"]) == ("COMPLETED", arn(sqs, other))


def test_a_rate_is_kept_and_a_task_can_be_cancelled(server, sqs, dead_letters):
    source, dead, _ = dead_letters(20)
    handle = sqs.start_message_move_task(SourceArn=arn(sqs, dead), MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    server.advance("PT5S")
    (task,) = tasks(sqs, dead)
    assert (task["Status"], task["TaskHandle"], task["MaxNumberOfMessagesPerSecond"]) == ("RUNNING", handle, 1)
    assert 3 <= task["ApproximateNumberOfMessagesMoved"] <= 8
    with refused("InvalidParameterValue", "There is already a task running. Only one active task is allowed for a source queue arn at a given time."):
        sqs.start_message_move_task(SourceArn=arn(sqs, dead))
    moved = sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    server.advance("PT30S")
    (task,) = tasks(sqs, dead)
    assert task["Status"] == "CANCELLED"
    assert task["ApproximateNumberOfMessagesMoved"] in (moved, moved + 1)
    assert counts(sqs, source)[0] + counts(sqs, dead)[0] == 20


def test_a_task_goes_on_after_a_kill(server, sqs, dead_letters):
    source, dead, texts = dead_letters(12)
    sqs.start_message_move_task(SourceArn=arn(sqs, dead), MaxNumberOfMessagesPerSecond=1)
    server.advance("PT3S")
    server.kill()
    server.start()
    server.advance("PT30S")
    (task,) = tasks(sqs, dead)
    assert task["Status"] == "COMPLETED"
    assert sorted(drain(sqs, source)) == sorted(texts)


def test_the_newest_task_is_listed_first_and_only_one_unless_asked(server, sqs, dead_letters):
    _, dead, _ = dead_letters(1)
    for _ in range(3):
        sqs.start_message_move_task(SourceArn=arn(sqs, dead))
        server.settle()
        server.advance("PT1S")
    assert len(tasks(sqs, dead)) == 1
    found = tasks(sqs, dead, MaxResults=10)
    assert len(found) == 3
    started = [task["StartedTimestamp"] for task in found]
    assert started == sorted(started, reverse=True)


def test_a_task_that_cannot_start_says_why(sqs, make, dead_letters):
    _, dead, _ = dead_letters(1)
    nowhere = arn(sqs, dead) + "-nowhere"
    with refused("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue."):
        sqs.start_message_move_task(SourceArn=arn(sqs, make()))
    with refused("ResourceNotFoundException", NO_SOURCE, 404):
        sqs.start_message_move_task(SourceArn=nowhere)
    with refused("ResourceNotFoundException", "The resource that you specified for the DestinationArn parameter doesn't exist.", 404):
        sqs.start_message_move_task(SourceArn=arn(sqs, dead), DestinationArn=nowhere)
    with refused("ResourceNotFoundException", NO_SOURCE, 404):
        sqs.list_message_move_tasks(SourceArn=nowhere)
    with refused("InvalidParameterValue", "Value for parameter TaskHandle is invalid."):
        sqs.cancel_message_move_task(TaskHandle="not a handle")


def test_a_finished_task_cannot_be_cancelled(server, sqs, dead_letters):
    _, dead, _ = dead_letters(1)
    handle = sqs.start_message_move_task(SourceArn=arn(sqs, dead))["TaskHandle"]
    server.settle()
    with refused("AWS.SimpleQueueService.UnsupportedOperation"):
        sqs.cancel_message_move_task(TaskHandle=handle)


def test_a_task_whose_destination_goes_away_fails(server, sqs, make, dead_letters):
    _, dead, _ = dead_letters(10)
    other = make("other")
    sqs.start_message_move_task(SourceArn=arn(sqs, dead), DestinationArn=arn(sqs, other), MaxNumberOfMessagesPerSecond=1)
    server.advance("PT2S")
    sqs.delete_queue(QueueUrl=other)
    server.advance("PT5S")
    (task,) = tasks(sqs, dead)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    assert counts(sqs, dead)[0] > 0
