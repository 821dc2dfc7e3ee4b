"""Mail that comes in by SMTP, and what receipt rules do with it."""

import json
import smtplib
import socket

import pytest

from lambdas import python
from mails import newest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


PORT = free_port()
SERVER_ARGUMENTS = ["--virtual-clock", "--smtp-listen", f"127.0.0.1:{PORT}"]
MAIL = "From: writer@example.net\r\nTo: box@example.com\r\nSubject: hi\r\n\r\nbody\r\n"


@pytest.fixture(scope="module")
def ses(server):
    client = server.client("ses")
    client.verify_domain_identity(Domain="example.com")
    client.create_receipt_rule_set(RuleSetName="rules")
    client.set_active_receipt_rule_set(RuleSetName="rules")
    return client


def hand_in(to: str) -> None:
    with smtplib.SMTP("127.0.0.1", PORT, timeout=20) as smtp:
        smtp.sendmail("writer@example.net", [to], MAIL)


def test_nobody_is_there_without_a_rule(ses):
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        hand_in("box@example.com")


def test_a_mail_lies_in_the_bucket(server, ses, s3):
    s3.create_bucket(Bucket="inbox")
    action = {"S3Action": {"BucketName": "inbox", "ObjectKeyPrefix": "mails/"}}
    ses.create_receipt_rule(RuleSetName="rules", Rule={"Name": "store", "Enabled": True, "Recipients": ["box@example.com"], "Actions": [action]})
    hand_in("box@example.com")
    (found,) = s3.list_objects_v2(Bucket="inbox")["Contents"]
    assert found["Key"].startswith("mails/")
    content = s3.get_object(Bucket="inbox", Key=found["Key"])["Body"].read()
    assert content.endswith(b"\r\n\r\nbody\r\n") and b"Subject: hi\r\n" in content
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        hand_in("other@example.com")


def test_a_function_looks_at_it_and_stops_the_rules(server, ses, s3):
    code = "import json\ndef handler(event, context):\n    print(json.dumps(event))\n    return {'disposition': 'STOP_RULE_SET'}\n"
    arn = server.client("lambda").create_function(FunctionName="looks", **python(code))["FunctionArn"]
    action = {"LambdaAction": {"FunctionArn": arn, "InvocationType": "RequestResponse"}}
    ses.create_receipt_rule(RuleSetName="rules", Rule={"Name": "look", "Enabled": True, "Recipients": ["example.com"], "Actions": [action]})
    before = s3.list_objects_v2(Bucket="inbox")["KeyCount"]
    hand_in("box@example.com")
    assert s3.list_objects_v2(Bucket="inbox")["KeyCount"] == before, "the rule behind was not followed"
    server.settle()
    lines = server.client("logs").filter_log_events(logGroupName="/aws/lambda/looks")["events"]
    records = [json.loads(line["message"]) for line in lines if line["message"].startswith("{")]
    assert records[0]["Records"][0]["ses"]["mail"]["commonHeaders"]["subject"] == "hi"
    assert records[0]["Records"][0]["ses"]["receipt"]["recipients"] == ["box@example.com"]


def test_who_logs_in_sends(server, ses):
    with smtplib.SMTP("127.0.0.1", PORT, timeout=20) as smtp:
        smtp.login("test", "test")
        smtp.sendmail("me@example.com", ["to@example.org"], "From: me@example.com\r\nTo: to@example.org\r\nSubject: out\r\n\r\nx\r\n")
        assert newest(server)["Subject"] == "out"
        with pytest.raises(smtplib.SMTPException, match="Email address is not verified"):
            smtp.sendmail("me@example.net", ["to@example.org"], "From: me@example.net\r\n\r\nx\r\n")
