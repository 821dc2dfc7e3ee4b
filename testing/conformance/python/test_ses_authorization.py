"""SES under `--auth enforce`: who may send from what, to whom, with which set and template."""

import itertools
import json

import boto3
import pytest
from botocore.config import Config

from queues import refused
from test_auth import make_key

SERVER_ARGUMENTS = ["--auth", "enforce"]
OWNER, STRANGER = "000000000000", "123456789012"
IDENTITY = f"arn:aws:ses:us-east-1:{OWNER}:identity/shop.example"
FROM = "shop@shop.example"
_numbers = itertools.count(1)


def client(server, key, service):
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=key[0],
                        aws_secret_access_key=key[1], config=config)


@pytest.fixture(scope="module")
def owner(server):
    key = make_key(server, OWNER)
    clients = lambda service: client(server, key, service)
    clients("sesv2").create_email_identity(EmailIdentity="shop.example")
    clients("sesv2").create_email_identity(EmailIdentity="other.example")
    clients("sesv2").create_configuration_set(ConfigurationSetName="orders")
    clients("sesv2").create_email_template(TemplateName="welcome", TemplateContent={"Subject": "s", "Text": "t"})
    return clients


@pytest.fixture(scope="module")
def stranger(server):
    key = make_key(server, STRANGER)
    return lambda service: client(server, key, service)


@pytest.fixture
def user(server, owner):
    """A user of the owner's account: how to let it do something, and its clients."""
    iam, name = owner("iam"), f"user-{next(_numbers)}"
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]

    def allow(actions, resources="*", **more):
        statement = {"Effect": "Allow", "Action": actions, "Resource": resources} | more
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_user_policy(UserName=name, PolicyName="mail", PolicyDocument=json.dumps(policy))

    return allow, lambda service: client(server, (made["AccessKeyId"], made["SecretAccessKey"]), service)


def simple(source=FROM, to=("a@example.org",), **more) -> dict:
    message = {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}
    return {"Source": source, "Destination": {"ToAddresses": list(to)}, "Message": message} | more


def simple_v2(source=FROM, to=("a@example.org",), content=None, **more) -> dict:
    content = content or {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}
    return {"FromEmailAddress": source, "Destination": {"ToAddresses": list(to)}, "Content": content} | more


def raw(source=FROM, to="a@example.org", more="") -> bytes:
    return f"From: {source}\r\nTo: {to}\r\nSubject: s\r\n{more}\r\nbody\r\n".encode()


def test_an_identity_is_a_resource(owner, user):
    allow, clients = user
    with refused("AccessDenied", f"is not authorized to perform: ses:SendEmail on resource: {IDENTITY}", 403):
        clients("ses").send_email(**simple())
    allow("ses:SendEmail", IDENTITY)
    clients("ses").send_email(**simple())
    clients("sesv2").send_email(**simple_v2())
    with refused("AccessDenied", "identity/other.example", 403):
        clients("ses").send_email(**simple("x@other.example"))


def test_what_is_sent_is_the_action(owner, user):
    allow, clients = user
    allow("ses:SendEmail")
    template = {"Template": {"TemplateName": "welcome", "TemplateData": "{}"}}
    with refused("AccessDenied", f"ses:SendRawEmail on resource: {IDENTITY}", 403):
        clients("ses").send_raw_email(RawMessage={"Data": raw()})
    with refused("AccessDeniedException", f"ses:SendRawEmail on resource: {IDENTITY}", 403):
        clients("sesv2").send_email(Content={"Raw": {"Data": raw()}})
    with refused("AccessDeniedException", "ses:SendTemplatedEmail", 403):
        clients("sesv2").send_email(**simple_v2(content=template))
    entry = {"Destination": {"ToAddresses": ["a@example.org"]}}
    bulk = {"FromEmailAddress": FROM, "DefaultContent": template, "BulkEmailEntries": [entry]}
    with refused("AccessDeniedException", "ses:SendBulkTemplatedEmail", 403):
        clients("sesv2").send_bulk_email(**bulk)
    allow(["ses:SendRawEmail", "ses:SendTemplatedEmail", "ses:SendBulkTemplatedEmail"])
    clients("ses").send_raw_email(RawMessage={"Data": raw()})
    clients("sesv2").send_email(Content={"Raw": {"Data": raw()}})
    clients("sesv2").send_email(**simple_v2(content=template))
    assert clients("sesv2").send_bulk_email(**bulk)["BulkEmailEntryResults"][0]["Status"] == "SUCCESS"


def test_sets_and_templates_are_resources_too(owner, user):
    allow, clients = user
    orders = f"arn:aws:ses:us-east-1:{OWNER}:configuration-set/orders"
    welcome = f"arn:aws:ses:us-east-1:{OWNER}:template/welcome"
    allow(["ses:SendEmail", "ses:SendTemplatedEmail"], IDENTITY)
    with refused("AccessDenied", orders, 403):
        clients("ses").send_email(**simple(ConfigurationSetName="orders"))
    template = {"Template": {"TemplateName": "welcome", "TemplateData": "{}"}}
    with refused("AccessDeniedException", welcome, 403):
        clients("sesv2").send_email(**simple_v2(content=template))
    allow(["ses:SendEmail", "ses:SendTemplatedEmail"], [IDENTITY, orders, welcome])
    clients("ses").send_email(**simple(ConfigurationSetName="orders"))
    clients("sesv2").send_email(**simple_v2(content=template))


@pytest.mark.parametrize("condition, sender, recipients, feedback, allowed", [
    ({"StringEquals": {"ses:FromAddress": FROM}}, f"Shop <{FROM}>", ["a@example.org"], None, True),
    ({"StringEquals": {"ses:FromAddress": "x@shop.example"}}, FROM, ["a@example.org"], None, False),
    ({"StringEquals": {"ses:FromDisplayName": "Shop"}}, f"Shop <{FROM}>", ["a@example.org"], None, True),
    ({"StringEquals": {"ses:FromDisplayName": "Shop"}}, f"Bank <{FROM}>", ["a@example.org"], None, False),
    ({"ForAllValues:StringLike": {"ses:Recipients": ["*@example.org"]}}, FROM, ["a@example.org", "B <b@example.org>"], None, True),
    ({"ForAllValues:StringLike": {"ses:Recipients": ["*@example.org"]}}, FROM, ["a@example.org", "a@example.net"], None, False),
    ({"StringEquals": {"ses:FeedbackAddress": "bounce@shop.example"}}, FROM, ["a@example.org"], "bounce@shop.example", True),
    ({"StringEquals": {"ses:FeedbackAddress": "bounce@shop.example"}}, FROM, ["a@example.org"], None, False),
])
def test_conditions(owner, user, condition, sender, recipients, feedback, allowed):
    allow, clients = user
    allow(["ses:SendEmail", "ses:SendRawEmail"], "*", Condition=condition)
    path = f"Return-Path: <{feedback}>\r\n" if feedback else ""
    mail = raw(sender, ", ".join(recipients), path)
    attempts = [
        ("AccessDenied", lambda: clients("ses").send_email(**simple(sender, recipients, **({"ReturnPath": feedback} if feedback else {})))),
        ("AccessDenied", lambda: clients("ses").send_raw_email(RawMessage={"Data": mail})),
        ("AccessDeniedException", lambda: clients("sesv2").send_email(**simple_v2(sender, recipients, **({"FeedbackForwardingEmailAddress": feedback} if feedback else {})))),
        ("AccessDeniedException", lambda: clients("sesv2").send_email(Content={"Raw": {"Data": mail}})),
    ]
    for code, attempt in attempts:
        if allowed:
            attempt()
        else:
            with refused(code, "", 403):
                attempt()


def test_the_version_of_the_api_is_a_condition(owner, user):
    allow, clients = user
    allow("ses:*", "*", Condition={"StringEquals": {"ses:ApiVersion": "2"}})
    clients("sesv2").send_email(**simple_v2())
    clients("sesv2").list_email_identities()
    with refused("AccessDenied", "ses:SendEmail", 403):
        clients("ses").send_email(**simple())
    with refused("AccessDenied", "ses:ListIdentities", 403):
        clients("ses").list_identities()


def policy(action, **more) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": action, "Resource": IDENTITY} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_stranger_sends_with_the_identitys_policy(server, owner, stranger):
    ses = owner("ses")
    lent = {"SourceArn": IDENTITY}
    because = f"arn:aws:iam::{STRANGER}:root is not authorized to perform: ses:SendEmail on resource: {IDENTITY} because no resource-based policy allows the ses:SendEmail action"
    with refused("AccessDenied", because, 403):
        stranger("ses").send_email(**simple(**lent))
    ses.put_identity_policy(Identity="shop.example", PolicyName="partners", Policy=policy(["ses:SendEmail", "ses:SendRawEmail"]))
    try:
        sent = stranger("ses").send_email(**simple(**lent))
        stranger("sesv2").send_email(**simple_v2(FromEmailAddressIdentityArn=IDENTITY))
        stranger("ses").send_raw_email(RawMessage={"Data": raw(more=f"X-SES-SOURCE-ARN: {IDENTITY}\r\n")}, SourceArn=IDENTITY)
        assert sent["MessageId"]
        # Without the ARN it is the stranger's own identity, which there is not.
        with refused("MessageRejected", "Email address is not verified", 400):
            stranger("ses").send_email(**simple())
        with refused("AccessDenied", "ses:SendTemplatedEmail", 403):
            stranger("ses").send_templated_email(Source=FROM, Destination={"ToAddresses": ["a@example.org"]}, Template="t", TemplateData="{}", **lent)
        # What is the owner's to do stays so.
        with refused("NotFoundException", "", 404):
            stranger("sesv2").get_email_identity(EmailIdentity="shop.example")
        condition = {"StringEquals": {"ses:FromAddress": "partner@shop.example"}}
        ses.put_identity_policy(Identity="shop.example", PolicyName="partners", Policy=policy("ses:SendEmail", Condition=condition))
        stranger("ses").send_email(**simple("partner@shop.example", **lent))
        with refused("AccessDenied", "because no resource-based policy allows", 403):
            stranger("ses").send_email(**simple(**lent))
    finally:
        ses.delete_identity_policy(Identity="shop.example", PolicyName="partners")
    with refused("AccessDenied", "because no resource-based policy allows", 403):
        stranger("ses").send_email(**simple("partner@shop.example", **lent))


def test_a_policy_can_deny_the_owners_own_users(owner, user):
    allow, clients = user
    allow("ses:*")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "ses:Send*", "Resource": IDENTITY,
            "Condition": {"ForAnyValue:StringLike": {"ses:Recipients": "*@rival.example"}}}
    owner("ses").put_identity_policy(Identity="shop.example", PolicyName="rivals", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    try:
        clients("ses").send_email(**simple())
        for to in (["a@rival.example"], ["a@example.org", "a@rival.example"]):
            with refused("AccessDenied", "with an explicit deny in a resource-based policy", 403):
                clients("ses").send_email(**simple(to=to))
            # A raw mail is no way round it.
            with refused("AccessDenied", "with an explicit deny in a resource-based policy", 403):
                clients("ses").send_raw_email(RawMessage={"Data": raw(to=", ".join(to))})
    finally:
        owner("ses").delete_identity_policy(Identity="shop.example", PolicyName="rivals")


def test_a_file_is_taken_over_for_whoever_may_read_it(owner, user):
    allow, clients = user
    owner("s3").create_bucket(Bucket="lists")
    owner("s3").put_object(Bucket="lists", Key="in/file", Body=b"a@example.org,BOUNCE\n")
    job = {"ImportDestination": {"SuppressionListDestination": {"SuppressionListImportAction": "PUT"}},
           "ImportDataSource": {"S3Url": "s3://lists/in/file", "DataFormat": "CSV"}}
    allow("ses:*")
    with refused("AccessDeniedException", "s3:GetObject on resource: arn:aws:s3:::lists/in/file", 403):
        clients("sesv2").create_import_job(**job)
    allow(["ses:*", "s3:GetObject"])
    assert clients("sesv2").create_import_job(**job)["JobId"]
