"""Mail that comes in by SMTP, from Python's own client; its receipt rules are SES's."""

import smtplib
import socket
import ssl
from email.message import EmailMessage

import pytest

from tidegate import Server


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def server():
    port = free_port()
    with Server("--virtual-clock", "--tls", "--smtp-listen", str(port)) as server:
        server.smtp_port = port
        yield server


@pytest.fixture(scope="module")
def rules(server):
    """Whatever is sent to `here.example` is stored in a bucket."""
    ses, s3 = server.client("ses"), server.client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="inbox")
    ses.verify_domain_identity(Domain="here.example")
    ses.create_receipt_rule_set(RuleSetName="rules")
    rule = {"Name": "store", "Enabled": True, "Recipients": ["here.example"], "Actions": [{"S3Action": {"BucketName": "inbox"}}]}
    ses.create_receipt_rule(RuleSetName="rules", Rule=rule)
    ses.set_active_receipt_rule_set(RuleSetName="rules")
    return s3


def message(to="bob@here.example"):
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "ann@there.example", to, "Grüße"
    made.set_content(".\n..\nHällo\n")
    return made


def connect(server):
    return smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=30)


def test_a_mail_comes_in_and_is_stored_when_it_is_answered(server, rules):
    with connect(server) as smtp:
        assert smtp.send_message(message()) == {}
    server.kill()
    server.start()
    server.settle()
    stored = rules.list_objects_v2(Bucket="inbox")["Contents"]
    bodies = [rules.get_object(Bucket="inbox", Key=one["Key"])["Body"].read() for one in stored]
    assert any(b"Subject: =?utf-8?" in body and b"ann@there.example" in body for body in bodies)


def test_who_is_not_known_is_refused(server, rules):
    with connect(server) as smtp, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        smtp.send_message(message("bob@nowhere.example"))
    assert refused.value.recipients["bob@nowhere.example"][0] == 550


def test_starttls_with_the_certificate_of_the_server(server, rules):
    context = ssl.create_default_context(cafile=server.data / "tls" / "authority.pem")
    with smtplib.SMTP("localhost", server.smtp_port, timeout=30) as smtp:
        smtp.starttls(context=context)
        assert smtp.send_message(message()) == {}
        assert not smtp.has_extn("starttls"), "it is on already"


def test_what_is_too_large_is_refused_before_it_is_sent(server):
    with connect(server) as smtp:
        smtp.ehlo()
        assert int(smtp.esmtp_features["size"]) == 40 << 20
        code, _ = smtp.mail("a@there.example", [f"SIZE={41 << 20}"])
        assert code == 552


def test_only_this_machine_is_listened_to_unless_asked():
    server = Server("--smtp-listen", "0.0.0.0:0")
    try:
        with pytest.raises(RuntimeError, match="unsafe-no-auth"):
            server.start()
    finally:
        server.close()
