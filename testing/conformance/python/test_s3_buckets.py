"""Buckets: made, found, listed, tagged, removed."""

import pytest

from s3 import SIGNED, headers, put_all, refused, status
from tidegate import ACCOUNT


def test_a_buckets_life(s3):
    made = s3.create_bucket(Bucket="lives")
    assert made["Location"] == "/lives"
    assert made["BucketArn"] == "arn:aws:s3:::lives"
    found = s3.head_bucket(Bucket="lives")
    assert (found["BucketRegion"], found["BucketArn"], status(found)) == ("us-east-1", "arn:aws:s3:::lives", 200)
    assert found["AccessPointAlias"] is False
    s3.get_waiter("bucket_exists").wait(Bucket="lives", WaiterConfig={"MaxAttempts": 1})
    assert status(s3.delete_bucket(Bucket="lives")) == 204
    assert status(refused("404", s3.head_bucket, Bucket="lives")) == 404
    assert refused("NoSuchBucket", s3.list_objects_v2, Bucket="lives")["Error"]["BucketName"] == "lives"


def test_each_answer_has_its_numbers(s3, bucket):
    answer = s3.head_bucket(Bucket=bucket)
    assert headers(answer)["x-amz-request-id"] == answer["ResponseMetadata"]["RequestId"]
    error = refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="missing")
    assert error["ResponseMetadata"]["RequestId"]
    assert error["Error"]["Key"] == "missing"


def test_regions(server, s3):
    answer = s3.create_bucket(Bucket="in-ireland", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert answer["Location"].endswith("in-ireland/") or answer["Location"] == "/in-ireland"
    assert s3.get_bucket_location(Bucket="in-ireland")["LocationConstraint"] == "eu-west-1"
    assert s3.head_bucket(Bucket="in-ireland")["BucketRegion"] == "eu-west-1"
    s3.create_bucket(Bucket="in-virginia")
    assert s3.get_bucket_location(Bucket="in-virginia")["LocationConstraint"] is None
    elsewhere = server.client("s3", region="eu-central-1")
    elsewhere.create_bucket(Bucket="in-frankfurt", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert s3.get_bucket_location(Bucket="in-frankfurt")["LocationConstraint"] == "eu-central-1"
    refused("IllegalLocationConstraintException", elsewhere.create_bucket, Bucket="nowhere")


def test_making_a_bucket_once_more(server, s3, bucket):
    # In us-east-1 this succeeds, for old programs' sake; in every other region it is refused.
    assert s3.create_bucket(Bucket=bucket)["Location"] == f"/{bucket}"
    elsewhere = server.client("s3", region="eu-west-1")
    there = {"LocationConstraint": "eu-west-1"}
    elsewhere.create_bucket(Bucket="twice", CreateBucketConfiguration=there)
    again = refused("BucketAlreadyOwnedByYou", elsewhere.create_bucket, Bucket="twice", CreateBucketConfiguration=there)
    assert status(again) == 409
    assert again["Error"]["Message"] == "Your previous request to create the named bucket succeeded and you already own it."
    stranger = server.client("s3", key="111122223333")
    taken = refused("BucketAlreadyExists", stranger.create_bucket, Bucket=bucket)
    assert taken["Error"]["Message"].startswith("The requested bucket name is not available.")


def test_buckets_are_listed_by_their_names(server):
    mine = server.client("s3", key="222233334444")
    for name in ("list-c", "list-a", "list-b", "other"):
        mine.create_bucket(Bucket=name)
    everything = mine.list_buckets()
    assert [entry["Name"] for entry in everything["Buckets"]] == ["list-a", "list-b", "list-c", "other"]
    assert everything["Owner"]["ID"] and len(everything["Owner"]["ID"]) == 64
    pages = list(mine.get_paginator("list_buckets").paginate(Prefix="list-", PaginationConfig={"PageSize": 2}))
    assert [[entry["Name"] for entry in page["Buckets"]] for page in pages] == [["list-a", "list-b"], ["list-c"]]
    assert pages[0]["Prefix"] == "list-"
    assert mine.list_buckets(BucketRegion="eu-west-1")["Buckets"] == []


def test_a_bucket_with_something_in_it_stays(s3, bucket):
    put_all(s3, bucket, "something")
    answer = refused("BucketNotEmpty", s3.delete_bucket, Bucket=bucket)
    assert (status(answer), answer["Error"]["BucketName"]) == (409, bucket)
    assert answer["Error"]["Message"] == "The bucket you tried to delete is not empty"
    s3.delete_object(Bucket=bucket, Key="something")
    s3.delete_bucket(Bucket=bucket)


def test_tags(s3, bucket):
    none = refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)
    assert none["Error"]["Message"] == "The TagSet does not exist"
    tags = [{"Key": "stage", "Value": "test"}, {"Key": "team", "Value": "ä + b"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    twice = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}
    answer = refused("InvalidTag", s3.put_bucket_tagging, Bucket=bucket, Tagging=twice)
    assert answer["Error"]["Message"] == "Cannot provide multiple Tags with the same key"
    s3.delete_bucket_tagging(Bucket=bucket)
    refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)


def test_the_owner_that_is_expected(s3, bucket):
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=ACCOUNT)
    answer = refused("AccessDenied", s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner="999999999999")
    assert (status(answer), answer["Error"]["Message"]) == (403, "Access Denied")
    assert status(refused("403", s3.head_bucket, Bucket=bucket, ExpectedBucketOwner="999999999999")) == 403


@pytest.mark.parametrize("host", ["{0}.s3.amazonaws.com", "{0}.s3.us-east-1.amazonaws.com", "{0}.s3.localhost.localstack.cloud:4566"])
def test_a_bucket_named_by_the_host(server, s3, bucket, host):
    put_all(s3, bucket, "a/b")
    answer = server.request("GET", "/a/b", headers=SIGNED | {"Host": host.format(bucket)})
    assert (answer.status, answer.text) == (200, "a/b")
    listing = server.request("GET", "/?list-type=2", headers=SIGNED | {"Host": host.format(bucket)})
    assert "<Key>a/b</Key>" in listing.text
