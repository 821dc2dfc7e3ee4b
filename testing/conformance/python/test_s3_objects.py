"""Objects: what is put is what is got, in whole and in part, under every name, and under conditions."""

import datetime
import io

import pytest

from s3 import body, bytes_of, etag, headers, put_all, refused, status

KEYS = [
    "plain",
    "a space",
    "a+plus",
    "100%",
    "%2F%20",
    "naïve/日本語/🦀",
    "//leading//slashes//",
    "./dot",
    "../dots/../..",
    "a/./b/../c",
    "quotes'\"`",
    "<&>;:,?#[]@!$()*=|\\^{}~",
    "tab\there",
    "line\nbreak",
    "\x01control\x7f",
    "trailing space ",
    "k" * 1024,
    "é" * 512,
]


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_000_000, 20_000_000])
def test_what_is_put_is_got(s3, bucket, size):
    content = bytes_of(size)
    answer = s3.put_object(Bucket=bucket, Key="it", Body=content)
    assert answer["ETag"] == etag(content)
    assert answer["ServerSideEncryption"] == "AES256"
    got = s3.get_object(Bucket=bucket, Key="it")
    assert (got["ContentLength"], got["ETag"], got["ContentType"]) == (size, etag(content), "binary/octet-stream")
    assert got["AcceptRanges"] == "bytes"
    assert got["Body"].read() == content


@pytest.mark.parametrize("key", KEYS, ids=[key[:20].encode("unicode_escape").decode() for key in KEYS])
def test_every_legal_name(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=b"found")
    assert body(s3, bucket, key) == b"found"
    # boto3 asks for encoding-type=url and decodes: that is how XML can carry control characters.
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert [entry["Key"] for entry in s3.list_object_versions(Bucket=bucket)["Versions"]] == [key]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert body(s3, bucket, "copy") == b"found"
    s3.delete_object(Bucket=bucket, Key="copy")
    if "\x01" in key:
        # No XML can say this name: such an object is deleted alone.
        s3.delete_object(Bucket=bucket, Key=key)
    else:
        assert s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})["Deleted"] == [{"Key": key}]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_name_that_is_too_long(s3, bucket):
    answer = refused("KeyTooLongError", s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"")
    assert (status(answer), answer["Error"]["Message"]) == (400, "Your key is too long")
    assert (answer["Error"]["Size"], answer["Error"]["MaxSizeAllowed"]) == ("1025", "1024")


def test_metadata_comes_back(s3, bucket):
    put = {
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a.txt"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/plain; charset=utf-8",
        "Metadata": {"colour": "blue", "mixed-case": "Stays"},
        "WebsiteRedirectLocation": "/elsewhere",
    }
    s3.put_object(Bucket=bucket, Key="it", Body=b"x", Expires=datetime.datetime(2030, 1, 2, 3, 4, 5), **put)
    for call in (s3.head_object, s3.get_object):
        got = call(Bucket=bucket, Key="it")
        assert {name: got[name] for name in put} == put
        assert headers(got)["expires"] == "Wed, 02 Jan 2030 03:04:05 GMT"
    too_much = {"big": "x" * 2048}
    answer = refused("MetadataTooLarge", s3.put_object, Bucket=bucket, Key="it", Metadata=too_much)
    assert answer["Error"]["Message"] == "Your metadata headers exceed the maximum allowed metadata size"


def test_what_is_put_again_is_another(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"first", Metadata={"a": "1"}, ContentType="text/plain")
    s3.put_object(Bucket=bucket, Key="it", Body=b"second")
    got = s3.get_object(Bucket=bucket, Key="it")
    assert (got["Body"].read(), got["Metadata"], got["ContentType"]) == (b"second", {}, "binary/octet-stream")


@pytest.mark.parametrize("size", [100, 200_000])
@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=5-", 5, None), ("bytes=-7", -7, None), ("bytes=90-1000000", 90, None), ("bytes=0-0", 0, 0)],
)
def test_ranges(s3, bucket, size, asked, first, last):
    content = bytes_of(size)
    s3.put_object(Bucket=bucket, Key="it", Body=content)
    expected = content[first:] if last is None else content[first : last + 1]
    got = s3.get_object(Bucket=bucket, Key="it", Range=asked)
    begin = first if first >= 0 else size + first
    assert status(got) == 206
    assert got["Body"].read() == expected
    assert got["ContentRange"] == f"bytes {begin}-{begin + len(expected) - 1}/{size}"
    assert got["ContentLength"] == len(expected)
    assert s3.head_object(Bucket=bucket, Key="it", Range=asked)["ContentLength"] == len(expected)


def test_ranges_that_are_none(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"0123456789")
    answer = refused("InvalidRange", s3.get_object, Bucket=bucket, Key="it", Range="bytes=10-20")
    assert (status(answer), answer["Error"]["Message"]) == (416, "The requested range is not satisfiable")
    assert (answer["Error"]["RangeRequested"], answer["Error"]["ActualObjectSize"]) == ("bytes=10-20", "10")
    # What is not understood is not there, and so are several ranges at once.
    for ignored in ("bytes=5-2", "lines=1-2", "bytes=0-1,3-4"):
        got = s3.get_object(Bucket=bucket, Key="it", Range=ignored)
        assert (status(got), got["Body"].read()) == (200, b"0123456789"), ignored
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    refused("InvalidRange", s3.get_object, Bucket=bucket, Key="empty", Range="bytes=0-")


def test_reading_under_conditions(s3, bucket):
    made = s3.put_object(Bucket=bucket, Key="it", Body=b"x")["ETag"]
    written = s3.head_object(Bucket=bucket, Key="it")["LastModified"]
    earlier, later = written - datetime.timedelta(days=1), written + datetime.timedelta(seconds=1)
    it = {"Bucket": bucket, "Key": "it"}
    for holds in ({"IfMatch": made}, {"IfMatch": "*"}, {"IfNoneMatch": '"other"'}, {"IfModifiedSince": earlier}, {"IfUnmodifiedSince": later},
                  {"IfMatch": made, "IfUnmodifiedSince": earlier}, {"IfNoneMatch": '"other"', "IfModifiedSince": later}):
        assert status(s3.get_object(**it, **holds)) == 200, holds
    for same in ({"IfNoneMatch": made}, {"IfModifiedSince": written}, {"IfNoneMatch": made, "IfModifiedSince": earlier}):
        answer = refused("304", s3.get_object, **it, **same)
        assert (status(answer), headers(answer)["etag"]) == (304, made)
        assert status(refused("304", s3.head_object, **it, **same)) == 304
    for fails in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": earlier}):
        answer = refused("PreconditionFailed", s3.get_object, **it, **fails)
        assert answer["Error"]["Message"] == "At least one of the pre-conditions you specified did not hold"
        assert answer["Error"]["Condition"] == ("If-Match" if "IfMatch" in fails else "If-Unmodified-Since")
        assert status(refused("412", s3.head_object, **it, **fails)) == 412


def test_writing_under_conditions(s3, bucket):
    first = s3.put_object(Bucket=bucket, Key="it", Body=b"1", IfNoneMatch="*")["ETag"]
    answer = refused("PreconditionFailed", s3.put_object, Bucket=bucket, Key="it", Body=b"2", IfNoneMatch="*")
    assert (status(answer), answer["Error"]["Condition"]) == (412, "If-None-Match")
    second = s3.put_object(Bucket=bucket, Key="it", Body=b"2", IfMatch=first)["ETag"]
    refused("PreconditionFailed", s3.put_object, Bucket=bucket, Key="it", Body=b"3", IfMatch=first)
    refused("NoSuchKey", s3.put_object, Bucket=bucket, Key="missing", Body=b"3", IfMatch=first)
    refused("PreconditionFailed", s3.delete_object, Bucket=bucket, Key="it", IfMatch=first)
    assert body(s3, bucket, "it") == b"2"
    s3.delete_object(Bucket=bucket, Key="it", IfMatch=second)
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="it")


def test_what_an_answer_should_say(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x", ContentType="text/plain")
    got = s3.get_object(
        Bucket=bucket, Key="it", ResponseContentType="text/csv", ResponseContentDisposition="inline", ResponseCacheControl="no-store",
        ResponseContentEncoding="br", ResponseContentLanguage="fr", ResponseExpires=datetime.datetime(2031, 1, 1),
    )
    assert (got["ContentType"], got["ContentDisposition"], got["CacheControl"]) == ("text/csv", "inline", "no-store")
    assert (got["ContentEncoding"], got["ContentLanguage"]) == ("br", "fr")
    assert headers(got)["expires"] == "Wed, 01 Jan 2031 00:00:00 GMT"


def test_deleting(s3, bucket):
    put_all(s3, bucket, "a", "b", "c")
    assert status(s3.delete_object(Bucket=bucket, Key="a")) == 204
    assert status(s3.delete_object(Bucket=bucket, Key="never was")) == 204
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}, {"Key": "never was"}]})
    assert [entry["Key"] for entry in answer["Deleted"]] == ["b", "never was"] and "Errors" not in answer
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "c"}], "Quiet": True})
    assert "Deleted" not in quiet and "Errors" not in quiet
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    answer = refused("404", s3.head_object, Bucket=bucket, Key="a")
    assert (status(answer), answer["Error"]["Message"]) == (404, "Not Found")


def test_a_thousand_at_once_and_no_more(s3, bucket):
    names = [f"n{n}" for n in range(1001)]
    for name in names[:3]:
        s3.put_object(Bucket=bucket, Key=name)
    objects = [{"Key": name} for name in names]
    refused("MalformedXML", s3.delete_objects, Bucket=bucket, Delete={"Objects": objects})
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": objects[:1000]})["Deleted"]) == 1000


def test_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x", Tagging="a=1&b=two%20words")
    assert s3.get_object_tagging(Bucket=bucket, Key="it")["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two words"}]
    assert s3.get_object(Bucket=bucket, Key="it")["TagCount"] == 2
    s3.put_object_tagging(Bucket=bucket, Key="it", Tagging={"TagSet": [{"Key": "c", "Value": ""}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="it")["TagSet"] == [{"Key": "c", "Value": ""}]
    assert status(s3.delete_object_tagging(Bucket=bucket, Key="it")) == 204
    assert s3.get_object_tagging(Bucket=bucket, Key="it")["TagSet"] == []
    assert "TagCount" not in s3.get_object(Bucket=bucket, Key="it")
    eleven = {"TagSet": [{"Key": str(n), "Value": ""} for n in range(11)]}
    answer = refused("BadRequest", s3.put_object_tagging, Bucket=bucket, Key="it", Tagging=eleven)
    assert answer["Error"]["Message"] == "Object tags cannot be greater than 10"


def test_storage_classes_and_encryption_are_told(s3, bucket):
    s3.put_object(Bucket=bucket, Key="cold", Body=b"x", StorageClass="STANDARD_IA")
    assert s3.head_object(Bucket=bucket, Key="cold")["StorageClass"] == "STANDARD_IA"
    s3.put_object(Bucket=bucket, Key="warm", Body=b"x")
    assert "StorageClass" not in s3.head_object(Bucket=bucket, Key="warm")
    assert [entry["StorageClass"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["STANDARD_IA", "STANDARD"]
    s3.put_object(Bucket=bucket, Key="kms", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/mine", BucketKeyEnabled=True)
    got = s3.head_object(Bucket=bucket, Key="kms")
    assert (got["ServerSideEncryption"], got["BucketKeyEnabled"]) == ("aws:kms", True)
    assert got["SSEKMSKeyId"]


def test_what_an_object_consists_of(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"hello", ChecksumAlgorithm="SHA256")
    wanted = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    got = s3.get_object_attributes(Bucket=bucket, Key="it", ObjectAttributes=wanted)
    assert (got["ETag"], got["ObjectSize"], got["StorageClass"]) == (etag(b"hello").strip('"'), 5, "STANDARD")
    assert got["Checksum"]["ChecksumSHA256"] == "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
    assert "ObjectParts" not in got


def test_a_stream_without_an_end_in_sight(s3, bucket):
    class Unseekable(io.RawIOBase):
        """A body whose length nobody knows: the SDK cuts it into parts."""

        left = 12_000_000

        def readable(self):
            return True

        def readinto(self, buffer):
            count = min(len(buffer), self.left)
            buffer[:count] = b"z" * count
            self.left -= count
            return count

    s3.upload_fileobj(Unseekable(), bucket, "it")
    assert s3.head_object(Bucket=bucket, Key="it")["ContentLength"] == 12_000_000
    target = io.BytesIO()
    s3.download_fileobj(bucket, "it", target)
    assert target.getvalue() == b"z" * 12_000_000


def test_what_was_acknowledged_is_there_after_a_kill(server, s3, bucket):
    small, large = bytes_of(100), bytes_of(300_000)
    s3.put_object(Bucket=bucket, Key="small", Body=small)
    s3.put_object(Bucket=bucket, Key="large", Body=large)
    server.kill()
    server.start()
    assert (body(s3, bucket, "small"), body(s3, bucket, "large")) == (small, large)


def test_a_connection_ends_where_a_client_waited_for_100_continue_in_vain(s3, bucket):
    """botocore asks for it before each file; one that gets a last answer instead may misread the next."""

    def ends(answer) -> bool:
        return answer["ResponseMetadata"]["HTTPHeaders"].get("connection") == "close"

    assert ends(s3.put_object(Bucket=bucket, Key="empty", Body=io.BytesIO(b"")))
    assert not ends(s3.put_object(Bucket=bucket, Key="full", Body=io.BytesIO(b"x" * 500)))
    nowhere = refused("NoSuchBucket", s3.put_object, Bucket=f"{bucket}-nowhere", Key="k", Body=io.BytesIO(b"x" * 100_000))
    assert ends(nowhere)
    assert [len(body(s3, bucket, key)) for key in ("empty", "full")] == [0, 500]
