"""Lifecycle: rules as they are told, and what they do when time passes."""

import datetime

import pytest

from s3 import headers, keys, put_all, refused


def rules(s3, bucket, *rules):
    complete = [{"ID": f"r{at}", "Status": "Enabled", "Filter": {"Prefix": ""}} | rule for at, rule in enumerate(rules)]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": complete})
    return complete


def pass_time(server, duration):
    server.advance(duration)
    server.settle()


def left(s3, bucket):
    return keys(s3.list_objects_v2(Bucket=bucket))


def test_rules_are_told_as_they_were_set(s3, bucket):
    set = rules(
        s3, bucket, {"Expiration": {"Days": 1}},
        {"Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "t", "Value": "1"}], "ObjectSizeGreaterThan": 10}}, "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}]},
        {"Filter": {"Tag": {"Key": "t", "Value": "2"}}, "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2}, "Status": "Disabled"},
        {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
    )
    told = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert told["Rules"] == set
    assert told["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    s3.delete_bucket_lifecycle(Bucket=bucket)
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=bucket)


def test_objects_expire_after_days(server, s3, bucket):
    rules(s3, bucket, {"Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}})
    put_all(s3, bucket, "tmp/a", "kept")
    says = headers(s3.head_object(Bucket=bucket, Key="tmp/a"))["x-amz-expiration"]
    assert says.startswith('expiry-date="') and says.endswith('GMT", rule-id="r0"')
    assert "x-amz-expiration" not in headers(s3.head_object(Bucket=bucket, Key="kept"))
    pass_time(server, "PT12H")
    assert left(s3, bucket) == ["kept", "tmp/a"]
    # At the midnight (UTC) after a whole day.
    pass_time(server, "P2D")
    assert left(s3, bucket) == ["kept"]


def test_on_a_date_by_tags_and_by_size(server, s3, bucket):
    tomorrow = (s3.head_bucket(Bucket=bucket) and now(s3) + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    rules(
        s3, bucket, {"Filter": {"Prefix": "dated/"}, "Expiration": {"Date": tomorrow}},
        {"Filter": {"Tag": {"Key": "t", "Value": "1"}}, "Expiration": {"Days": 1}},
        {"Filter": {"And": {"Prefix": "sized/", "ObjectSizeGreaterThan": 5, "ObjectSizeLessThan": 10}}, "Expiration": {"Days": 1}},
    )
    put_all(s3, bucket, "dated/a", "kept", "sized/", "sized/1", "sized/12345")
    s3.put_object(Bucket=bucket, Key="tagged", Body=b"", Tagging="t=1&u=2")
    s3.put_object(Bucket=bucket, Key="tagged otherwise", Body=b"", Tagging="t=2")
    pass_time(server, "P3D")
    assert left(s3, bucket) == ["kept", "sized/12345", "tagged otherwise"]


def now(s3) -> datetime.datetime:
    """What the server takes for the time."""
    return s3.list_buckets()["Buckets"][-1]["CreationDate"]


def test_versions_that_are_no_longer_current(server, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rules(s3, bucket, {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 1}})
    made = [s3.put_object(Bucket=bucket, Key="a", Body=text)["VersionId"] for text in (b"1", b"2", b"3")]
    pass_time(server, "P3D")
    assert [entry["VersionId"] for entry in s3.list_object_versions(Bucket=bucket)["Versions"]] == [made[2], made[1]]


def test_expiry_marks_where_there_are_versions_and_lone_markers_go(server, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rules(s3, bucket, {"Expiration": {"Days": 1}})
    put_all(s3, bucket, "a")
    pass_time(server, "P3D")
    listed = s3.list_object_versions(Bucket=bucket)
    assert len(listed["Versions"]) == 1 and listed["DeleteMarkers"][0]["IsLatest"]
    rules(s3, bucket, {"Expiration": {"ExpiredObjectDeleteMarker": True}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    pass_time(server, "P4D")
    assert set(s3.list_object_versions(Bucket=bucket)) & {"Versions", "DeleteMarkers"} == set()


def test_uploads_that_are_never_completed(server, s3, bucket):
    rules(s3, bucket, {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a")
    assert upload["AbortRuleId"] == "r0" and upload["AbortDate"]
    pass_time(server, "P3D")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_transitions_change_the_class(server, s3, bucket):
    rules(s3, bucket, {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]})
    s3.put_object(Bucket=bucket, Key="a", Body=b"x" * 200_000)
    s3.put_object(Bucket=bucket, Key="small", Body=b"x")
    pass_time(server, "P3D")
    assert s3.head_object(Bucket=bucket, Key="a")["StorageClass"] == "GLACIER"
    # What is smaller than 128 KiB stays where it is, unless a rule says otherwise.
    assert "StorageClass" not in s3.head_object(Bucket=bucket, Key="small")
    answer = refused("InvalidObjectState", s3.get_object, Bucket=bucket, Key="a")
    assert answer["Error"]["StorageClass"] == "GLACIER"


@pytest.mark.parametrize(
    ("rule", "code", "message"),
    [
        ({}, "InvalidRequest", "At least one action needs to be specified in a rule"),
        ({"Expiration": {"Days": 0}}, "InvalidArgument", "'Days' for Expiration action must be a positive integer"),
        ({"Expiration": {"Date": datetime.datetime(2030, 1, 1, 5)}}, "InvalidArgument", "'Date' must be at midnight GMT"),
        ({"ID": "x" * 256, "Expiration": {"Days": 1}}, "InvalidArgument", "ID length should not exceed allowed limit of 255"),
        ({"Transitions": [{"Days": 10, "StorageClass": "STANDARD_IA"}]}, "InvalidArgument", "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'"),
        ({"Expiration": {"Days": 5}, "Transitions": [{"Days": 40, "StorageClass": "GLACIER"}]}, "InvalidArgument", "'Days' in the Expiration action for filter '()' must be greater than 'Days' in the Transition action"),
        ({"Expiration": {"ExpiredObjectDeleteMarker": True}, "Filter": {"Tag": {"Key": "a", "Value": "b"}}}, "InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags"),
    ],
    ids=str,
)
def test_rules_that_cannot_be(s3, bucket, rule, code, message):
    complete = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}} | rule
    answer = refused(code, s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": [complete]})
    assert answer["Error"]["Message"] == message
