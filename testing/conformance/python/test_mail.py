"""The mailbox: what was sent, as JSON, in LocalStack's shape and as a page."""

import email
import email.policy
import json
from email.message import EmailMessage

import pytest

from tidegate import Server

SERVER_ARGUMENTS = ["--virtual-clock", "--mail-keep", "100"]
SENDER = "Änne <sender@example.com>"


@pytest.fixture(scope="module")
def ses(server):
    client = server.client("ses")
    client.verify_email_identity(EmailAddress="sender@example.com")
    return client


@pytest.fixture(autouse=True)
def empty(server):
    assert server.request("DELETE", "/_tidegate/mail").status == 200


def send(ses, to="bob@example.com", subject="Grüße", text="Hallo", **more):
    body = {"Text": {"Data": text}, **more}
    answer = ses.send_email(
        Source="sender@example.com",
        Destination={"ToAddresses": [to]},
        Message={"Subject": {"Data": subject}, "Body": body},
    )
    return answer["MessageId"]


def get(server, path):
    answer = server.request("GET", path)
    assert answer.status == 200, answer
    return answer.json()


def test_a_sent_mail_is_listed_and_shown(server, ses):
    sent = send(ses, Html={"Data": "<p>Hallo</p>"})
    listed = get(server, "/_tidegate/mail")
    assert listed["count"] == 1
    line = listed["messages"][0]
    assert (line["id"], line["subject"], line["to"]) == (sent, "Grüße", ["bob@example.com"])
    assert (line["account"], line["region"]) == ("000000000000", "us-east-1")
    shown = get(server, f"/_tidegate/mail/{sent}")
    assert shown["html"].strip() == "<p>Hallo</p>" and shown["text"].strip() == "Hallo"
    raw = server.request("GET", f"/_tidegate/mail/{sent}/raw")
    assert raw.headers["Content-Type"].startswith("text/plain")
    parsed = email.message_from_bytes(raw.body, policy=email.policy.default)
    assert parsed["Subject"] == "Grüße" and parsed["To"] == "bob@example.com"


def test_attachments_come_back_as_they_were(server, ses):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "sender@example.com", "bob@example.com", "files"
    message.set_content("see the files")
    contents = {"a.bin": bytes(range(256)) * 4000, "leer.txt": b"", "ü ß.csv": "ä;ö\n".encode()}
    for name, content in contents.items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    sent = ses.send_raw_email(RawMessage={"Data": message.as_bytes()})["MessageId"]
    shown = get(server, f"/_tidegate/mail/{sent}")
    assert [one["name"] for one in shown["attachments"]] == list(contents)
    for one in shown["attachments"]:
        answer = server.request("GET", f"/_tidegate/mail/{sent}/attachments/{one['index']}")
        assert answer.body == contents[one["name"]], one
        assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert server.request("GET", f"/_tidegate/mail/{sent}/attachments/3").status == 404


def test_the_list_goes_on_and_is_searched(server, ses):
    for number in range(12):
        send(ses, to=f"user{number}@example.com", subject=f"Number {number}")
    seen, cursor = [], ""
    while cursor is not None:
        page = get(server, f"/_tidegate/mail?limit=5&cursor={cursor}")
        seen += [one["subject"] for one in page["messages"]]
        cursor = page["cursor"]
    assert seen == [f"Number {number}" for number in reversed(range(12))]
    assert [one["subject"] for one in get(server, "/_tidegate/mail?to=user7%40")["messages"]] == ["Number 7"]
    assert len(get(server, "/_tidegate/mail?q=NUMBER%201")["messages"]) == 3
    assert get(server, "/_tidegate/mail?from=nobody")["messages"] == []


def test_localstacks_shape(server, ses):
    first, second = send(ses, subject="one"), send(ses, subject="two", Html={"Data": "<b>x</b>"})
    messages = get(server, "/_aws/ses")["messages"]
    assert [one["Id"] for one in messages] == [first, second]
    one = messages[1]
    assert one["Region"] == "us-east-1" and one["Subject"] == "two" and one["Source"] == "sender@example.com"
    assert one["Destination"]["ToAddresses"] == ["bob@example.com"]
    assert one["Body"]["text_part"].strip() == "Hallo" and one["Body"]["html_part"].strip() == "<b>x</b>"
    assert [one["Id"] for one in get(server, f"/_aws/ses?id={first}")["messages"]] == [first]
    assert get(server, "/_aws/ses?email=other@example.com")["messages"] == []
    assert len(get(server, "/_aws/ses?email=sender@example.com")["messages"]) == 2
    assert server.request("DELETE", f"/_aws/ses?id={first}").status == 204
    assert [one["Id"] for one in get(server, "/_aws/ses")["messages"]] == [second]


def test_the_oldest_go_when_there_are_too_many(server, ses):
    for number in range(130):
        send(ses, subject=f"Number {number}")
    server.settle()
    listed = get(server, "/_tidegate/mail?limit=1")
    assert 100 <= listed["count"] <= 106
    assert listed["messages"][0]["subject"] == "Number 129"


def test_the_mailbox_outlives_a_kill(server, ses):
    sent = [send(ses, subject=f"{number}", text="x" * 90_000) for number in range(3)]
    before = [server.request("GET", f"/_tidegate/mail/{one}/raw").body for one in sent]
    server.kill()
    server.start()
    assert get(server, "/_tidegate/mail")["count"] == 3
    assert [server.request("GET", f"/_tidegate/mail/{one}/raw").body for one in sent] == before


def test_where_permissions_are_enforced_the_mailbox_needs_the_admin_key():
    with Server("--auth", "enforce") as server:
        key = {"x-tidegate-admin-key": (server.data / "admin-key").read_text().strip()}
        for path in ("/_tidegate/mail", "/_tidegate/mail/x/raw", "/_aws/ses"):
            assert server.request("GET", path).status == 403, path
            assert server.request("DELETE", path).status == 403, path
        assert server.request("GET", "/_tidegate/mail", headers=key).status == 200
        assert server.request("GET", "/_aws/ses", headers=key).json() == {"messages": []}
        # What holds no mail is open: a browser's address line sends no key.
        page = server.request("GET", "/_tidegate/mail.html")
        assert page.status == 200 and b"admin-key" in page.body


def test_the_page_is_one_that_a_browser_can_trust(server):
    page = server.request("GET", "/_tidegate/mail", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.headers["Content-Type"].startswith("text/html")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    for asset in ("mail.js", "mail.css", "mail.html"):
        assert server.request("GET", f"/_tidegate/{asset}").status == 200
    browser = {"Origin": "https://evil.example"}
    assert server.request("GET", "/_tidegate/mail", headers=browser).status == 403
    assert server.request("DELETE", "/_tidegate/mail", headers=browser).status == 403
    assert server.request("GET", "/_tidegate/mail", headers={"Host": "evil.example"}).status == 403
    assert server.request("POST", "/_tidegate/mail", "{}").status == 405
    index = json.dumps(get(server, "/_tidegate"))
    assert "/_tidegate/mail.html" in index
