"""Queues: making, finding, listing, describing, tagging and deleting them."""

import json

import pytest

from queues import arn, attribute, receive, refused, send
from tidegate import ACCOUNT, REGION

pytestmark = pytest.mark.sdk

DEFAULTS = {
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
FIFO_DEFAULTS = {
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}


@pytest.mark.parametrize("is_fifo", [False, True])
def test_a_new_queue_has_the_attributes_that_aws_gives_it(sqs, make, is_fifo):
    url = make(fifo=is_fifo)
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    name = url.rsplit("/", 1)[1]
    created, modified = int(found.pop("CreatedTimestamp")), int(found.pop("LastModifiedTimestamp"))
    assert created == modified > 1_600_000_000
    assert found.pop("QueueArn") == f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    assert found == DEFAULTS | (FIFO_DEFAULTS if is_fifo else {})


def test_every_attribute_can_be_set_at_creation_and_later(sqs, make):
    first = dict(DelaySeconds="7", MaximumMessageSize="1234", MessageRetentionPeriod="86400", ReceiveMessageWaitTimeSeconds="3", VisibilityTimeout="45")
    url = make(**first)
    names = list(first)
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] == first
    then = dict(DelaySeconds="0", MaximumMessageSize="1048576", MessageRetentionPeriod="60", ReceiveMessageWaitTimeSeconds="20", VisibilityTimeout="43200")
    sqs.set_queue_attributes(QueueUrl=url, Attributes=then)
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] == then


def test_only_the_attributes_that_were_asked_for_come_back(sqs, queue):
    assert set(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn", "DelaySeconds"])["Attributes"]) == {"QueueArn", "DelaySeconds"}
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue)
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy", "RedrivePolicy"])


def test_a_change_moves_the_time_of_the_last_change_and_nothing_else(server, sqs, queue):
    names = ["CreatedTimestamp", "LastModifiedTimestamp"]
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    server.advance("PT10S")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    after = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    assert after["CreatedTimestamp"] == before["CreatedTimestamp"]
    assert int(after["LastModifiedTimestamp"]) >= int(before["LastModifiedTimestamp"]) + 10


def test_a_policy_is_kept_and_can_be_taken_away(sqs, queue):
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn(sqs, queue)}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    assert json.loads(attribute(sqs, queue, "Policy")) == policy
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    assert "Policy" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]


def test_encryption_settings_are_kept_and_exclude_each_other(sqs, make):
    url = make(KmsMasterKeyId="alias/aws/sqs", KmsDataKeyReusePeriodSeconds=300)
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["KmsMasterKeyId"], found["KmsDataKeyReusePeriodSeconds"], found["SqsManagedSseEnabled"]) == ("alias/aws/sqs", "300", "false")
    url = make(SqsManagedSseEnabled="false")
    assert attribute(sqs, url, "SqsManagedSseEnabled") == "false"


def test_creating_a_queue_again_answers_the_same_url_unless_it_would_differ(sqs):
    first = sqs.create_queue(QueueName="again", Attributes={"DelaySeconds": "3"})
    assert sqs.create_queue(QueueName="again", Attributes={"DelaySeconds": "3"})["QueueUrl"] == first["QueueUrl"]
    assert sqs.create_queue(QueueName="again")["QueueUrl"] == first["QueueUrl"]
    with refused("QueueAlreadyExists", "A queue already exists with the same name and a different value for attribute DelaySeconds"):
        sqs.create_queue(QueueName="again", Attributes={"DelaySeconds": "4"})


def test_a_queue_is_found_by_its_name(sqs, queue):
    name = queue.rsplit("/", 1)[1]
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == queue
    assert sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"] == queue
    with refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist"):
        sqs.get_queue_url(QueueName="nothing-of-that-name")


def test_queues_are_listed_by_prefix_and_in_pages(server):
    sqs = server.client(key="111122223333")
    assert "QueueUrls" not in sqs.list_queues()
    made = sorted(sqs.create_queue(QueueName=f"list-{index:02}")["QueueUrl"] for index in range(25))
    sqs.create_queue(QueueName="other")
    assert sorted(sqs.list_queues(QueueNamePrefix="list-")["QueueUrls"]) == made
    assert len(sqs.list_queues()["QueueUrls"]) == 26
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="nothing")
    pages = list(sqs.get_paginator("list_queues").paginate(QueueNamePrefix="list-", PaginationConfig={"PageSize": 10}))
    assert [len(page["QueueUrls"]) for page in pages] == [10, 10, 5]
    assert sorted(url for page in pages for url in page["QueueUrls"]) == made
    assert "NextToken" not in sqs.list_queues(QueueNamePrefix="list-"), "without MaxResults there are no pages"


def test_a_deleted_queue_is_gone_with_its_messages(sqs, queue):
    send(sqs, queue, "gone")
    sqs.delete_queue(QueueUrl=queue)
    name = queue.rsplit("/", 1)[1]
    for call in (lambda: sqs.get_queue_url(QueueName=name), lambda: receive(sqs, queue), lambda: send(sqs, queue, "x"), lambda: sqs.delete_queue(QueueUrl=queue)):
        with refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist"):
            call()
    again = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert again == queue
    assert receive(sqs, again) == []


def test_tags_are_set_changed_and_taken_away(sqs, make):
    url = make(tags={"team": "billing", "stage": "first"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "billing", "stage": "first"}
    sqs.tag_queue(QueueUrl=url, Tags={"stage": "later", "empty": "", "ключ": "значение"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "billing", "stage": "later", "empty": "", "ключ": "значение"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["team", "empty", "ключ", "never-there"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "later"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["stage"])
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)


def test_fifo_settings_change_together(sqs, make):
    url = make(fifo=True, ContentBasedDeduplication="true", DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    names = ["ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"]
    assert list(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()) == ["true", "messageGroup", "perMessageGroupId"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"})
    assert attribute(sqs, url, "DeduplicationScope") == "queue"


def test_accounts_and_regions_are_worlds_of_their_own(server):
    there = server.client(key="222233334444", region="eu-west-1")
    url = there.create_queue(QueueName="mine")["QueueUrl"]
    assert arn(there, url) == "arn:aws:sqs:eu-west-1:222233334444:mine"
    assert "/222233334444/mine" in url
    for other in (server.client(), server.client(key="222233334444"), server.client(region="eu-west-1")):
        with refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist"):
            other.get_queue_url(QueueName="mine")
