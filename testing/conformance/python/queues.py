"""What the tests do with queues all the time."""

from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError


def arn(sqs, url: str) -> str:
    return attribute(sqs, url, "QueueArn")


def attribute(sqs, url: str, name: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]


def counts(sqs, url: str) -> tuple[int, int, int]:
    """Visible, in flight, delayed."""
    names = ["", "NotVisible", "Delayed"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[f"ApproximateNumberOfMessages{name}" for name in names])
    return tuple(int(found["Attributes"][f"ApproximateNumberOfMessages{name}"]) for name in names)


def receive(sqs, url: str, count: int = 10, **options) -> list[dict]:
    """One receive; it does not wait unless told."""
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=count, **options).get("Messages", [])


def bodies(messages: list[dict]) -> list[str]:
    return [message["Body"] for message in messages]


def drain(sqs, url: str, delete: bool = True) -> list[str]:
    """All bodies that are visible now, in the order in which they come."""
    drained = []
    while messages := receive(sqs, url):
        drained += bodies(messages)
        if delete:
            entries = [{"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(messages)]
            assert not sqs.delete_message_batch(QueueUrl=url, Entries=entries).get("Failed")
    return drained


def send(sqs, url: str, *texts: str, **options) -> list[dict]:
    return [sqs.send_message(QueueUrl=url, MessageBody=text, **options) for text in texts]


def send_fifo(sqs, url: str, group: str, *texts: str, **options) -> list[dict]:
    """Sends to a group; each text is its own deduplication id."""
    return [
        sqs.send_message(QueueUrl=url, MessageBody=text, MessageGroupId=group, MessageDeduplicationId=f"{group}-{text}", **options)
        for text in texts
    ]


@contextmanager
def refused(code: str, message: str = "", status: int = 400):
    """`with refused("InvalidParameterValue", "is invalid"): …`, with the code that botocore reports."""
    with pytest.raises(ClientError) as caught:
        yield caught
    response = caught.value.response
    error = response["Error"]
    assert (error["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), error
    assert message in error["Message"], error
