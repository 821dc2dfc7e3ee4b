"""The disk is full in the middle of an upload: what clients see, what is left, and how it goes on."""

import os
import time

import pytest
from botocore.exceptions import ClientError

from disk import IS_THERE, FullDisk
from s3 import PART, body, bytes_of, etag, keys, refused, status

pytestmark = pytest.mark.skipif(not IS_THERE, reason="preloading a library under the server needs Linux")

BODY = bytes_of(3 * 1024 * 1024)
# Enough for the store's own needs, too little for a body.
LITTLE = 1024 * 1024
WITHIN_S = 60


@pytest.fixture(scope="module")
def server():
    with FullDisk("--virtual-clock") as server:
        yield server


@pytest.fixture(autouse=True)
def room_again(server):
    yield
    server.leave_room(None)


def no_room(server, call, **parameters) -> None:
    """The call meets a full disk, and is answered as AWS answers when it cannot."""
    server.leave_room(LITTLE)
    failures, files = server.failures(), len(server.bodies())
    answer = refused("ServiceUnavailable", call, **parameters)
    assert status(answer) == 503
    assert answer["Error"]["Message"] == "Please reduce your request rate."
    assert server.failures() > failures
    assert len(server.bodies()) == files, "something of it was left"


def once_there_is_room(call, **parameters):
    """What the call answers when the store has come back: SDKs try a 503 again, as this does."""
    end = time.monotonic() + WITHIN_S
    while True:
        try:
            return call(**parameters)
        except ClientError as error:
            assert status(error.response) == 503 and time.monotonic() < end, error


def test_a_put(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="kept", Body=BODY)
    no_room(server, s3.put_object, Bucket=bucket, Key="kept", Body=BODY[::-1])
    no_room(server, s3.put_object, Bucket=bucket, Key="new", Body=BODY)
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["kept"]
    assert body(s3, bucket, "kept") == BODY
    assert status(refused("404", s3.head_object, Bucket=bucket, Key="new")) == 404
    server.leave_room(None)
    assert s3.put_object(Bucket=bucket, Key="new", Body=BODY)["ETag"] == etag(BODY)
    assert body(s3, bucket, "new") == BODY


def test_a_copy(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=BODY)
    no_room(server, s3.copy_object, Bucket=bucket, Key="copy", CopySource=f"{bucket}/it")
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["it"]
    server.leave_room(None)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/it")
    assert body(s3, bucket, "copy") == BODY


def test_parts(server, s3, bucket):
    parts = [bytes_of(PART), bytes_of(PART, 2), bytes_of(1024, 3)]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="it")["UploadId"]
    it = {"Bucket": bucket, "Key": "it", "UploadId": upload}
    s3.put_object(Bucket=bucket, Key="source", Body=parts[1])
    s3.upload_part(**it, PartNumber=1, Body=parts[0])
    no_room(server, s3.upload_part, **it, PartNumber=2, Body=parts[1])
    no_room(server, s3.upload_part, **it, PartNumber=1, Body=parts[1])
    no_room(server, s3.upload_part_copy, **it, PartNumber=2, CopySource=f"{bucket}/source")
    assert [(part["PartNumber"], part["ETag"]) for part in s3.list_parts(**it)["Parts"]] == [(1, etag(parts[0]))]
    server.leave_room(None)
    s3.upload_part_copy(**it, PartNumber=2, CopySource=f"{bucket}/source")
    s3.upload_part(**it, PartNumber=3, Body=parts[2])
    done = [{"PartNumber": number, "ETag": etag(part)} for number, part in enumerate(parts, 1)]
    s3.complete_multipart_upload(**it, MultipartUpload={"Parts": done})
    assert body(s3, bucket, "it") == b"".join(parts)


def test_small_objects_and_the_store_itself(server, s3, bucket):
    """Without any room at all the store stops, says so, and comes back by itself."""
    s3.put_object(Bucket=bucket, Key="kept", Body=b"kept")
    server.leave_room(0)
    acknowledged = []
    for number in range(50):
        try:
            s3.put_object(Bucket=bucket, Key=f"n-{number:02}", Body=bytes_of(50_000, number))
            acknowledged.append(f"n-{number:02}")
        except ClientError as error:
            assert (status(error.response), error.response["Error"]["Code"]) == (503, "ServiceUnavailable"), error
            break
    else:
        pytest.fail("fifty writes found room where there is none")
    server.leave_room(None)
    once_there_is_room(s3.put_object, Bucket=bucket, Key="z", Body=b"z")
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["kept", *acknowledged, "z"]
    assert body(s3, bucket, "kept") == b"kept"


def test_a_server_that_dies_with_a_full_disk(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="kept", Body=BODY)
    no_room(server, s3.put_object, Bucket=bucket, Key="new", Body=BODY)
    server.kill()
    server.leave_room(None)
    server.start()
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["kept"]
    assert body(s3, bucket, "kept") == BODY
    s3.put_object(Bucket=bucket, Key="new", Body=BODY)
    assert body(s3, bucket, "new") == BODY


def test_files_that_nothing_refers_to_are_swept(server, s3, bucket):
    """What a crash between a body and its commit leaves: made here by hand, with a file's own bytes and another name."""
    s3.put_object(Bucket=bucket, Key="kept", Body=BODY)
    (some, *_) = server.bodies()
    long_ago = time.time() - 2 * 3600
    orphan = some.with_name(some.name[:-8] + "0123abcd")
    orphan.write_bytes(some.read_bytes())
    half = server.data / "blobs" / "tmp" / orphan.name
    half.write_bytes(b"half of a body")
    for path in server.bodies():
        os.utime(path, (long_ago, long_ago))
    server.stop()
    server.start()
    server.settle()
    end = time.monotonic() + WITHIN_S
    while orphan.exists() and time.monotonic() < end:
        server.settle()
    assert not orphan.exists() and not half.exists()
    assert body(s3, bucket, "kept") == BODY
    server.stop()
    checked = server.run("check", str(server.data))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    server.start()
