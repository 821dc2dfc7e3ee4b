"""Uploads in parts: made, listed, completed, cut off."""

import pytest

from s3 import PART, body, bytes_of, etag, etag_of_parts, refused, status, upload_parts

ONE, TWO, LAST = bytes_of(PART, 1), bytes_of(PART, 2), bytes_of(1000, 3)


@pytest.fixture
def upload(s3, bucket):
    return s3.create_multipart_upload(Bucket=bucket, Key="it", ContentType="text/plain", Metadata={"a": "1"}, Tagging="t=1")["UploadId"]


def send(s3, bucket, upload, number, content, key="it"):
    return s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=content)["ETag"]


def complete(s3, bucket, upload, parts, key="it", **parameters):
    listed = [{"PartNumber": number, "ETag": tag} for number, tag in parts]
    return s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": listed}, **parameters)


def test_parts_become_one_object(s3, bucket, upload):
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="it")
    tags = {number: send(s3, bucket, upload, number, content) for number, content in ((3, LAST), (1, ONE), (2, TWO))}
    assert tags[1] == etag(ONE)
    done = complete(s3, bucket, upload, sorted(tags.items()))
    assert (done["Bucket"], done["Key"], done["ETag"]) == (bucket, "it", etag_of_parts(ONE, TWO, LAST))
    assert done["Location"].endswith("/it")
    got = s3.get_object(Bucket=bucket, Key="it")
    assert got["Body"].read() == ONE + TWO + LAST
    assert (got["ContentType"], got["Metadata"], got["TagCount"], got["ETag"]) == ("text/plain", {"a": "1"}, 1, done["ETag"])
    refused("NoSuchUpload", s3.list_parts, Bucket=bucket, Key="it", UploadId=upload)


def test_one_part_of_an_object(s3, bucket):
    upload_parts(s3, bucket, "it", [ONE, LAST])
    second = s3.get_object(Bucket=bucket, Key="it", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"], status(second)) == (LAST, 2, 206)
    assert second["ContentRange"] == f"bytes {PART}-{PART + 999}/{PART + 1000}"
    assert s3.head_object(Bucket=bucket, Key="it", PartNumber=1)["ContentLength"] == PART
    answer = refused("InvalidPartNumber", s3.get_object, Bucket=bucket, Key="it", PartNumber=3)
    assert (status(answer), answer["Error"]["Message"]) == (416, "The requested partnumber is not satisfiable")
    across = s3.get_object(Bucket=bucket, Key="it", Range=f"bytes={PART - 10}-{PART + 9}")["Body"].read()
    assert across == (ONE + LAST)[PART - 10 : PART + 10]
    s3.put_object(Bucket=bucket, Key="whole", Body=b"abc")
    assert body(s3, bucket, "whole", PartNumber=1) == b"abc"


def test_parts_may_be_left_out_and_sent_again(s3, bucket, upload):
    send(s3, bucket, upload, 1, TWO)
    tags = [(1, send(s3, bucket, upload, 1, ONE)), (7, send(s3, bucket, upload, 7, LAST))]
    send(s3, bucket, upload, 9, b"never used")
    complete(s3, bucket, upload, tags)
    assert body(s3, bucket, "it") == ONE + LAST


def test_parts_are_listed(s3, bucket, upload):
    for number in (1, 2, 5):
        send(s3, bucket, upload, number, b"x" * number)
    listed = s3.list_parts(Bucket=bucket, Key="it", UploadId=upload)
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [(1, 1), (2, 2), (5, 5)]
    assert (listed["Bucket"], listed["Key"], listed["UploadId"], listed["StorageClass"]) == (bucket, "it", upload, "STANDARD")
    assert listed["IsTruncated"] is False and listed["Initiator"]["ID"] and listed["Owner"]["ID"]
    page = s3.list_parts(Bucket=bucket, Key="it", UploadId=upload, MaxParts=2)
    assert (page["IsTruncated"], page["NextPartNumberMarker"], len(page["Parts"])) == (True, 2, 2)
    rest = s3.list_parts(Bucket=bucket, Key="it", UploadId=upload, PartNumberMarker=2)
    assert [part["PartNumber"] for part in rest["Parts"]] == [5]


def test_uploads_are_listed(s3, bucket):
    made = [(key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in ("a", "a", "b/1", "b/2", "c")]
    listed = s3.list_multipart_uploads(Bucket=bucket)
    assert [(entry["Key"], entry["UploadId"]) for entry in listed["Uploads"]] == made
    folded = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in folded["CommonPrefixes"]] == ["b/"]
    assert [entry["Key"] for entry in s3.list_multipart_uploads(Bucket=bucket, Prefix="b/")["Uploads"]] == ["b/1", "b/2"]
    for size in (1, 2, 3):
        pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
        assert [(entry["Key"], entry["UploadId"]) for page in pages for entry in page["Uploads"]] == made
    # A bucket with uploads, but without objects, is empty.
    s3.delete_bucket(Bucket=bucket)


def test_what_is_aborted_is_gone(s3, bucket, upload):
    tag = send(s3, bucket, upload, 1, LAST)
    assert status(s3.abort_multipart_upload(Bucket=bucket, Key="it", UploadId=upload)) == 204
    answer = refused("NoSuchUpload", complete, s3=s3, bucket=bucket, upload=upload, parts=[(1, tag)])
    assert status(answer) == 404
    assert answer["Error"]["Message"] == "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    assert answer["Error"]["UploadId"] == upload
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_what_cannot_be_completed(s3, bucket, upload):
    small = send(s3, bucket, upload, 1, b"small")
    last = send(s3, bucket, upload, 2, LAST)
    wrong = {"s3": s3, "bucket": bucket, "upload": upload}
    answer = refused("EntityTooSmall", complete, parts=[(1, small), (2, last)], **wrong)
    assert answer["Error"]["Message"] == "Your proposed upload is smaller than the minimum allowed size"
    assert (answer["Error"]["ProposedSize"], answer["Error"]["MinSizeAllowed"], answer["Error"]["PartNumber"]) == ("5", str(PART), "1")
    answer = refused("InvalidPart", complete, parts=[(1, etag(b"other"))], **wrong)
    assert answer["Error"]["Message"].startswith("One or more of the specified parts could not be found.")
    refused("InvalidPart", complete, parts=[(3, last)], **wrong)
    answer = refused("InvalidPartOrder", complete, parts=[(2, last), (1, small)], **wrong)
    assert answer["Error"]["Message"] == "The list of parts was not in ascending order. Parts must be ordered by part number."
    refused("MalformedXML", complete, parts=[], **wrong)
    for number in (0, 10_001):
        answer = refused("InvalidArgument", s3.upload_part, Bucket=bucket, Key="it", UploadId=upload, PartNumber=number, Body=b"")
        assert answer["Error"]["Message"] == "Part number must be an integer between 1 and 10000, inclusive"
    complete(s3, bucket, upload, [(1, small)])


def test_completing_twice_is_completing_once(s3, bucket, upload):
    tag = send(s3, bucket, upload, 1, LAST)
    first = complete(s3, bucket, upload, [(1, tag)])
    assert complete(s3, bucket, upload, [(1, tag)])["ETag"] == first["ETag"]


def test_completing_under_a_condition(s3, bucket, upload):
    tag = send(s3, bucket, upload, 1, LAST)
    s3.put_object(Bucket=bucket, Key="it", Body=b"already")
    refused("PreconditionFailed", complete, s3=s3, bucket=bucket, upload=upload, parts=[(1, tag)], IfNoneMatch="*")
    assert body(s3, bucket, "it") == b"already"


def test_parts_that_are_copied(s3, bucket, upload):
    s3.put_object(Bucket=bucket, Key="source", Body=ONE + TWO)
    source = {"Bucket": bucket, "Key": "source"}
    tags = []
    for number, bounds in ((1, f"bytes=0-{PART - 1}"), (2, f"bytes={PART}-{PART + 9}")):
        copied = s3.upload_part_copy(Bucket=bucket, Key="it", UploadId=upload, PartNumber=number, CopySource=source, CopySourceRange=bounds)
        tags.append((number, copied["CopyPartResult"]["ETag"]))
    assert tags[0][1] == etag(ONE)
    complete(s3, bucket, upload, tags)
    assert body(s3, bucket, "it") == ONE + TWO[:10]


def test_parts_survive_a_kill(server, s3, bucket, upload):
    first = send(s3, bucket, upload, 1, ONE)
    server.kill()
    server.start()
    complete(s3, bucket, upload, [(1, first), (2, send(s3, bucket, upload, 2, LAST))])
    assert body(s3, bucket, "it") == ONE + LAST


def test_a_cut_upload_leaves_nothing(server, s3, bucket):
    import socket

    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = f"PUT /{bucket}/cut HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 1000000\r\n"
        connection.sendall((head + "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n").encode())
        connection.sendall(b"x" * 500_000)
    server.settle()
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="cut")
    blobs = [file for file in server.data.rglob("*") if file.is_file() and file.stat().st_size == 500_000]
    assert blobs == []
