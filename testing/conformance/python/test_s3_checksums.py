"""Checksums of every kind: sent ahead, sent behind, computed, wrong, of wholes and of parts."""

import base64
import hashlib
import zlib

import pytest
from awscrt import checksums

from s3 import PART, SIGNED, bytes_of, headers, refused, status

CONTENT = b"hello, checksums"
KINDS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]


def digest(kind: str, content: bytes) -> str:
    numbers = {"CRC32": (zlib.crc32, 4), "CRC32C": (checksums.crc32c, 4), "CRC64NVME": (checksums.crc64nvme, 8)}
    if kind in numbers:
        compute, width = numbers[kind]
        return base64.b64encode(compute(content).to_bytes(width, "big")).decode()
    return base64.b64encode(hashlib.new(kind, content).digest()).decode()


def composite(kind: str, *parts: bytes) -> str:
    joined = b"".join(base64.b64decode(digest(kind, part)) for part in parts)
    return f"{digest(kind, joined)}-{len(parts)}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_sends_it_and_gets_it_back(s3, bucket, kind):
    put = s3.put_object(Bucket=bucket, Key="it", Body=CONTENT, ChecksumAlgorithm=kind)
    assert put[f"Checksum{kind}"] == digest(kind, CONTENT)
    assert put["ChecksumType"] == "FULL_OBJECT"
    got = s3.head_object(Bucket=bucket, Key="it", ChecksumMode="ENABLED")
    assert got[f"Checksum{kind}"] == digest(kind, CONTENT)
    assert f"Checksum{kind}" not in s3.head_object(Bucket=bucket, Key="it")
    assert s3.get_object(Bucket=bucket, Key="it", ChecksumMode="ENABLED")["Body"].read() == CONTENT
    (entry,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert entry["ChecksumAlgorithm"] == [kind]


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_is_wrong(s3, bucket, kind):
    wrong = {f"Checksum{kind}": digest(kind, b"something else")}
    answer = refused("BadDigest", s3.put_object, Bucket=bucket, Key="it", Body=CONTENT, **wrong)
    assert status(answer) == 400
    assert answer["Error"]["Message"] == f"The {kind} you specified did not match the calculated checksum."
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="it")


def test_one_that_is_none(server, s3, bucket):
    for kind, bad in (("crc32", "AAA="), ("sha256", "not base64"), ("crc64nvme", "AAAA")):
        answer = server.request("PUT", f"/{bucket}/it", CONTENT, SIGNED | {f"x-amz-checksum-{kind}": bad})
        assert answer.status == 400 and "<Code>InvalidRequest</Code>" in answer.text
        assert f"Value for x-amz-checksum-{kind} header is invalid." in answer.text
    several = {"x-amz-checksum-crc32": digest("CRC32", CONTENT), "x-amz-checksum-sha1": digest("SHA1", CONTENT)}
    answer = server.request("PUT", f"/{bucket}/it", CONTENT, SIGNED | several)
    assert "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed." in answer.text


def test_md5(server, s3, bucket):
    md5 = base64.b64encode(hashlib.md5(CONTENT, usedforsecurity=False).digest()).decode()
    assert server.request("PUT", f"/{bucket}/it", CONTENT, SIGNED | {"Content-MD5": md5}).status == 200
    other = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    answer = server.request("PUT", f"/{bucket}/it", CONTENT, SIGNED | {"Content-MD5": other})
    assert answer.status == 400
    assert "<Code>BadDigest</Code><Message>The Content-MD5 you specified did not match what we received.</Message>" in answer.text
    assert "<ExpectedDigest>" in answer.text and "<CalculatedDigest>" in answer.text
    answer = server.request("PUT", f"/{bucket}/it", CONTENT, SIGNED | {"Content-MD5": "nonsense"})
    assert "<Code>InvalidDigest</Code><Message>The Content-MD5 you specified was invalid.</Message>" in answer.text


def test_without_any_there_is_a_crc64(server, s3, bucket):
    assert server.request("PUT", f"/{bucket}/it", CONTENT, SIGNED).status == 200
    got = s3.head_object(Bucket=bucket, Key="it", ChecksumMode="ENABLED")
    assert got["ChecksumCRC64NVME"] == digest("CRC64NVME", CONTENT)


def chunked(*pieces: bytes, trailer: str = "") -> bytes:
    """`aws-chunked` as SDKs send it over HTTP without signing each piece."""
    text = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return text + b"0\r\n" + (trailer + "\r\n" if trailer else "").encode() + b"\r\n"


def send_chunked(server, bucket, body, **more):
    length = str(more.pop("length", len(CONTENT)))
    fixed = {"Content-Encoding": "aws-chunked", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": length}
    return server.request("PUT", f"/{bucket}/it", body, SIGNED | fixed | more)


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_comes_behind_the_body(server, s3, bucket, kind):
    name = f"x-amz-checksum-{kind.lower()}"
    more = {"x-amz-trailer": name, "x-amz-sdk-checksum-algorithm": kind}
    answer = send_chunked(server, bucket, chunked(CONTENT[:5], CONTENT[5:], trailer=f"{name}:{digest(kind, CONTENT)}"), **more)
    assert answer.status == 200, answer
    assert answer.headers[name] == digest(kind, CONTENT)
    got = s3.get_object(Bucket=bucket, Key="it")
    assert got["Body"].read() == CONTENT and "ContentEncoding" not in got
    answer = send_chunked(server, bucket, chunked(CONTENT, trailer=f"{name}:{digest(kind, b'other')}"), **more)
    assert answer.status == 400 and "<Code>BadDigest</Code>" in answer.text


def test_a_body_in_pieces_that_is_cut_short(server, s3, bucket):
    answer = send_chunked(server, bucket, chunked(CONTENT), length=len(CONTENT) + 5)
    assert answer.status == 400 and "<Code>IncompleteBody</Code>" in answer.text
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="it")
    also = send_chunked(server, bucket, chunked(CONTENT), **{"Content-Encoding": "gzip,aws-chunked"})
    assert also.status == 200
    assert headers(s3.head_object(Bucket=bucket, Key="it"))["content-encoding"] == "gzip"


ONE, LAST = bytes_of(PART, 1), bytes_of(1000, 2)


def uploaded(s3, bucket, kind, checksum_type=None, **complete):
    more = {"ChecksumType": checksum_type} if checksum_type else {}
    upload = s3.create_multipart_upload(Bucket=bucket, Key="it", ChecksumAlgorithm=kind, **more)
    assert upload["ChecksumAlgorithm"] == kind
    assert upload["ChecksumType"] == (checksum_type or ("FULL_OBJECT" if kind == "CRC64NVME" else "COMPOSITE"))
    parts = []
    for number, content in enumerate((ONE, LAST), 1):
        part = s3.upload_part(Bucket=bucket, Key="it", UploadId=upload["UploadId"], PartNumber=number, Body=content, ChecksumAlgorithm=kind)
        assert part[f"Checksum{kind}"] == digest(kind, content)
        parts.append({"PartNumber": number, "ETag": part["ETag"], f"Checksum{kind}": part[f"Checksum{kind}"]})
    return s3.complete_multipart_upload(Bucket=bucket, Key="it", UploadId=upload["UploadId"], MultipartUpload={"Parts": parts}, **complete)


@pytest.mark.parametrize("kind", ["CRC32", "CRC32C", "SHA1", "SHA256"])
def test_of_parts(s3, bucket, kind):
    done = uploaded(s3, bucket, kind)
    assert (done[f"Checksum{kind}"], done["ChecksumType"]) == (composite(kind, ONE, LAST), "COMPOSITE")
    got = s3.head_object(Bucket=bucket, Key="it", ChecksumMode="ENABLED")
    assert (got[f"Checksum{kind}"], got["ChecksumType"]) == (composite(kind, ONE, LAST), "COMPOSITE")
    told = s3.get_object_attributes(Bucket=bucket, Key="it", ObjectAttributes=["Checksum", "ObjectParts"])
    assert told["Checksum"][f"Checksum{kind}"] == composite(kind, ONE, LAST).rsplit("-", 1)[0]
    assert told["ObjectParts"]["TotalPartsCount"] == 2
    assert [part[f"Checksum{kind}"] for part in told["ObjectParts"]["Parts"]] == [digest(kind, ONE), digest(kind, LAST)]
    assert [part["Size"] for part in told["ObjectParts"]["Parts"]] == [PART, 1000]


@pytest.mark.parametrize("kind", ["CRC32", "CRC32C", "CRC64NVME"])
def test_of_a_whole_in_parts(s3, bucket, kind):
    whole = digest(kind, ONE + LAST)
    done = uploaded(s3, bucket, kind, "FULL_OBJECT", **{f"Checksum{kind}": whole, "ChecksumType": "FULL_OBJECT"})
    assert (done[f"Checksum{kind}"], done["ChecksumType"]) == (whole, "FULL_OBJECT")


def test_of_a_whole_that_is_wrong(s3, bucket):
    wrong = {"ChecksumCRC32": digest("CRC32", b"other"), "ChecksumType": "FULL_OBJECT"}
    refused("BadDigest", uploaded, s3=s3, bucket=bucket, kind="CRC32", checksum_type="FULL_OBJECT", **wrong)


def test_kinds_that_do_not_go_together(s3, bucket):
    for kind, checksum_type in (("SHA256", "FULL_OBJECT"), ("SHA1", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")):
        answer = refused("InvalidRequest", s3.create_multipart_upload, Bucket=bucket, Key="it", ChecksumAlgorithm=kind, ChecksumType=checksum_type)
        assert answer["Error"]["Message"] == f"The {checksum_type} checksum type cannot be used with the {kind.lower()} checksum algorithm."
    upload = s3.create_multipart_upload(Bucket=bucket, Key="it", ChecksumAlgorithm="SHA256")["UploadId"]
    answer = refused("InvalidRequest", s3.upload_part, Bucket=bucket, Key="it", UploadId=upload, PartNumber=1, Body=b"x", ChecksumAlgorithm="CRC32")
    assert answer["Error"]["Message"] == "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32"


def test_a_copy_gets_another(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=CONTENT, ChecksumAlgorithm="CRC32")
    copied = s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/it", ChecksumAlgorithm="SHA256")
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == digest("SHA256", CONTENT)
