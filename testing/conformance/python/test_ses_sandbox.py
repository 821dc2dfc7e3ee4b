"""SES where identities verify themselves by a link, and accounts are in the sandbox."""

import json
import re
from urllib.parse import urlsplit

import pytest

from mails import SENDER, body, newest
from tidegate import REGION

SERVER_ARGUMENTS = ["--virtual-clock", "--mail-verify", "manual", "--mail-sandbox"]
UNVERIFIED = "Email address is not verified. The following identities failed the check in region US-EAST-1: "


def text(to: str) -> dict:
    message = {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}
    return {"Source": SENDER, "Destination": {"ToAddresses": [to]}, "Message": message}


def click(server, address: str) -> None:
    """Follows the link of the mail that asks for an address."""
    link = urlsplit(re.search(r"http://\S+", body(newest(server, to=address))).group())
    answer = server.request("GET", f"{link.path}?{link.query}")
    assert (answer.status, answer.json()) == (200, {"identity": address, "status": "Success"})


def test_both_ends_are_verified_by_their_links(server):
    ses = server.client("ses")
    ses.verify_email_identity(EmailAddress=SENDER)
    with pytest.raises(ses.exceptions.MessageRejected) as caught:
        ses.send_email(**text("friend@example.org"))
    assert caught.value.response["Error"]["Message"] == UNVERIFIED + SENDER
    click(server, SENDER)
    with pytest.raises(ses.exceptions.MessageRejected) as caught:
        ses.send_email(**text("friend@example.org"))
    assert caught.value.response["Error"]["Message"] == UNVERIFIED + "friend@example.org"
    ses.verify_email_identity(EmailAddress="friend@example.org")
    click(server, "friend@example.org")
    ses.send_email(**text("friend@example.org"))
    ses.send_email(**text("success@simulator.amazonses.com"))
    assert ses.get_send_quota()["Max24HourSend"] == 200.0
    assert server.client("sesv2").get_account()["ProductionAccessEnabled"] is False


def test_the_day_passes(server):
    ses = server.client("ses")
    sent = int(ses.get_send_quota()["SentLast24Hours"])
    for _ in range(200 - sent):
        ses.send_email(**text("friend@example.org"))
    with pytest.raises(ses.exceptions.ClientError) as caught:
        ses.send_email(**text("friend@example.org"))
    assert caught.value.response["Error"]["Message"] == "Daily message quota exceeded."
    server.advance("PT25H")
    ses.send_email(**text("friend@example.org"))
