"""URLs that anybody may use for a while, and forms of browsers; where signatures count."""

import base64
import datetime
import json
import urllib.parse
from xml.etree import ElementTree

import boto3
import pytest
import requests
from botocore.config import Config

from s3 import body, bytes_of
from test_auth import make_key

SERVER_ARGUMENTS = ["--auth", "enforce"]


def client(server, key):
    config = Config(signature_version="s3v4", retries={"total_max_attempts": 1})
    return boto3.client("s3", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=key[0], aws_secret_access_key=key[1], config=config)


@pytest.fixture(scope="module")
def key(server):
    return make_key(server, "000000000000")


@pytest.fixture(scope="module")
def s3(server, key):
    return client(server, key)


def test_everybody_else_is_refused(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    answer = requests.get(f"{server.url}/{bucket}/it")
    assert answer.status_code == 403 and "<Code>AccessDenied</Code><Message>Access Denied</Message>" in answer.text


def test_getting_and_putting(s3, bucket):
    content = bytes_of(100_000)
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b/ü+"}, ExpiresIn=60)
    assert requests.put(put, data=content).status_code == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b/ü+"})
    assert requests.get(get).content == content
    assert requests.get(get, headers={"Range": "bytes=0-9"}).content == content[:10]
    # A URL is for one method.
    wrong = requests.delete(get)
    assert wrong.status_code == 403 and "<Code>SignatureDoesNotMatch</Code>" in wrong.text
    delete = s3.generate_presigned_url("delete_object", Params={"Bucket": bucket, "Key": "a b/ü+"})
    assert requests.delete(delete).status_code == 204
    assert requests.get(get).status_code == 404


def test_headers_that_are_signed_must_be_there(s3, bucket):
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "it", "ContentType": "text/plain", "Metadata": {"a": "1"}})
    assert requests.put(put, data=b"x", headers={"Content-Type": "text/csv", "x-amz-meta-a": "1"}).status_code == 403
    assert requests.put(put, data=b"x", headers={"Content-Type": "text/plain", "x-amz-meta-a": "1"}).status_code == 200
    got = s3.head_object(Bucket=bucket, Key="it")
    assert (got["ContentType"], got["Metadata"]) == ("text/plain", {"a": "1"})


def test_what_the_answer_should_say_is_signed_too(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    asked = {"Bucket": bucket, "Key": "it", "ResponseContentDisposition": 'attachment; filename="ü.txt"', "ResponseContentType": "text/csv"}
    answer = requests.get(s3.generate_presigned_url("get_object", Params=asked))
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")


def test_one_that_was_changed(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "it"})
    for changed in (url.replace("/it?", "/other?"), url + "&versionId=null", url[:-1] + ("0" if url[-1] != "0" else "1")):
        answer = requests.get(changed)
        assert answer.status_code == 403 and "<Code>SignatureDoesNotMatch</Code>" in answer.text
        assert "The request signature we calculated does not match the signature you provided. Check your key and signing method." in answer.text


def test_one_whose_time_is_over(s3, bucket, monkeypatch):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    an_hour_ago = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(hours=1)
    # botocore has two signers: with the CRT installed, as it is here, it is the second that signs.
    for module in ("botocore.auth", "botocore.crt.auth"):
        monkeypatch.setattr(f"{module}.get_current_datetime", lambda *_, **__: an_hour_ago)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "it"}, ExpiresIn=60)
    answer = requests.get(url)
    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in answer.text


def test_one_that_lives_too_long(s3, bucket):
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "it"}, ExpiresIn=604_801)
    answer = requests.get(url)
    assert answer.status_code == 400
    assert "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds" in answer.text


def test_parts_by_url(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="it")["UploadId"]
    url = s3.generate_presigned_url("upload_part", Params={"Bucket": bucket, "Key": "it", "UploadId": upload, "PartNumber": 1})
    tag = requests.put(url, data=b"whole").headers["ETag"]
    s3.complete_multipart_upload(Bucket=bucket, Key="it", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    assert body(s3, bucket, "it") == b"whole"


def test_a_form_of_a_browser(s3, bucket):
    fields = {"acl": "private", "Content-Type": "text/plain", "x-amz-meta-a": "1"}
    conditions = [{"acl": "private"}, ["starts-with", "$Content-Type", "text/"], {"x-amz-meta-a": "1"}, ["content-length-range", 1, 1000]]
    post = s3.generate_presigned_post(bucket, "up/${filename}", Fields=fields, Conditions=conditions)
    answer = requests.post(post["url"], data=post["fields"], files={"file": ("näme.txt", b"from a form")})
    assert answer.status_code == 204, answer.text
    assert answer.headers["ETag"] and answer.headers["Location"].endswith("n%C3%A4me.txt")
    got = s3.get_object(Bucket=bucket, Key="up/näme.txt")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"from a form", "text/plain", {"a": "1"})


@pytest.mark.parametrize("answer", ["201", "200", "redirect"])
def test_what_a_form_is_answered(s3, bucket, answer):
    extra = {"success_action_redirect": "http://127.0.0.1:9/done?x=1"} if answer == "redirect" else {"success_action_status": answer}
    post = s3.generate_presigned_post(bucket, "it", Fields=extra, Conditions=[extra])
    got = requests.post(post["url"], data=post["fields"], files={"file": b"x"}, allow_redirects=False)
    if answer == "redirect":
        assert got.status_code == 303
        where = urllib.parse.urlsplit(got.headers["Location"])
        assert where.path == "/done" and dict(urllib.parse.parse_qsl(where.query))["key"] == "it"
    else:
        assert got.status_code == int(answer)
        assert ("<PostResponse>" in got.text and "<Key>it</Key>" in got.text) is (answer == "201")


@pytest.mark.parametrize(
    ("what", "changed", "content", "code", "message"),
    [
        ("too large", {}, b"x" * 101, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"),
        ("too small", {}, b"", "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"),
        ("another key", {"key": "other"}, b"x", "AccessDenied", 'Invalid according to Policy: Policy Condition failed: ["eq", "$key", "it"]'),
        ("a field too many", {"acl": "public-read"}, b"x", "AccessDenied", "Invalid according to Policy: Extra input fields: acl"),
        ("a wrong signature", {"x-amz-signature": "0" * 64}, b"x", "SignatureDoesNotMatch", "The request signature we calculated does not match"),
        ("another policy", {"policy": base64.b64encode(b"{}").decode()}, b"x", "SignatureDoesNotMatch", "The request signature we calculated"),
    ],
)
def test_a_form_that_does_what_it_must_not(s3, bucket, what, changed, content, code, message):
    post = s3.generate_presigned_post(bucket, "it", Conditions=[["content-length-range", 1, 100]])
    answer = requests.post(post["url"], data=post["fields"] | changed, files={"file": content})
    assert answer.status_code in (400, 403), answer.text
    told = ElementTree.fromstring(answer.text)
    assert (told.findtext("Code"), told.findtext("Message")[: len(message)]) == (code, message)


def test_a_form_whose_time_is_over(s3, bucket):
    post = s3.generate_presigned_post(bucket, "it", ExpiresIn=-10)
    answer = requests.post(post["url"], data=post["fields"], files={"file": b"x"})
    assert answer.status_code == 403 and "Invalid according to Policy: Policy expired." in answer.text


def test_a_bucket_policy_opens_a_bucket(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="open/it", Body=b"x")
    s3.put_object(Bucket=bucket, Key="closed/it", Body=b"x")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": False, "RestrictPublicBuckets": False})
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/open/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    assert requests.get(f"{server.url}/{bucket}/open/it").text == "x"
    assert requests.get(f"{server.url}/{bucket}/closed/it").status_code == 403
    assert requests.put(f"{server.url}/{bucket}/open/it", data=b"y").status_code == 403
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert requests.get(f"{server.url}/{bucket}/open/it").status_code == 403


def test_a_policy_denies_even_the_owner_and_knows_the_request(s3, bucket):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*",
            "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    s3.put_object(Bucket=bucket, Key="it", Body=b"x", ServerSideEncryption="AES256")
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert "with an explicit deny in a resource-based policy" in caught.value.response["Error"]["Message"]
