"""Every line of the table of misuses of S3, through boto3 without its own checks, against AWS's answer."""

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from misuses_s3 import B, GONE, TABLE
from tidegate import REGION


@pytest.fixture(scope="module")
def lax(server):
    """A client that sends whatever it is given."""
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, s3={"addressing_style": "path"})
    client = boto3.client("s3", endpoint_url=server.url, config=config, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
    # The SDK refuses names that S3 would; here S3 is asked.
    client.meta.events.unregister("before-parameter-build.s3", unique_id=None, handler=_name_check(client))
    client.create_bucket(Bucket=B)
    client.put_object(Bucket=B, Key="it", Body=b"it")
    client.upload = client.create_multipart_upload(Bucket=B, Key="it")["UploadId"]
    return client


def _name_check(client):
    from botocore.handlers import validate_bucket_name

    return validate_bucket_name


@pytest.mark.parametrize(("operation", "parameters", "status", "code", "message"), [line[1:] for line in TABLE], ids=[line[0] for line in TABLE])
def test_misuse_is_answered_in_aws_words(lax, operation, parameters, status, code, message):
    filled = {name: lax.upload if value == "$upload" else value for name, value in parameters.items()}
    with pytest.raises(ClientError) as caught:
        getattr(lax, xform_name(operation))(**filled)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), answer["Error"]
    told = answer["Error"].get("Message") or ""
    assert told.startswith(message[:-1]) if message.endswith("…") else told == message


def test_the_table_is_as_long_as_promised_and_names_everything_once():
    assert len(TABLE) >= 80
    assert len({line[0] for line in TABLE}) == len(TABLE)


def test_nothing_of_all_this_did_anything(lax):
    assert [entry["Key"] for entry in lax.list_objects_v2(Bucket=B)["Contents"]] == ["it"]
    names = [entry["Name"] for entry in lax.list_buckets()["Buckets"]]
    assert names == [B] and GONE not in names
    assert lax.get_object_tagging(Bucket=B, Key="it")["TagSet"] == []
