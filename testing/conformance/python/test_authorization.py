"""`--auth enforce`: what policies allow, deny, and say; `--auth observe`: what they would."""

import itertools
import json

import boto3
import pytest
from botocore.config import Config

from queues import arn, refused, send
from test_auth import make_key
from tidegate import Server

SERVER_ARGUMENTS = ["--auth", "enforce", "--virtual-clock"]
OWNER, STRANGER = "000000000000", "123456789012"
_numbers = itertools.count(1)


def client(server, key, service="sqs"):
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        aws_session_token=key[2] if len(key) > 2 else None,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def owner(server):
    key = make_key(server, OWNER)
    return lambda service="sqs": client(server, key, service)


@pytest.fixture(scope="module")
def stranger(server):
    key = make_key(server, STRANGER)
    return lambda service="sqs": client(server, key, service)


@pytest.fixture
def queue(owner):
    return owner().create_queue(QueueName=f"guarded-{next(_numbers)}")["QueueUrl"]


def statement(principal, action, **more) -> dict:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"} | more


def set_policy(sqs, url, *statements):
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})


def denied(who: str, action: str, resource: str, why: str):
    return refused("AccessDenied", f"User: {who} is not authorized to perform: {action} on resource: {resource} {why}", 403)


def test_a_stranger_needs_the_queues_policy(owner, stranger, queue):
    root = f"arn:aws:iam::{STRANGER}:root"
    because = "because no resource-based policy allows the sqs:sendmessage action"
    with denied(root, "sqs:sendmessage", arn(owner(), queue), because):
        send(stranger(), queue, "x")
    set_policy(owner(), queue, statement({"AWS": STRANGER}, "sqs:SendMessage"))
    send(stranger(), queue, "x")
    with denied(root, "sqs:receivemessage", arn(owner(), queue), "because no resource-based policy allows the sqs:receivemessage action"):
        stranger().receive_message(QueueUrl=queue)


def test_a_batch_needs_what_its_entries_do(owner, stranger, queue):
    set_policy(owner(), queue, statement({"AWS": STRANGER}, "sqs:SendMessage"))
    sent = stranger().send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "x"}])
    assert len(sent["Successful"]) == 1


def test_add_permission_grants(owner, stranger, queue):
    owner().add_permission(QueueUrl=queue, Label="them", AWSAccountIds=[STRANGER], Actions=["SendMessage"])
    send(stranger(), queue, "x")
    owner().remove_permission(QueueUrl=queue, Label="them")
    with refused("AccessDenied", "", 403):
        send(stranger(), queue, "x")


def test_what_is_the_owners_alone_cannot_be_granted(owner, stranger, queue):
    set_policy(owner(), queue, statement({"AWS": STRANGER}, "sqs:*"))
    stranger().get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    with refused("AccessDenied", "", 403):
        stranger().delete_queue(QueueUrl=queue)


def test_an_explicit_deny_holds_for_the_owner_too(owner, queue):
    set_policy(owner(), queue, statement("*", "sqs:SendMessage", Effect="Deny"))
    why = "with an explicit deny in a resource-based policy"
    with denied(f"arn:aws:iam::{OWNER}:root", "sqs:sendmessage", arn(owner(), queue), why):
        send(owner(), queue, "x")


def test_conditions_are_evaluated(owner, stranger, queue):
    for condition, allowed in [
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringLike": {"aws:UserAgent": "Boto3/*"}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": STRANGER}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
    ]:
        set_policy(owner(), queue, statement("*", "sqs:SendMessage", Condition=condition))
        if allowed:
            send(stranger(), queue, "x")
        else:
            with refused("AccessDenied", "", 403):
                send(stranger(), queue, "x")


def test_a_policy_that_cannot_be_evaluated_is_refused(owner, queue):
    with refused("InvalidAttributeValue", "", 400):
        set_policy(owner(), queue, statement("*", "sqs:*", Condition={"StringEquls": {"a": "b"}}))


def test_a_tables_policy_lets_strangers_in(owner, stranger):
    dynamodb, name = owner("dynamodb"), f"guarded-{next(_numbers)}"
    made = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table = made["TableDescription"]["TableArn"]
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "mine"}})
    theirs = stranger("dynamodb")
    why = "because no resource-based policy allows the dynamodb:GetItem action"
    words = f"User: arn:aws:iam::{STRANGER}:root is not authorized to perform: dynamodb:GetItem on resource: {table} {why}"
    with refused("AccessDeniedException", words, 400):
        theirs.get_item(TableName=table, Key={"pk": {"S": "mine"}})
    keys = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["theirs"]}}
    policy = {"Version": "2012-10-17", "Statement": [statement({"AWS": STRANGER}, ["dynamodb:PutItem", "dynamodb:GetItem"], Resource=table, Condition=keys)]}
    dynamodb.put_resource_policy(ResourceArn=table, Policy=json.dumps(policy))
    theirs.put_item(TableName=table, Item={"pk": {"S": "theirs"}})
    theirs.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": {"pk": {"S": "theirs"}}}}])
    for attempt in [
        lambda: theirs.get_item(TableName=table, Key={"pk": {"S": "mine"}}),
        lambda: theirs.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": {"pk": {"S": "mine"}}}}]),
        lambda: theirs.scan(TableName=table),
    ]:
        with refused("AccessDeniedException", "", 400):
            attempt()


def test_observing_lists_what_enforcing_would_deny():
    with Server("--auth", "observe", "--virtual-clock") as server:
        mine, other = make_key(server, OWNER), make_key(server, STRANGER)
        sqs = server.client(key=mine[0], secret=mine[1])
        url = sqs.create_queue(QueueName="watched")["QueueUrl"]
        for _ in range(2):
            send(server.client(key=other[0], secret=other[1]), url, "x")
        send(server.client(), url, "x")
        page = json.loads(server.request("GET", "/_tidegate/auth/denied").body)
        assert page["mode"] == "observe"
        found = {entry.get("principal", entry["accessKey"]): entry for entry in page["denied"]}
        entry = found[f"arn:aws:iam::{STRANGER}:root"]
        assert (entry["action"], entry["resource"], entry["count"]) == ("sqs:SendMessage", arn(sqs, url), 2)
        assert entry["remedy"]["add"] == {
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": arn(sqs, url),
            "Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"},
        }
        assert any(entry["reason"].startswith("UnrecognizedClientException") for entry in page["denied"])
