"""Links that lead through SES and the picture at a mail's end: where a configuration set asks for it, and only there."""

import re
import urllib.request
from email.message import EmailMessage

import pytest

from mails import body, read

LINK = re.compile(r'href="([^"]*)"')
PICTURE = re.compile(r'src="([^"]*/_tidegate/ses/open/[^"]*)"')
HTML = """<html><body><a href="https://example.com/a?b=1&amp;c=%20ä">one</a>
<a ses:tags="campaign:spring;kind:button;" href='http://example.com/two'>two</a>
<a ses:no-track href="https://example.com/quiet">three</a> <a href="mailto:a@example.com">four</a></body></html>"""


@pytest.fixture(scope="module")
def sesv2(server):
    client = server.client("sesv2")
    client.create_email_identity(EmailIdentity="shop@shop.example")
    for name, events in [("both", ["OPEN", "CLICK"]), ("opens", ["OPEN"]), ("clicks", ["CLICK"]), ("neither", ["SEND"])]:
        client.create_configuration_set(ConfigurationSetName=name)
        target = {"EventBridgeDestination": {"EventBusArn": "arn:aws:events:us-east-1:000000000000:event-bus/default"}}
        destination = {"Enabled": True, "MatchingEventTypes": events, **target}
        client.create_configuration_set_event_destination(ConfigurationSetName=name, EventDestinationName="bus", EventDestination=destination)
    return client


def send(sesv2, html=HTML, **more):
    content = {"Simple": {"Subject": {"Data": "s"}, "Body": {"Html": {"Data": html}, "Text": {"Data": "https://example.com/plain"}}}}
    return sesv2.send_email(FromEmailAddress="shop@shop.example", Destination={"ToAddresses": ["a@example.org"]}, Content=content, **more)["MessageId"]


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def follow(url):
    """Where a link leads: the status and the address."""
    try:
        answer = urllib.request.build_opener(Stay).open(urllib.request.Request(url, headers={"User-Agent": "Reader/1.0"}))
    except urllib.error.HTTPError as answered:
        answer = answered
    return answer.status, answer.headers.get("Location"), answer.read()


def happened(sesv2, sent):
    (insight,) = sesv2.get_message_insights(MessageId=sent)["Insights"]
    return [event["Type"] for event in insight["Events"]]


def test_links_and_opens_are_heard_of(server, sesv2):
    sent = send(sesv2, ConfigurationSetName="both")
    mail = read(server, sent)
    html = body(mail, "html")
    one, two, quiet, address = LINK.findall(html)
    assert (quiet, address) == ("https://example.com/quiet", "mailto:a@example.com")
    assert "ses:" not in html.replace("/_tidegate/ses/", "")
    assert body(mail) == "https://example.com/plain"
    assert one.startswith(server.url) and two.startswith(server.url)
    status, to, _ = follow(one)
    assert (status, to.encode("latin-1").decode()) == (302, "https://example.com/a?b=1&c=%20ä")
    assert follow(two)[:2] == (302, "http://example.com/two")
    assert html.rstrip().endswith("</body></html>")
    (picture,) = PICTURE.findall(html)
    status, _, image = follow(picture)
    assert status == 200 and image.startswith(b"GIF89a")
    assert happened(sesv2, sent) == ["SEND", "DELIVERY", "CLICK", "CLICK", "OPEN"]


def test_only_what_is_asked_for(server, sesv2):
    for name, links, pictures in [("opens", 0, 1), ("clicks", 2, 0), ("neither", 0, 0), (None, 0, 0)]:
        more = {"ConfigurationSetName": name} if name else {}
        html = body(read(server, send(sesv2, **more)), "html")
        assert len([link for link in LINK.findall(html) if "/ses/click/" in link]) == links, name
        assert len(PICTURE.findall(html)) == pictures, name


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_raw_mails_too(server, sesv2, encoding):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@shop.example", "a@example.org", "Grüße"
    mail.set_content("plain https://example.com/plain")
    mail.add_alternative(HTML, subtype="html", cte=encoding)
    mail.add_attachment(HTML, subtype="html", filename="page.html")
    sent = sesv2.send_email(Content={"Raw": {"Data": mail.as_bytes()}}, ConfigurationSetName="both")["MessageId"]
    found = read(server, sent)
    html = body(found, "html")
    assert "one</a>" in html and len(PICTURE.findall(html)) == 1
    links = re.findall(r'href=\s*"([^"]*/ses/click/[^"]*)"', html)
    assert follow(links[1])[:2] == (302, "http://example.com/two")
    (attachment,) = found.iter_attachments()
    assert "/ses/click/" not in attachment.get_content()


def test_the_picture_is_where_its_sender_wants_it(server, sesv2):
    html = body(read(server, send(sesv2, "<p>a</p>{{ses:openTracker}}<p>b</p>", ConfigurationSetName="opens")), "html")
    assert re.fullmatch(r'<p>a</p>\s*<img alt="" src="[^"]*"\s+style="[^"]*">\s*<p>b</p>', html.strip())


def test_nobody_is_led_elsewhere_by_us(server, sesv2):
    sent = send(sesv2, ConfigurationSetName="both")
    link = next(link for link in LINK.findall(body(read(server, sent), "html")) if "/ses/click/" in link)
    before, _, token = link.rpartition("/")
    text, _, code = token.partition(".")
    for forged in [text, f"{text}.", f"{text}.{code[:-4]}", f"A{text[1:]}.{code}", f"{text}.{'A' * len(code)}", "x.y", ""]:
        assert follow(f"{before}/{forged}")[0] == 404
    assert follow(link.replace("/click/", "/open/"))[0] == 404
    assert happened(sesv2, sent) == ["SEND", "DELIVERY"]


def test_a_tracked_mail_is_signed_as_it_is(server, sesv2):
    sesv2.create_email_identity(EmailIdentity="tracked.example")
    content = {"Simple": {"Subject": {"Data": "s"}, "Body": {"Html": {"Data": HTML}}}}
    sent = sesv2.send_email(FromEmailAddress="a@tracked.example", Destination={"ToAddresses": ["b@example.org"]}, Content=content, ConfigurationSetName="both")
    mime = server.request("GET", f"/_tidegate/mail/{sent['MessageId']}/raw").body
    (record,) = server.request("GET", "/_tidegate/ses/dkim?domain=tracked.example").json()["records"]
    assert b"/ses/click/" in mime.replace(b"=\r\n", b"")
    import dkim  # which only the newest SDK's environment has

    assert dkim.verify(mime, dnsfunc=lambda name, **_: record["value"].encode())


def test_a_link_leads_on_when_its_mail_is_forgotten(server, sesv2):
    # The last one, because it moves the clock: whoever verifies a signature does not believe in the future.
    sent = send(sesv2, ConfigurationSetName="both")
    link = next(link for link in LINK.findall(body(read(server, sent), "html")) if "/ses/click/" in link)
    server.advance("P20D")
    server.kill()
    server.start()
    assert follow(link)[0] == 302
