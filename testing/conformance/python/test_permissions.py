"""AddPermission and RemovePermission write the queue's policy."""

import json

import pytest

from queues import arn, attribute, refused

pytestmark = pytest.mark.sdk


def test_a_permission_becomes_a_statement_and_goes_away_again(sqs, queue):
    sqs.add_permission(QueueUrl=queue, Label="partners", AWSAccountIds=["111122223333", "444455556666"], Actions=["SendMessage", "ReceiveMessage"])
    policy = json.loads(attribute(sqs, queue, "Policy"))
    assert policy == {
        "Version": "2008-10-17",
        "Id": f"{arn(sqs, queue)}/SQSDefaultPolicy",
        "Statement": [
            {
                "Sid": "partners",
                "Effect": "Allow",
                "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"]},
                "Action": ["SQS:SendMessage", "SQS:ReceiveMessage"],
                "Resource": arn(sqs, queue),
            }
        ],
    }
    sqs.add_permission(QueueUrl=queue, Label="all", AWSAccountIds=["111122223333"], Actions=["*"])
    statements = json.loads(attribute(sqs, queue, "Policy"))["Statement"]
    assert statements[1] == {
        "Sid": "all",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "SQS:*",
        "Resource": arn(sqs, queue),
    }
    sqs.remove_permission(QueueUrl=queue, Label="partners")
    sqs.remove_permission(QueueUrl=queue, Label="all")
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])


def test_labels_are_there_once(sqs, queue):
    sqs.add_permission(QueueUrl=queue, Label="one", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
    with refused("InvalidParameterValue", "Value one for parameter Label is invalid. Reason: Already exists."):
        sqs.add_permission(QueueUrl=queue, Label="one", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
    with refused("InvalidParameterValue", "Value two for parameter Label is invalid. Reason: can't find label."):
        sqs.remove_permission(QueueUrl=queue, Label="two")


def test_unknown_actions_are_refused(sqs, queue):
    with refused("InvalidParameterValue", "Value SQS:Fly for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of valid actions."):
        sqs.add_permission(QueueUrl=queue, Label="one", AWSAccountIds=["111122223333"], Actions=["Fly"])
