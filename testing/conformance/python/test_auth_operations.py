"""`--auth enforce`, operation by operation: what each is held against, as the service authorization reference has it.

`permissions.tsv` says for every operation that is served which actions on which resources it needs, in the order in
which they are asked for. Nobody is let in without all of them, whoever has exactly them is, and a refusal says so in
AWS's words.
"""

import itertools
import json
from pathlib import Path

import boto3
import pytest
from botocore import UNSIGNED, xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

import walk
from test_auth import make_key
from walk import ACCOUNT, REGION, Refusal, allow, attempt

SERVER_ARGUMENTS = ["--auth", "enforce"]
TABLE = Path(__file__).parent / "permissions.tsv"
# A token or an assertion is the proof; many deletions are held against policies one by one; and who asks for buckets
# without a signature gets a page for people.
UNSIGNED_ONES = {"sts": {"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}, "s3": {"DeleteObjects", "ListBuckets"}}
_numbers = itertools.count(1)


def table() -> dict[str, dict[str, list[tuple[str, str]]]]:
    """Service, operation and its needs."""
    found: dict = {service: {} for service in walk.SERVICES}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            service, operation, *needs = line.split("\t")
            found[service][operation] = [tuple(need.split(" ", 1)) for need in needs]
    return found


@pytest.fixture(scope="module")
def root(server):
    key = make_key(server, ACCOUNT)
    made: dict = {}

    def clients(service):
        return made.setdefault(service, walk.client(server.url, key, service))

    return clients


@pytest.fixture(scope="module")
def world(root):
    return walk.World(root)


class Walker:
    """A user whose only policy is changed all the time."""

    def __init__(self, server, root, name: str):
        self.iam, self.name, self.url = root("iam"), name, server.url
        self.arn = self.iam.create_user(UserName=name)["User"]["Arn"]
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.key = made["AccessKeyId"], made["SecretAccessKey"]

    def has(self, policy: str) -> None:
        self.iam.put_user_policy(UserName=self.name, PolicyName="policy", PolicyDocument=policy)

    def client(self, service: str):
        return walk.client(self.url, self.key, service)


@pytest.fixture(scope="module")
def walker(server, root):
    return Walker(server, root, "walker")


def everything_but(*denied: tuple[str, str]) -> str:
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [{"Effect": "Deny", "Action": action, "Resource": resource} for action, resource in denied]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def said(service: str, action: str) -> str:
    """SQS writes actions in lower case where it refuses them."""
    return action.lower() if service == "sqs" else action


def check(refusal: Refusal | None, walker: Walker, service: str, need: tuple[str, str], why: str) -> None:
    action, resource = need
    assert refusal, f"nothing was refused; {action} on {resource} was to be"
    if refusal.code == "403":
        return  # An answer to HEAD has no words.
    action = said(service, action)
    assert (refusal.who, refusal.action, refusal.resource) == (walker.arn, action, resource)
    assert refusal.why.strip() == ("" if service == "sts" else why.format(action=action))
    json_services = ("dynamodb", "dynamodbstreams", "logs")
    assert refusal.status == (400 if service in json_services else 403)


def test_the_table_has_every_operation_that_is_served(root):
    for service, rows in table().items():
        known = root(service).meta.service_model.operation_names
        assert set(rows) == {name for name in walk.served(service) if name in known}


@pytest.mark.parametrize("service", walk.SERVICES)
def test_each_operation_needs_its_permissions(service, world, walker):
    client = walker.client(service)
    rows = table()[service]
    # What is deleted is deleted last, and what it has before itself.
    deleting = sorted((name for name in rows if name.startswith("Delete")), reverse=True)
    for operation in [*(name for name in rows if name not in deleting), *deleting]:
        needs = rows[operation]
        needs = [(action, world.fill(resource)) for action, resource in needs]
        values = world.arguments(service, operation)
        for index, need in enumerate(needs):
            walker.has(allow(("none:none", "*"), *needs[:index]))
            why = "because no identity-based policy allows the {action} action"
            check(attempt(client, operation, values), walker, service, need, why)
            walker.has(everything_but(need))
            check(attempt(client, operation, values), walker, service, need, "with an explicit deny in an identity-based policy")
        walker.has(allow(*(needs or [("none:none", "*")])))
        refusal = attempt(client, operation, values)
        assert not refusal, (operation, refusal.action, refusal.resource, refusal.why)


@pytest.mark.parametrize("service", walk.SERVICES)
def test_nobody_is_let_in_without_a_signature(service, server, world):
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, parameter_validation=False,
                    inject_host_prefix=False, s3={"addressing_style": "path"})
    client = boto3.client(service, endpoint_url=server.url, region_name=REGION, config=config)
    for operation in set(table()[service]) - UNSIGNED_ONES.get(service, set()):
        values = world.arguments(service, operation)
        with pytest.raises(ClientError) as caught:
            getattr(client, xform_name(operation))(**values)
        error = caught.value.response
        codes = ("AccessDenied", "403") if service == "s3" else ("MissingAuthenticationToken", "MissingAuthenticationTokenException")
        assert error["Error"]["Code"] in codes, (operation, error)
        assert error["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
