"""How domains sign their mails: what leaves is verified by a program that knows nothing of us."""

import base64
import email
import subprocess
from email.message import EmailMessage

import pytest

from mails import read
from queues import refused
from relay import Relay
from tidegate import Server


@pytest.fixture(scope="module")
def sesv2(server):
    return server.client("sesv2")


def simple(source, subject="Grüße aus Köln", **more):
    body = {"Text": {"Data": "Hällo\n\nWelt  \n\n\n"}, "Html": {"Data": "<p>Hällo</p>" * 100}}
    content = {"Simple": {"Subject": {"Data": subject}, "Body": body}}
    return {"FromEmailAddress": source, "Destination": {"ToAddresses": ["a@example.org", "b@example.org"]}, "Content": content} | more


def raw(server, sent) -> bytes:
    return server.request("GET", f"/_tidegate/mail/{sent['MessageId']}/raw").body


def records(server, domain) -> dict[bytes, bytes]:
    """What a name server would have to answer."""
    found = server.request("GET", f"/_tidegate/ses/dkim?domain={domain}").json()
    return {one["name"].encode(): one["value"].encode() for one in found["records"]}


def verifies(server, mime: bytes, domain: str) -> bool:
    known = records(server, domain)
    import dkim  # which only the newest SDK's environment has

    return dkim.verify(mime, dnsfunc=lambda name, **_: known.get(name.rstrip(b".")))


def tags(mime: bytes) -> dict[str, str]:
    value = email.message_from_bytes(mime)["DKIM-Signature"]
    return {name.strip(): "".join(text.split()) for name, _, text in (part.partition("=") for part in value.split(";"))}


def test_a_domains_mails_are_signed(server, sesv2):
    made = sesv2.create_email_identity(EmailIdentity="signed.example")
    sent = sesv2.send_email(**simple("Shop <shop@signed.example>", Destination={"ToAddresses": ["a@example.org"], "CcAddresses": ["c@example.org"]}))
    mime = raw(server, sent)
    own = tags(mime)
    assert (own["d"], own["a"], own["c"]) == ("signed.example", "rsa-sha256", "relaxed/relaxed")
    assert own["s"] == made["DkimAttributes"]["Tokens"][0]
    for name in ("From", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"):
        assert name in own["h"].split(":")
    assert verifies(server, mime, "signed.example")
    assert not verifies(server, mime.replace(b"example.org", b"example.net", 1), "signed.example")
    assert not verifies(server, mime.replace(b"H=C3=A4llo", b"H=C3=B6llo", 1), "signed.example")
    key = base64.b64decode(records(server, "signed.example")[f"{own['s']}._domainkey.signed.example".encode()].split(b"p=")[1])
    assert 256 < len(key) < 300, "2048 bits"


@pytest.mark.parametrize("mail", [
    b"From: a@raw.example\r\nTo: b@example.org\r\nSubject: x\r\n\r\nbody",
    b"From: a@raw.example\nTo: b@example.org,\n c@example.org\nSubject:   folded \n\t subject\nX-SES-MESSAGE-TAGS: a=b\n\n a \t b  \n\n.\n..\n\n\n",
    b"From: a@raw.example\r\nTo: b@example.org\r\n\r\n",
    b"Received: from x\r\nFrom: a@raw.example\r\nTo: b@example.org\r\nList-Unsubscribe: <https://x/>\r\nSubject: =?utf-8?b?w6Q=?=\r\n\r\n" + b"x" * 5000,
])
def test_raw_mails_are_signed(server, sesv2, mail):
    if not [one for one in sesv2.list_email_identities()["EmailIdentities"] if one["IdentityName"] == "raw.example"]:
        sesv2.create_email_identity(EmailIdentity="raw.example")
    mime = raw(server, sesv2.send_email(Content={"Raw": {"Data": mail}}))
    assert verifies(server, mime, "raw.example")


def test_attachments_and_long_lines(server, sesv2):
    sesv2.create_email_identity(EmailIdentity="long.example")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@long.example", "b@example.org", "long " * 60
    mail.set_content("Ä" * 3000)
    mail.add_attachment(bytes(range(256)) * 200, maintype="application", subtype="octet-stream", filename="x.bin")
    assert verifies(server, raw(server, sesv2.send_email(Content={"Raw": {"Data": mail.as_bytes()}})), "long.example")


def test_addresses_and_subdomains_are_signed_by_the_domain(server, sesv2):
    sesv2.create_email_identity(EmailIdentity="parent.example")
    sesv2.create_email_identity(EmailIdentity="me@parent.example")
    for source in ("me@parent.example", "x@deep.below.parent.example"):
        mime = raw(server, sesv2.send_email(**simple(source)))
        assert tags(mime)["d"] == "parent.example"
        assert verifies(server, mime, "parent.example")


def test_who_does_not_sign(server, sesv2):
    sesv2.create_email_identity(EmailIdentity="alone@elsewhere.example")
    assert read(server, sesv2.send_email(**simple("alone@elsewhere.example"))["MessageId"])["DKIM-Signature"] is None
    sesv2.create_email_identity(EmailIdentity="off.example")
    sesv2.put_email_identity_dkim_attributes(EmailIdentity="off.example", SigningEnabled=False)
    assert read(server, sesv2.send_email(**simple("a@off.example"))["MessageId"])["DKIM-Signature"] is None
    sesv2.put_email_identity_dkim_attributes(EmailIdentity="off.example", SigningEnabled=True)
    assert verifies(server, raw(server, sesv2.send_email(**simple("a@off.example"))), "off.example")
    # Version 1 of the API: signing is asked for by an operation of its own.
    ses = server.client("ses")
    ses.verify_domain_identity(Domain="one.example")
    assert read(server, sesv2.send_email(**simple("a@one.example"))["MessageId"])["DKIM-Signature"] is None
    ses.verify_domain_dkim(Domain="one.example")
    assert verifies(server, raw(server, sesv2.send_email(**simple("a@one.example"))), "one.example")


def private_key(bits: int, form: str) -> str:
    key = subprocess.run(["openssl", "genrsa", "-traditional", str(bits)], check=True, capture_output=True).stdout
    if form == "pkcs8":
        key = subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt"], check=True, capture_output=True, input=key).stdout
    return "".join(line for line in key.decode().splitlines() if not line.startswith("-----"))


@pytest.mark.parametrize("bits, form", [(1024, "pkcs1"), (2048, "pkcs1"), (2048, "pkcs8")])
def test_a_key_that_the_owner_brings(server, sesv2, bits, form):
    domain = f"own{bits}{form}.example"
    signing = {"DomainSigningSelector": "mine", "DomainSigningPrivateKey": private_key(bits, form)}
    made = sesv2.create_email_identity(EmailIdentity=domain, DkimSigningAttributes=signing)["DkimAttributes"]
    assert (made["SigningAttributesOrigin"], made["Tokens"]) == ("EXTERNAL", ["mine"])
    mime = raw(server, sesv2.send_email(**simple(f"a@{domain}")))
    assert tags(mime)["s"] == "mine" and verifies(server, mime, domain)
    assert signing["DomainSigningPrivateKey"] not in str(sesv2.get_email_identity(EmailIdentity=domain))
    # And back to SES's own.
    sesv2.put_email_identity_dkim_signing_attributes(EmailIdentity=domain, SigningAttributesOrigin="AWS_SES", SigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"})
    mime = raw(server, sesv2.send_email(**simple(f"a@{domain}")))
    assert tags(mime)["s"] != "mine" and verifies(server, mime, domain)


def test_a_key_that_is_none(sesv2):
    for key in ("AAAA", private_key(1024, "pkcs1")[:100]):
        with refused("BadRequestException", "", 400):
            sesv2.create_email_identity(EmailIdentity="bad.example", DkimSigningAttributes={"DomainSigningSelector": "s", "DomainSigningPrivateKey": key})
    with refused("NotFoundException", "", 404):
        sesv2.get_email_identity(EmailIdentity="bad.example")


def test_what_leaves_is_signed_and_the_key_survives(tmp_path):
    with Relay() as relay, Server("--virtual-clock", "--smtp", relay.url) as server:
        sesv2 = server.client("sesv2")
        sesv2.create_email_identity(EmailIdentity="leaves.example")
        sesv2.send_email(**simple("a@leaves.example"))
        server.settle()
        assert verifies(server, relay.mails[-1]["mime"], "leaves.example")
        before = records(server, "leaves.example")
        server.kill()
        server.start()
        assert records(server, "leaves.example") == before
        server.client("sesv2").send_email(**simple("a@leaves.example", "again"))
        server.settle()
        assert verifies(server, relay.mails[-1]["mime"], "leaves.example")
