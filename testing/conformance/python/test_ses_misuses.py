"""Every line of the table of misuses of SES, through boto3 without its own checks, against AWS's answer."""

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from mails import SENDER, count
from misuses_ses import TABLE, TOPIC
from tidegate import REGION


@pytest.fixture(scope="module")
def aws(server):
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    clients = {
        name: boto3.client(
            name, endpoint_url=server.url, config=config, region_name=REGION,
            aws_access_key_id="test", aws_secret_access_key="test",
        )
        for name in ("ses", "sesv2")
    }
    one, two = clients["ses"], clients["sesv2"]
    one.verify_email_identity(EmailAddress=SENDER)
    one.verify_domain_identity(Domain="example.org")
    for name in ("set", "paused"):
        two.create_configuration_set(ConfigurationSetName=name)
    two.put_configuration_set_sending_options(ConfigurationSetName="paused", SendingEnabled=False)
    there = {"Name": "there", "Enabled": True, "MatchingEventTypes": ["bounce"], "SNSDestination": {"TopicARN": TOPIC}}
    one.create_configuration_set_event_destination(ConfigurationSetName="set", EventDestination=there)
    one.create_template(Template={"TemplateName": "t", "SubjectPart": "{{name}}"})
    one.create_receipt_rule_set(RuleSetName="rules")
    one.create_receipt_rule(RuleSetName="rules", Rule={"Name": "first", "Actions": []})
    one.set_active_receipt_rule_set(RuleSetName="rules")
    two.create_contact_list(ContactListName="list")
    two.create_contact(ContactListName="list", EmailAddress="c@example.org")
    two.create_dedicated_ip_pool(PoolName="pool")
    clients["mails"] = count(server)
    return clients


@pytest.mark.parametrize(("client", "operation", "parameters", "code", "message"), [line[1:] for line in TABLE], ids=[line[0] for line in TABLE])
def test_misuse_is_answered_in_aws_words(aws, client, operation, parameters, code, message):
    with pytest.raises(ClientError) as caught:
        getattr(aws[client], xform_name(operation))(**parameters)
    error = caught.value.response["Error"]
    said = error["Message"]
    assert (error["Code"], said[: len(message) - 1] + "…" if message.endswith("…") else said) == (code, message)


def test_nothing_was_sent(server, aws):
    assert count(server) == aws["mails"]


def test_the_table_is_as_long_as_promised_and_names_everything_once():
    assert len(TABLE) >= 80
    assert len({line[0] for line in TABLE}) == len(TABLE)
