"""Every line of the tables of misuses of S3, through boto3 without its own checks and as raw requests, against AWS's
answer."""

from xml.etree import ElementTree

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from misuses_s3 import B, GONE, TABLE
from misuses_s3_raw import RAW
from s3 import SIGNED
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


@pytest.fixture(scope="module")
def raw(server):
    """Sends a request as it is; answers the status and the error's elements."""
    s3 = server.client("s3")
    s3.create_bucket(Bucket="b-raw")
    s3.create_bucket(Bucket="locked-raw", ObjectLockEnabledForBucket=True)
    for name in ("b-raw", "locked-raw"):
        s3.put_object(Bucket=name, Key="it", Body=b"it")
    upload = s3.create_multipart_upload(Bucket="b-raw", Key="it")["UploadId"]

    def raw(method, path, headers, body):
        for name in ("/b", "/locked"):
            if path == name or path.startswith((f"{name}/", f"{name}?")):
                path = f"{name}-raw{path[len(name):]}"
        answer = server.request(method, path.replace("$upload", upload), body, SIGNED | headers)
        return answer.status, {element.tag: element.text or "" for element in ElementTree.fromstring(answer.body)}

    return raw


@pytest.mark.parametrize(("method", "path", "headers", "body", "status", "code", "message", "more"), [line[1:] for line in RAW], ids=[line[0] for line in RAW])
def test_raw_misuse_is_answered_in_aws_words(raw, method, path, headers, body, status, code, message, more):
    answered, error = raw(method, path, headers, body)
    assert (answered, error["Code"], error["Message"]) == (status, code, message), error
    assert {name: error.get(name) for name in more} == more


def test_the_table_is_as_long_as_promised_and_names_everything_once():
    assert len(TABLE) >= 80
    assert len({line[0] for line in TABLE}) == len(TABLE)
    assert len(RAW) >= 100 and len({line[0] for line in RAW}) == len(RAW)


def test_nothing_of_all_this_did_anything(lax):
    assert [entry["Key"] for entry in lax.list_objects_v2(Bucket=B)["Contents"]] == ["it"]
    names = [entry["Name"] for entry in lax.list_buckets()["Buckets"]]
    assert B in names and GONE not in names
    assert lax.get_object_tagging(Bucket=B, Key="it")["TagSet"] == []
