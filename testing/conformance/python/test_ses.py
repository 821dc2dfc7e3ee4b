"""SES, both versions of its API, as programs with boto3 use it."""

import json
import smtplib
from email.message import EmailMessage

import pytest
from botocore.exceptions import ClientError

from mails import SENDER, body, count, newest, read


@pytest.fixture(scope="module")
def ses(server):
    client = server.client("ses")
    client.verify_email_identity(EmailAddress=SENDER)
    return client


@pytest.fixture(scope="module")
def sesv2(server, ses):
    return server.client("sesv2")


def text(to: str, **more) -> dict:
    message = {"Subject": {"Data": "Grüße", "Charset": "UTF-8"}, "Body": {"Text": {"Data": "Hällo\nWelt"}, "Html": {"Data": "<b>Hällo</b>"}}}
    return {"Source": SENDER, "Destination": {"ToAddresses": [to]}, "Message": message, **more}


def test_an_identity_is_verified_at_once_and_asked_by_mail(server, ses):
    ses.verify_email_identity(EmailAddress="fresh@example.com")
    asked = newest(server, to="fresh@example.com")
    assert "/_tidegate/ses/verify?token=" in body(asked)
    found = ses.get_identity_verification_attributes(Identities=["fresh@example.com", "absent@example.com"])
    assert found["VerificationAttributes"] == {"fresh@example.com": {"VerificationStatus": "Success"}}
    ses.get_waiter("identity_exists").wait(Identities=["fresh@example.com"], WaiterConfig={"MaxAttempts": 1})
    assert "fresh@example.com" in ses.list_identities(IdentityType="EmailAddress")["Identities"]
    ses.delete_identity(Identity="fresh@example.com")
    assert "fresh@example.com" not in ses.list_identities()["Identities"]


def test_a_mail_is_read_as_it_was_written(server, ses):
    sent = ses.send_email(**text("Jürgen Ä <to@example.org>", ReplyToAddresses=["answers@example.com"]))
    mail = read(server, sent["MessageId"])
    assert (mail["From"], mail["To"], mail["Reply-To"]) == (SENDER, "Jürgen Ä <to@example.org>", "answers@example.com")
    assert mail["Subject"] == "Grüße"
    assert mail["Message-ID"] == f"<{sent['MessageId']}@email.amazonses.com>"
    assert body(mail).splitlines() == ["Hällo", "Welt"]
    assert body(mail, "html") == "<b>Hällo</b>"


def test_copies_and_blind_copies(server, ses):
    destination = {"ToAddresses": ["a@example.org"], "CcAddresses": ["b@example.org"], "BccAddresses": ["c@example.org"]}
    sent = ses.send_email(**{**text("x@example.org"), "Destination": destination})
    mail = read(server, sent["MessageId"])
    assert (mail["To"], mail["Cc"], mail["Bcc"]) == ("a@example.org", "b@example.org", None)
    details = server.request("GET", f"/_tidegate/mail/{sent['MessageId']}").json()
    assert details["envelope"] == {"from": SENDER, "to": ["a@example.org", "b@example.org", "c@example.org"]}


def test_a_raw_mail_with_an_attachment(server, ses, sesv2):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Me <{SENDER}>", "to@example.org", "Bericht für Mai"
    mail.set_content("see there")
    mail.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="täble.csv")
    one = ses.send_raw_email(RawMessage={"Data": mail.as_bytes()})
    two = sesv2.send_email(Content={"Raw": {"Data": mail.as_bytes()}})
    for sent in (one, two):
        found = read(server, sent["MessageId"])
        assert found["Subject"] == "Bericht für Mai"
        (attachment,) = found.iter_attachments()
        assert attachment.get_filename() == "täble.csv"
        assert attachment.get_content().replace("\r\n", "\n") == "a,b\n1,2\n"


def test_v2_simple_with_headers_and_attachments(server, sesv2):
    attachments = [
        {"FileName": "note.txt", "RawContent": b"hello"},
        {"FileName": "dot.png", "RawContent": b"\x89PNG\x00\xff", "ContentDisposition": "INLINE", "ContentId": "dot"},
    ]
    simple = {
        "Subject": {"Data": "s"},
        "Body": {"Html": {"Data": "<img src='cid:dot'>"}},
        "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://example.com/u>"}],
        "Attachments": attachments,
    }
    sent = sesv2.send_email(FromEmailAddress=SENDER, Destination={"ToAddresses": ["to@example.org"]}, Content={"Simple": simple})
    mail = read(server, sent["MessageId"])
    assert mail["List-Unsubscribe"] == "<https://example.com/u>"
    found = {part.get_content_type(): part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()}
    assert found["text/plain"] == b"hello" and found["image/png"] == b"\x89PNG\x00\xff"


def test_templates_render_and_say_what_is_missing(server, ses, sesv2):
    template = {"TemplateName": "welcome", "SubjectPart": "Hi {{name}}", "HtmlPart": "{{#each items}}<i>{{this}}</i>{{/each}}"}
    ses.create_template(Template=template)
    assert ses.get_template(TemplateName="welcome")["Template"] == template
    assert [line["Name"] for line in ses.list_templates()["TemplatesMetadata"]] == ["welcome"]
    data = json.dumps({"name": "Ann", "items": ["a", "b"]})
    rendered = ses.test_render_template(TemplateName="welcome", TemplateData=data)["RenderedTemplate"]
    assert "Subject: Hi Ann" in rendered and "<i>a</i><i>b</i>" in rendered
    with pytest.raises(ses.exceptions.MissingRenderingAttributeException) as caught:
        ses.test_render_template(TemplateName="welcome", TemplateData="{}")
    assert caught.value.response["Error"]["Message"] == "Attribute 'name' is not present in the rendering data."
    destination = {"ToAddresses": ["to@example.org"]}
    one = ses.send_templated_email(Source=SENDER, Destination=destination, Template="welcome", TemplateData=data)
    two = sesv2.send_email(FromEmailAddress=SENDER, Destination=destination, Content={"Template": {"TemplateName": "welcome", "TemplateData": data}})
    for sent in (one, two):
        assert read(server, sent["MessageId"])["Subject"] == "Hi Ann"
    ses.delete_template(TemplateName="welcome")
    with pytest.raises(ses.exceptions.TemplateDoesNotExistException):
        ses.get_template(TemplateName="welcome")


def test_bulk_mails_have_each_their_fate(server, sesv2):
    content = {"Subject": "{{n}}", "Text": "{{word}}"}
    sesv2.create_email_template(TemplateName="bulk", TemplateContent=content)
    entries = [
        {"Destination": {"ToAddresses": [f"to{n}@example.org"]}, "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": json.dumps({"n": n})}}}
        for n in range(3)
    ]
    entries[1]["Destination"]["ToAddresses"] = ["nobody"]
    answer = sesv2.send_bulk_email(
        FromEmailAddress=SENDER,
        DefaultContent={"Template": {"TemplateName": "bulk", "TemplateData": json.dumps({"n": -1, "word": "w"})}},
        BulkEmailEntries=entries,
    )["BulkEmailEntryResults"]
    assert [one["Status"] for one in answer] == ["SUCCESS", "INVALID_PARAMETER", "SUCCESS"]
    assert read(server, answer[2]["MessageId"])["Subject"] == "2"


def test_a_domain_signs_and_verifies_its_addresses(server, ses, sesv2):
    created = sesv2.create_email_identity(EmailIdentity="shop.example", Tags=[{"Key": "team", "Value": "web"}])
    assert created["IdentityType"] == "DOMAIN" and created["VerifiedForSendingStatus"] is True
    assert len(created["DkimAttributes"]["Tokens"]) == 3
    attributes = ses.get_identity_dkim_attributes(Identities=["shop.example"])["DkimAttributes"]["shop.example"]
    assert attributes == {"DkimEnabled": True, "DkimVerificationStatus": "Success", "DkimTokens": created["DkimAttributes"]["Tokens"]}
    ses.send_email(**{**text("to@example.org"), "Source": "anybody@shop.example"})
    ses.set_identity_mail_from_domain(Identity="shop.example", MailFromDomain="bounce.shop.example")
    found = sesv2.get_email_identity(EmailIdentity="shop.example")
    assert found["MailFromAttributes"]["MailFromDomain"] == "bounce.shop.example"
    assert found["Tags"] == [{"Key": "team", "Value": "web"}]
    token = ses.verify_domain_identity(Domain="shop.example")["VerificationToken"]
    assert ses.get_identity_verification_attributes(Identities=["shop.example"])["VerificationAttributes"]["shop.example"]["VerificationToken"] == token


def test_configuration_sets_through_both_apis(ses, sesv2):
    ses.create_configuration_set(ConfigurationSet={"Name": "both"})
    destination = {
        "Name": "metrics", "Enabled": True, "MatchingEventTypes": ["send", "bounce"],
        "CloudWatchDestination": {"DimensionConfigurations": [{"DimensionName": "d", "DimensionValueSource": "messageTag", "DefaultDimensionValue": "x"}]},
    }
    ses.create_configuration_set_event_destination(ConfigurationSetName="both", EventDestination=destination)
    found = ses.describe_configuration_set(ConfigurationSetName="both", ConfigurationSetAttributeNames=["eventDestinations", "reputationOptions"])
    assert found["EventDestinations"] == [destination]
    assert found["ReputationOptions"]["SendingEnabled"] is True
    (two,) = sesv2.get_configuration_set_event_destinations(ConfigurationSetName="both")["EventDestinations"]
    assert two["MatchingEventTypes"] == ["SEND", "BOUNCE"]
    assert two["CloudWatchDestination"]["DimensionConfigurations"][0]["DimensionValueSource"] == "MESSAGE_TAG"
    sesv2.put_configuration_set_suppression_options(ConfigurationSetName="both", SuppressedReasons=["BOUNCE"])
    assert sesv2.get_configuration_set(ConfigurationSetName="both")["SuppressionOptions"] == {"SuppressedReasons": ["BOUNCE"]}
    assert sesv2.list_configuration_sets()["ConfigurationSets"] == ["both"]
    ses.delete_configuration_set(ConfigurationSetName="both")


def test_the_suppression_list_holds_mail_back(server, sesv2):
    sesv2.put_suppressed_destination(EmailAddress="gone@example.org", Reason="COMPLAINT")
    found = sesv2.get_suppressed_destination(EmailAddress="gone@example.org")["SuppressedDestination"]
    assert (found["EmailAddress"], found["Reason"]) == ("gone@example.org", "COMPLAINT")
    simple = {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}
    sent = sesv2.send_email(FromEmailAddress=SENDER, Destination={"ToAddresses": ["gone@example.org"]}, Content={"Simple": simple})
    insights = sesv2.get_message_insights(MessageId=sent["MessageId"])["Insights"]
    assert [event["Type"] for event in insights[0]["Events"]] == ["SEND", "PERMANENT_BOUNCE"]
    sesv2.delete_suppressed_destination(EmailAddress="gone@example.org")
    assert sesv2.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []


def test_quota_and_statistics_count_recipients(ses, sesv2):
    before = ses.get_send_quota()["SentLast24Hours"]
    ses.send_email(**text("to@example.org"))
    ses.send_email(**text("bounce@simulator.amazonses.com"))
    assert ses.get_send_quota()["SentLast24Hours"] == before + 2
    points = ses.get_send_statistics()["SendDataPoints"]
    assert sum(point["DeliveryAttempts"] for point in points) == before + 2
    assert sum(point["Bounces"] for point in points) >= 1
    account = sesv2.get_account()
    assert account["ProductionAccessEnabled"] is True and account["SendQuota"]["SentLast24Hours"] == before + 2


def test_contacts(sesv2):
    topics = [{"TopicName": "news", "DisplayName": "News", "DefaultSubscriptionStatus": "OPT_OUT"}]
    sesv2.create_contact_list(ContactListName="list", Topics=topics)
    for n in range(5):
        status = "OPT_IN" if n % 2 else "OPT_OUT"
        sesv2.create_contact(ContactListName="list", EmailAddress=f"c{n}@example.org", TopicPreferences=[{"TopicName": "news", "SubscriptionStatus": status}])
    wanted = {"FilteredStatus": "OPT_IN", "TopicFilter": {"TopicName": "news"}}
    found = sesv2.list_contacts(ContactListName="list", Filter=wanted, PageSize=1)
    rest = sesv2.list_contacts(ContactListName="list", Filter=wanted, NextToken=found["NextToken"])
    assert [one["EmailAddress"] for one in found["Contacts"] + rest["Contacts"]] == ["c1@example.org", "c3@example.org"]
    sesv2.update_contact(ContactListName="list", EmailAddress="c1@example.org", UnsubscribeAll=True)
    assert sesv2.get_contact(ContactListName="list", EmailAddress="c1@example.org")["UnsubscribeAll"] is True
    sesv2.delete_contact_list(ContactListName="list")
    with pytest.raises(sesv2.exceptions.NotFoundException):
        sesv2.list_contacts(ContactListName="list")


def test_receipt_rules_are_kept_in_their_order(ses):
    ses.create_receipt_rule_set(RuleSetName="rules")
    for name, after in [("a", None), ("b", "a"), ("c", None)]:
        place = {"After": after} if after else {}
        ses.create_receipt_rule(RuleSetName="rules", Rule={"Name": name, "Enabled": True, "Actions": [{"StopAction": {"Scope": "RuleSet"}}]}, **place)
    names = lambda: [rule["Name"] for rule in ses.describe_receipt_rule_set(RuleSetName="rules")["Rules"]]
    assert names() == ["c", "a", "b"]
    ses.set_receipt_rule_position(RuleSetName="rules", RuleName="c", After="b")
    assert names() == ["a", "b", "c"]
    ses.reorder_receipt_rule_set(RuleSetName="rules", RuleNames=["c", "b", "a"])
    assert names() == ["c", "b", "a"]
    ses.clone_receipt_rule_set(RuleSetName="twin", OriginalRuleSetName="rules")
    ses.set_active_receipt_rule_set(RuleSetName="twin")
    assert ses.describe_active_receipt_rule_set()["Metadata"]["Name"] == "twin"
    with pytest.raises(ses.exceptions.CannotDeleteException):
        ses.delete_receipt_rule_set(RuleSetName="twin")
    ses.set_active_receipt_rule_set()
    ses.delete_receipt_rule_set(RuleSetName="twin")
    assert [one["Name"] for one in ses.list_receipt_rule_sets()["RuleSets"]] == ["rules"]


def test_policies_of_identities(ses, sesv2):
    statement = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "ses:SendEmail", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ses.put_identity_policy(Identity=SENDER, PolicyName="lend", Policy=policy)
    assert ses.list_identity_policies(Identity=SENDER)["PolicyNames"] == ["lend"]
    assert sesv2.get_email_identity_policies(EmailIdentity=SENDER)["Policies"] == {"lend": policy}
    ses.delete_identity_policy(Identity=SENDER, PolicyName="lend")
    assert ses.get_identity_policies(Identity=SENDER, PolicyNames=["lend"])["Policies"] == {}


def test_what_is_not_served_says_so(sesv2):
    with pytest.raises(ClientError) as caught:
        sesv2.list_recommendations()
    assert caught.value.response["Error"]["Code"] == "NotImplemented"


def test_mails_survive_the_servers_death(server, ses):
    sent = [ses.send_email(**text(f"to{n}@example.org"))["MessageId"] for n in range(5)]
    before = count(server)
    server.kill()
    server.start()
    assert count(server) == before
    for one in sent:
        assert read(server, one)["Subject"] == "Grüße"
    ses.send_email(**text("again@example.org"))
