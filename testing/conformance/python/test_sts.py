"""STS through boto3: who a caller is, and sessions."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

ROOT = "arn:aws:iam::000000000000:root"
ROLE = "arn:aws:iam::000000000000:role/worker"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}]})


@pytest.fixture(scope="module")
def sts(server):
    server.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=7200)
    return server.client("sts")


def by(server, credentials: dict, service: str = "sts"):
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def refused(call, code: str, message: str) -> None:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    assert (error["Code"], error["Message"]) == (code, message)


def test_sessions_stay_in_their_account_when_their_role_or_user_is_made_anew(server):
    account = "123456789012"
    iam, sts = (server.client(service, key=account) for service in ("iam", "sts"))

    def made():
        role = iam.create_role(RoleName="again", AssumeRolePolicyDocument=TRUST)["Role"]
        iam.create_user(UserName="again")
        return role["Arn"], iam.create_access_key(UserName="again")["AccessKey"]

    role, key = made()
    person = server.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    sessions = [sts.assume_role(RoleArn=role, RoleSessionName="old")["Credentials"], person.get_session_token()["Credentials"]]
    iam.delete_access_key(UserName="again", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="again")
    iam.delete_role(RoleName="again")
    made()
    for number, session in enumerate(sessions):
        assert by(server, session).get_caller_identity()["Account"] == account
        assert account in by(server, session, "sqs").create_queue(QueueName=f"mine-{number}")["QueueUrl"]


def test_the_default_identity_is_the_root(sts):
    answer = sts.get_caller_identity()
    assert (answer["UserId"], answer["Account"], answer["Arn"]) == ("000000000000", "000000000000", ROOT)


def test_a_session_of_a_role(server, sts):
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="session", SourceIdentity="ann", Tags=[{"Key": "a", "Value": "b"}])
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::000000000000:assumed-role/worker/session"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].startswith("AROA")
    assert answer["SourceIdentity"] == "ann"
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA") and len(credentials["AccessKeyId"]) == 20
    assert by(server, credentials).get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert sts.get_access_key_info(AccessKeyId=credentials["AccessKeyId"])["Account"] == "000000000000"


def test_limits_of_sessions(server, sts):
    long = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    refused(lambda: sts.assume_role(RoleArn=ROLE, RoleSessionName="session", DurationSeconds=7201), "ValidationError", long)
    session = by(server, sts.assume_role(RoleArn=ROLE, RoleSessionName="session", DurationSeconds=7200)["Credentials"])
    chained = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
    refused(lambda: session.assume_role(RoleArn=ROLE, RoleSessionName="second", DurationSeconds=7200), "ValidationError", chained)
    refused(session.get_session_token, "AccessDenied", "Cannot call GetSessionToken with session credentials")
    federation = "Cannot call GetFederationToken with session credentials"
    refused(lambda: session.get_federation_token(Name="f1"), "AccessDenied", federation)


def test_transitive_tags_go_on_and_stay(server, sts):
    tags = [{"Key": "team", "Value": "a"}]
    first = sts.assume_role(RoleArn=ROLE, RoleSessionName="session", Tags=tags, TransitiveTagKeys=["team"])
    session = by(server, first["Credentials"])
    with pytest.raises(ClientError) as raised:
        session.assume_role(RoleArn=ROLE, RoleSessionName="second", Tags=[{"Key": "team", "Value": "b"}])
    assert raised.value.response["Error"]["Code"] == "InvalidParameterValue"
    session.assume_role(RoleArn=ROLE, RoleSessionName="second")


def test_mistakes(sts):
    missing = "arn:aws:iam::000000000000:role/no"
    text = f"User: {ROOT} is not authorized to perform: sts:AssumeRole on resource: {missing}"
    refused(lambda: sts.assume_role(RoleArn=missing, RoleSessionName="session"), "AccessDenied", text)
    refused(lambda: sts.assume_role(RoleArn="arn:aws:iam::1:user/notarole", RoleSessionName="session"), "ValidationError", "arn:aws:iam::1:user/notarole is invalid")
    malformed = "The policy is not in the valid JSON format."
    refused(lambda: sts.assume_role(RoleArn=ROLE, RoleSessionName="session", Policy="{"), "MalformedPolicyDocument", malformed)
    refused(lambda: sts.decode_authorization_message(EncodedMessage="x"), "InvalidAuthorizationMessageException", "Message is not valid.")


def test_other_sessions(server, sts):
    token = sts.get_session_token(DurationSeconds=900)["Credentials"]
    assert by(server, token).get_caller_identity()["Arn"] == ROOT
    answer = sts.get_federation_token(Name="bob")
    assert answer["FederatedUser"]["Arn"] == "arn:aws:sts::000000000000:federated-user/bob"
    assert by(server, answer["Credentials"]).get_caller_identity()["Arn"] == answer["FederatedUser"]["Arn"]


def test_sessions_survive_a_kill(server, sts):
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="session")
    server.kill()
    server.start()
    assert by(server, answer["Credentials"]).get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]
