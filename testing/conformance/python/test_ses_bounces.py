"""What a relay refuses comes back: to the sender by mail, onto the suppression list, into the statistics."""

import email
import email.policy

import pytest

from mails import read
from relay import Relay
from tidegate import Server


def contents(mail):
    """What a bounce says to people, and what it says to programs of the first recipient."""
    (report,) = [part for part in mail.walk() if part.get_content_type() == "message/delivery-status"]
    assert report["Content-Transfer-Encoding"] == "7bit"
    _, first = report.get_payload()[:2]
    return mail.get_body(("plain",)).get_content(), first


@pytest.fixture
def relayed():
    with Relay() as relay, Server("--virtual-clock", "--smtp", relay.url) as server:
        sesv2 = server.client("sesv2")
        sesv2.create_email_identity(EmailIdentity="shop.example")
        server.settle()
        relay.mails.clear()
        yield relay, server, sesv2


def send(sesv2, *to, **more):
    content = {"Simple": {"Subject": {"Data": "Your order"}, "Body": {"Text": {"Data": "t"}}}}
    return sesv2.send_email(FromEmailAddress="Shop <shop@shop.example>", Destination={"ToAddresses": list(to)}, Content=content, **more)["MessageId"]


def events(sesv2, sent):
    found = sesv2.get_message_insights(MessageId=sent)["Insights"]
    return {one["Destination"]: [event["Type"] for event in one["Events"]] for one in found}


def bounce_mails(relay):
    return [email.message_from_bytes(mail["mime"], policy=email.policy.default) for mail in relay.mails if mail["from"] == ""]


def test_a_hard_bounce_is_told_to_its_sender_and_remembered(relayed):
    relay, server, sesv2 = relayed
    relay.once("RCPT TO:<no@example.com>", "550 5.1.1 no such user here")
    sent = send(sesv2, "yes@example.com", "no@example.com")
    server.settle()
    assert events(sesv2, sent) == {"yes@example.com": ["SEND", "DELIVERY"], "no@example.com": ["SEND", "PERMANENT_BOUNCE"]}
    (returned,) = bounce_mails(relay)
    assert "shop@shop.example" in str(returned["To"]) and "Failure" in returned["Subject"]
    text, status = contents(returned)
    assert "no@example.com" in text and "550 5.1.1 no such user here" in text and "yes@example.com" not in text
    assert (status["Final-Recipient"], status["Action"], status["Status"]) == ("rfc822; no@example.com", "failed", "5.1.1")
    assert status["Diagnostic-Code"] == "smtp; 550 5.1.1 no such user here"
    suppressed = sesv2.get_suppressed_destination(EmailAddress="no@example.com")["SuppressedDestination"]
    assert (suppressed["Reason"], suppressed["Attributes"]["MessageId"]) == ("BOUNCE", sent)
    (point,) = server.client("ses").get_send_statistics()["SendDataPoints"]
    assert (point["DeliveryAttempts"], point["Bounces"], point["Complaints"]) == (2, 1, 0)
    # From now on nothing is sent there, and the relay is not asked again.
    asked = len([command for command in relay.commands if "no@example.com" in command])
    again = send(sesv2, "no@example.com")
    server.settle()
    assert events(sesv2, again)["no@example.com"] == ["SEND", "PERMANENT_BOUNCE"]
    assert len([command for command in relay.commands if "no@example.com" in command]) == asked


def test_the_whole_mail_is_refused(relayed):
    relay, server, sesv2 = relayed
    relay.once(".", "554 5.7.1 looks like spam")
    sent = send(sesv2, "a@example.com", "b@example.com")
    server.settle()
    assert set(map(tuple, events(sesv2, sent).values())) == {("SEND", "PERMANENT_BOUNCE")}
    (returned,) = bounce_mails(relay)
    assert contents(returned)[0].count("554 5.7.1 looks like spam") == 2


def test_patience_runs_out_as_a_soft_bounce(relayed):
    relay, server, sesv2 = relayed
    relay.once("RCPT TO:<full@example.com>", "452 4.2.2 mailbox full", times=1000)
    sent = send(sesv2, "full@example.com")
    server.settle()
    assert events(sesv2, sent)["full@example.com"] == ["SEND"]
    server.advance("PT15H")
    assert events(sesv2, sent)["full@example.com"] == ["SEND", "TRANSIENT_BOUNCE"]
    (returned,) = bounce_mails(relay)
    text, status = contents(returned)
    assert "452 4.2.2 mailbox full" in text and status["Status"] == "4.4.7"
    with pytest.raises(sesv2.exceptions.NotFoundException):
        sesv2.get_suppressed_destination(EmailAddress="full@example.com")


def test_bounces_go_where_the_sender_wants_them(relayed):
    relay, server, sesv2 = relayed
    relay.once("RCPT TO:<no@example.com>", "550 5.1.1 no", times=2)
    send(sesv2, "no@example.com", FeedbackForwardingEmailAddress="bounces@shop.example")
    server.settle()
    (mail,) = [mail for mail in relay.mails if mail["from"] == ""]
    assert mail["to"] == ["bounces@shop.example"]


def test_a_bounce_of_a_bounce_ends_there(relayed):
    relay, server, sesv2 = relayed
    relay.once("RCPT TO:<no@example.com>", "550 5.1.1 no")
    relay.once("RCPT TO:<shop@shop.example>", "550 5.1.1 the sender neither")
    send(sesv2, "no@example.com")
    server.settle()
    assert bounce_mails(relay) == []
    listed = server.request("GET", "/_tidegate/mail").json()["messages"]
    assert len(listed) == 2, "the mail and its bounce"
    assert read(server, listed[0]["id"])["Subject"].startswith("Delivery Status Notification")
