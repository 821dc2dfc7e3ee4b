"""What the tests of S3 share: refusals, bodies, and how a bucket's contents read."""

import hashlib
import random
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

# The smallest part that is not the last one.
PART = 5 * 1024 * 1024
# What says of a raw request that somebody sends it.
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"}


def refused(code: str, call, **parameters) -> dict:
    """The call fails with this code; answers all that came with it."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer
    return answer


def status(answer: dict) -> int:
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def headers(answer: dict) -> dict:
    return answer["ResponseMetadata"]["HTTPHeaders"]


def bytes_of(size: int, seed: int = 1) -> bytes:
    """As many bytes, the same each time, which no compression and no shift leaves as they are."""
    return random.Random(seed).randbytes(size)


def etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def etag_of_parts(*parts: bytes) -> str:
    """What S3 says of an upload in parts: the MD5 of their MD5s, and how many there were."""
    inner = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    return f'"{hashlib.md5(inner, usedforsecurity=False).hexdigest()}-{len(parts)}"'


def body(s3, bucket: str, key: str, **parameters) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key, **parameters)["Body"].read()


def put_all(s3, bucket: str, *keys: str) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


def keys(answer: dict) -> list[str]:
    return [entry["Key"] for entry in answer.get("Contents", [])]


def prefixes(answer: dict) -> list[str]:
    return [entry["Prefix"] for entry in answer.get("CommonPrefixes", [])]


def path(bucket: str, key: str = "") -> str:
    """The path of an object, for raw requests."""
    return f"/{bucket}/{quote(key)}" if key else f"/{bucket}"


def upload_parts(s3, bucket: str, key: str, parts: list[bytes], **parameters) -> dict:
    """A whole upload in parts; answers what its completion answered."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **parameters)["UploadId"]
    done = []
    for number, part in enumerate(parts, 1):
        answer = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=part)
        done.append({"PartNumber": number, "ETag": answer["ETag"]})
    return s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": done})
