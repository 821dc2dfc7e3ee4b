"""Copies: onto another key, into another bucket, onto themselves, under conditions."""

import datetime

from s3 import body, bytes_of, etag, refused, status


def test_a_copy_is_the_same_and_its_own(s3, bucket):
    content = bytes_of(200_000)
    s3.put_object(Bucket=bucket, Key="from here", Body=content, ContentType="text/plain", Metadata={"a": "1"}, Tagging="t=1")
    copied = s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from here"})
    assert copied["CopyObjectResult"]["ETag"] == etag(content)
    assert copied["CopyObjectResult"]["LastModified"]
    s3.delete_object(Bucket=bucket, Key="from here")
    got = s3.get_object(Bucket=bucket, Key="to")
    assert got["Body"].read() == content
    assert (got["ContentType"], got["Metadata"], got["TagCount"]) == ("text/plain", {"a": "1"}, 1)


def test_what_a_copy_is_given(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x", ContentType="text/plain", Metadata={"a": "1"}, Tagging="t=1")
    source = {"Bucket": bucket, "Key": "it"}
    s3.copy_object(
        Bucket=bucket, Key="to", CopySource=source, MetadataDirective="REPLACE", ContentType="text/csv", Metadata={"b": "2"},
        TaggingDirective="REPLACE", Tagging="u=2&v=3", StorageClass="GLACIER_IR",
    )
    got = s3.get_object(Bucket=bucket, Key="to")
    assert (got["ContentType"], got["Metadata"], got["TagCount"], got["StorageClass"]) == ("text/csv", {"b": "2"}, 2, "GLACIER_IR")
    # Without REPLACE what is given beside it is not looked at.
    s3.copy_object(Bucket=bucket, Key="same", CopySource=source, Metadata={"b": "2"})
    assert s3.head_object(Bucket=bucket, Key="same")["Metadata"] == {"a": "1"}


def test_onto_itself_only_with_a_change(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x", Metadata={"a": "1"})
    itself = {"Bucket": bucket, "Key": "it", "CopySource": {"Bucket": bucket, "Key": "it"}}
    answer = refused("InvalidRequest", s3.copy_object, **itself)
    assert answer["Error"]["Message"] == (
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
        "metadata, storage class, website redirect location or encryption attributes."
    )
    s3.copy_object(**itself, MetadataDirective="REPLACE", Metadata={"a": "2"})
    assert s3.head_object(Bucket=bucket, Key="it")["Metadata"] == {"a": "2"}
    s3.copy_object(**itself, StorageClass="STANDARD_IA")
    got = s3.head_object(Bucket=bucket, Key="it")
    assert (got["StorageClass"], got["Metadata"]) == ("STANDARD_IA", {"a": "2"})


def test_into_another_bucket_and_by_every_way_to_say_so(s3, bucket):
    s3.create_bucket(Bucket=f"{bucket}-other")
    s3.put_object(Bucket=bucket, Key="a b/ü+%", Body=b"x")
    # boto3 quotes what is text as it quotes the parts of a dictionary.
    ways = (f"{bucket}/a b/ü+%", f"/{bucket}/a b/ü+%", {"Bucket": bucket, "Key": "a b/ü+%"})
    for way in ways:
        s3.copy_object(Bucket=f"{bucket}-other", Key="to", CopySource=way)
        assert body(s3, f"{bucket}-other", "to") == b"x"
        s3.delete_object(Bucket=f"{bucket}-other", Key="to")


def test_copies_under_conditions(s3, bucket):
    tag = s3.put_object(Bucket=bucket, Key="it", Body=b"x")["ETag"]
    made = s3.head_object(Bucket=bucket, Key="it")["LastModified"]
    copy = {"Bucket": bucket, "Key": "to", "CopySource": {"Bucket": bucket, "Key": "it"}}
    earlier, later = made - datetime.timedelta(hours=1), made + datetime.timedelta(seconds=1)
    for holds in ({"CopySourceIfMatch": tag}, {"CopySourceIfNoneMatch": '"x"'}, {"CopySourceIfModifiedSince": earlier}, {"CopySourceIfUnmodifiedSince": later}):
        s3.copy_object(**copy, **holds)
    for fails in ({"CopySourceIfMatch": '"x"'}, {"CopySourceIfNoneMatch": tag}, {"CopySourceIfUnmodifiedSince": earlier}):
        answer = refused("PreconditionFailed", s3.copy_object, **copy, **fails)
        assert (status(answer), answer["Error"]["Condition"][:14]) == (412, "x-amz-copy-sou")


def test_what_cannot_be_copied(s3, bucket):
    answer = refused("NoSuchKey", s3.copy_object, Bucket=bucket, Key="to", CopySource=f"{bucket}/missing")
    assert answer["Error"]["Key"] == "missing"
    refused("NoSuchBucket", s3.copy_object, Bucket=bucket, Key="to", CopySource="nobodys-bucket-at-all/it")
    answer = refused("InvalidArgument", s3.copy_object, Bucket=bucket, Key="to", CopySource="nothing")
    assert answer["Error"]["Message"] == "Invalid copy source object key"


def test_a_large_object_through_the_transfer_manager(s3, bucket):
    content = bytes_of(20_000_000)
    s3.put_object(Bucket=bucket, Key="it", Body=content)
    from boto3.s3.transfer import TransferConfig

    s3.copy({"Bucket": bucket, "Key": "it"}, bucket, "to", Config=TransferConfig(multipart_threshold=6_000_000, multipart_chunksize=6_000_000))
    got = s3.get_object(Bucket=bucket, Key="to")
    assert got["Body"].read() == content and got["ETag"].endswith('-4"')


def test_an_object_gets_another_name(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    tag = s3.head_object(Bucket=bucket, Key="it")["ETag"]
    assert s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/it", IfNoneMatch="*")["CopyObjectResult"]["ETag"] == tag
    refused("PreconditionFailed", s3.copy_object, Bucket=bucket, Key="to", CopySource=f"{bucket}/it", IfNoneMatch="*")
