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


ROLE_FOR_OWNER = {"Statement": {"Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "sts:AssumeRole"}}


def allow(action, resource="*", **more) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource} | more})


@pytest.fixture
def user(server, owner):
    """A user of the owner's account: its name and a way to make clients."""
    iam, name = owner("iam"), f"user-{next(_numbers)}"
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return name, lambda service="sqs": client(server, (made["AccessKeyId"], made["SecretAccessKey"]), service)


def test_each_attribute_of_an_index_partition_is_a_condition_key(owner, user):
    dynamodb, table, (name, clients) = owner("dynamodb"), f"guarded-{next(_numbers)}", user
    schema = [{"AttributeName": key, "KeyType": "HASH"} for key in "hijk"]
    dynamodb.create_table(
        TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in "hijkp"],
        GlobalSecondaryIndexes=[{"IndexName": "wide", "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}],
    )
    positions = ["LeadingKeys", "FirstPartitionKeyValues", "SecondPartitionKeyValues", "ThirdPartitionKeyValues", "FourthPartitionKeyValues"]
    asked = {"h": "mine", "i": "2", "j": "3", "k": "4"}

    def query(**values):
        clients("dynamodb").query(
            TableName=table, IndexName="wide", KeyConditionExpression=" AND ".join(f"{key} = :{key}" for key in "hijk"),
            ExpressionAttributeValues={f":{key}": {"S": value} for key, value in values.items()},
        )

    for position, key in zip(positions, "hhijk"):
        only = {"ForAllValues:StringEquals": {f"dynamodb:{position}": [asked[key]]}, "Null": {f"dynamodb:{position}": "false"}}
        owner("iam").put_user_policy(UserName=name, PolicyName="query", PolicyDocument=allow("dynamodb:Query", Condition=only))
        query(**asked)
        with refused("AccessDeniedException", "", 400):
            query(**asked | {key: "other"})


def test_a_user_may_do_what_its_policies_allow(owner, user, queue):
    name, clients = user
    who, on = f"arn:aws:iam::{OWNER}:user/{name}", arn(owner(), queue)
    because = "because no identity-based policy allows the sqs:sendmessage action"
    with denied(who, "sqs:sendmessage", on, because):
        send(clients(), queue, "x")
    iam = owner("iam")
    iam.put_user_policy(UserName=name, PolicyName="send", PolicyDocument=allow("sqs:Send*", on))
    send(clients(), queue, "x")
    deny = allow("sqs:SendMessage", on, Effect="Deny")
    iam.put_user_policy(UserName=name, PolicyName="not", PolicyDocument=deny)
    with denied(who, "sqs:sendmessage", on, "with an explicit deny in an identity-based policy"):
        send(clients(), queue, "x")


def test_a_group_gives_its_policies_to_its_users(owner, user, queue):
    name, clients = user
    iam, group = owner("iam"), f"group-{next(_numbers)}"
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="send", PolicyDocument=allow("sqs:SendMessage"))
    iam.add_user_to_group(GroupName=group, UserName=name)
    send(clients(), queue, "x")
    iam.remove_user_from_group(GroupName=group, UserName=name)
    with refused("AccessDenied", "", 403):
        send(clients(), queue, "x")


def test_a_boundary_limits_what_policies_allow(owner, user, queue):
    name, clients = user
    iam = owner("iam")
    boundary = iam.create_policy(PolicyName=f"boundary-{next(_numbers)}", PolicyDocument=allow("sqs:ReceiveMessage"))
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary["Policy"]["Arn"])
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=allow("sqs:*"))
    clients().receive_message(QueueUrl=queue)
    who, on = f"arn:aws:iam::{OWNER}:user/{name}", arn(owner(), queue)
    with denied(who, "sqs:sendmessage", on, "because no permissions boundary allows the sqs:sendmessage action"):
        send(clients(), queue, "x")


def test_variables_and_tags_are_filled_in(owner, user, queue):
    name, clients = user
    iam = owner("iam")
    own = "arn:aws:sqs:*:*:${aws:username}-*"
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=allow("sqs:*", own))
    clients().create_queue(QueueName=f"{name}-inbox")
    with refused("AccessDenied", "", 403):
        send(clients(), queue, "x")
    iam.tag_user(UserName=name, Tags=[{"Key": "team", "Value": "blue"}])
    tagged = allow("sqs:SendMessage", "*", Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}})
    iam.put_user_policy(UserName=name, PolicyName="tagged", PolicyDocument=tagged)
    owner().tag_queue(QueueUrl=queue, Tags={"team": "blue"})
    send(clients(), queue, "x")


def test_a_role_is_assumed_if_both_sides_allow_it_and_limited_by_the_session(server, owner, user, queue):
    name, clients = user
    iam, role = owner("iam"), f"role-{next(_numbers)}"
    role_arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(ROLE_FOR_OWNER))["Role"]["Arn"]
    iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=allow("sqs:*"))
    who = f"arn:aws:iam::{OWNER}:user/{name}"
    with refused("AccessDenied", f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role_arn}", 403):
        clients("sts").assume_role(RoleArn=role_arn, RoleSessionName="session")
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=allow("sts:AssumeRole", role_arn))

    def session(**limits):
        made = clients("sts").assume_role(RoleArn=role_arn, RoleSessionName="session", **limits)["Credentials"]
        return client(server, (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))

    send(session(), queue, "x")
    limited = session(Policy=allow("sqs:ReceiveMessage"))
    limited.receive_message(QueueUrl=queue)
    session_arn = f"arn:aws:sts::{OWNER}:assumed-role/{role}/session"
    why = "because no session policy allows the sqs:sendmessage action"
    with denied(session_arn, "sqs:sendmessage", arn(owner(), queue), why):
        send(limited, queue, "x")


def test_a_trust_policy_that_names_nobody_lets_nobody_in(owner, user):
    name, clients = user
    iam, role = owner("iam"), f"role-{next(_numbers)}"
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}
    role_arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=allow("sts:*"))
    with refused("AccessDenied", "", 403):
        clients("sts").assume_role(RoleArn=role_arn, RoleSessionName="session")


def test_everybody_who_signs_may_ask_who_it_is(user):
    name, clients = user
    assert clients("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{OWNER}:user/{name}"


def test_partiql_needs_its_own_actions(owner, user):
    dynamodb, name = owner("dynamodb"), f"guarded-{next(_numbers)}"
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    own = {"StringEquals": {"dynamodb:LeadingKeys": user[0]}}
    owner("iam").put_user_policy(UserName=user[0], PolicyName="own", PolicyDocument=allow(["dynamodb:PartiQLInsert", "dynamodb:PartiQLSelect"], Condition=own))
    theirs = user[1]("dynamodb")
    theirs.execute_statement(Statement=f"INSERT INTO \"{name}\" VALUE {{'pk': '{user[0]}'}}")
    read = theirs.execute_statement(Statement=f'SELECT * FROM "{name}" WHERE pk = ?', Parameters=[{"S": user[0]}])
    assert len(read["Items"]) == 1
    for text in [f'SELECT * FROM "{name}"', f"SELECT * FROM \"{name}\" WHERE pk = 'other'", f"DELETE FROM \"{name}\" WHERE pk = '{user[0]}'"]:
        with refused("AccessDeniedException", "", 400):
            theirs.execute_statement(Statement=text)


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
