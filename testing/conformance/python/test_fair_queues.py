"""Fair queues: a group id on a standard queue keeps one noisy tenant from starving the rest."""

import pytest

from queues import bodies, counts, receive, send

pytestmark = pytest.mark.sdk

NOISE = 500


def test_quiet_tenants_come_before_the_rest_of_a_noisy_ones_backlog(sqs, queue):
    for start in range(0, NOISE, 10):
        batch = [{"Id": str(n), "MessageBody": f"noisy {n}", "MessageGroupId": "noisy"} for n in range(start, start + 10)]
        sqs.send_message_batch(QueueUrl=queue, Entries=batch)
    held = receive(sqs, queue)
    assert len(held) == 10
    for tenant in range(5):
        send(sqs, queue, f"quiet {tenant}", MessageGroupId=f"quiet-{tenant}")
    seen = [text for _ in range(3) for text in bodies(receive(sqs, queue))]
    assert {text for text in seen if text.startswith("quiet")} == {f"quiet {tenant}" for tenant in range(5)}


def test_a_group_on_a_standard_queue_is_not_locked(sqs, queue):
    send(sqs, queue, "1", "2", "3", MessageGroupId="g")
    seen = [receive(sqs, queue, 1)[0]["Body"] for _ in range(3)]
    assert sorted(seen) == ["1", "2", "3"]


def test_the_group_is_told_and_nothing_is_lost(sqs, queue):
    send(sqs, queue, "with", MessageGroupId="tenant")
    send(sqs, queue, "without")
    groups = {message["Body"]: message["Attributes"].get("MessageGroupId") for message in receive(sqs, queue, AttributeNames=["All"])}
    assert groups == {"with": "tenant", "without": None}
    assert counts(sqs, queue) == (0, 2, 0)
