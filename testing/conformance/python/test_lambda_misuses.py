"""Every line of the table of misuses of Lambda, through boto3 without its own checks, against AWS's answer."""

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from lambdas import python, zipped
from misuses_lambda import NAME, TABLE
from tidegate import REGION


@pytest.fixture(scope="module")
def aws(server):
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    client = boto3.client(
        "lambda", endpoint_url=server.url, config=config, region_name=REGION,
        aws_access_key_id="test", aws_secret_access_key="test",
    )
    client.create_function(FunctionName=NAME, Publish=True, **python())
    client.update_function_code(FunctionName=NAME, ZipFile=zipped(index__py="def handler(*_): pass"), Publish=True)
    client.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    client.create_function_url_config(FunctionName=NAME, AuthType="NONE")
    sqs = server.client("sqs")
    sqs.create_queue(QueueName=NAME)
    sqs.create_queue(QueueName=f"{NAME}.fifo", Attributes={"FifoQueue": "true"})
    sqs.create_queue(QueueName="brief", Attributes={"VisibilityTimeout": "1"})
    return client


@pytest.mark.parametrize(("operation", "parameters", "code", "message"), [line[1:] for line in TABLE], ids=[line[0] for line in TABLE])
def test_misuse_is_answered_in_aws_words(aws, operation, parameters, code, message):
    with pytest.raises(ClientError) as caught:
        getattr(aws, xform_name(operation))(**parameters)
    error = caught.value.response["Error"]
    said = error["Message"]
    assert (error["Code"], said[: len(message) - 1] + "…" if message.endswith("…") else said) == (code, message)


def test_the_table_is_as_long_as_promised_and_names_everything_once():
    assert len(TABLE) >= 125
    assert len({line[0] for line in TABLE}) == len(TABLE)


def test_nothing_of_all_this_did_anything(aws):
    assert [one["FunctionName"] for one in aws.list_functions()["Functions"]] == [NAME]
    assert [one["Name"] for one in aws.list_aliases(FunctionName=NAME)["Aliases"]] == ["live"]
    assert aws.list_function_event_invoke_configs(FunctionName=NAME)["FunctionEventInvokeConfigs"] == []
    assert aws.list_event_source_mappings()["EventSourceMappings"] == []
    assert aws.get_function_configuration(FunctionName=NAME)["Timeout"] == 3
