"""The mailbox that mails end in, as tests look into it."""

import email
import email.policy
from urllib.parse import urlencode

SENDER = "sender@example.com"


def newest(server, **search) -> "email.message.EmailMessage":
    """The newest mail, parsed; its id is `mail["X-Id"]`."""
    query = urlencode({**search, "limit": 1})
    (line,) = server.request("GET", f"/_tidegate/mail?{query}").json()["messages"]
    return read(server, line["id"])


def read(server, message_id: str) -> "email.message.EmailMessage":
    found = server.request("GET", f"/_tidegate/mail/{message_id}/raw")
    assert found.status == 200, found
    mail = email.message_from_bytes(found.body, policy=email.policy.default)
    mail["X-Id"] = message_id
    return mail


def count(server) -> int:
    return server.request("GET", "/_tidegate/mail").json()["count"]


def body(mail, kind="plain") -> str:
    return mail.get_body((kind,)).get_content().rstrip("\r\n")
