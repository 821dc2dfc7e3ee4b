"""Object lock: retention that can and cannot be shortened, legal holds, a bucket's default."""

import datetime

import pytest

from s3 import refused, status


@pytest.fixture
def locked(s3, bucket):
    name = f"{bucket}-locked"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def in_days(days: int) -> datetime.datetime:
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).replace(microsecond=0)


def test_a_bucket_with_locks_has_versions(s3, locked):
    assert s3.get_bucket_versioning(Bucket=locked)["Status"] == "Enabled"
    assert s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}
    answer = refused("InvalidBucketState", s3.put_bucket_versioning, Bucket=locked, VersioningConfiguration={"Status": "Suspended"})
    assert status(answer) == 409
    assert answer["Error"]["Message"] == "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."


def test_retention(s3, locked):
    until = in_days(10)
    version = s3.put_object(Bucket=locked, Key="it", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until)["VersionId"]
    it = {"Bucket": locked, "Key": "it", "VersionId": version}
    got = s3.head_object(**it)
    assert (got["ObjectLockMode"], got["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", until)
    answer = refused("AccessDenied", s3.delete_object, **it)
    assert answer["Error"]["Message"] == "Access Denied because object protected by object lock."
    sooner = {"Mode": "GOVERNANCE", "RetainUntilDate": in_days(5)}
    refused("AccessDenied", s3.put_object_retention, **it, Retention=sooner)
    s3.put_object_retention(**it, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": in_days(20)})
    s3.put_object_retention(**it, Retention=sooner, BypassGovernanceRetention=True)
    assert s3.get_object_retention(**it)["Retention"]["Mode"] == "GOVERNANCE"
    # A marker removes nothing, so it may be set.
    s3.delete_object(Bucket=locked, Key="it")
    s3.delete_object(**it, BypassGovernanceRetention=True)
    refused("NoSuchVersion", s3.get_object, **it)


def test_compliance_binds_everybody_until_its_end(server, s3, locked):
    version = s3.put_object(Bucket=locked, Key="it", Body=b"x", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=in_days(3))["VersionId"]
    it = {"Bucket": locked, "Key": "it", "VersionId": version}
    refused("AccessDenied", s3.delete_object, **it, BypassGovernanceRetention=True)
    refused("AccessDenied", s3.put_object_retention, **it, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": in_days(9)}, BypassGovernanceRetention=True)
    deleted = s3.delete_objects(Bucket=locked, Delete={"Objects": [{"Key": "it", "VersionId": version}]})
    assert deleted["Errors"][0]["Code"] == "AccessDenied"
    server.advance("P4D")
    s3.delete_object(**it)


def test_a_legal_hold(s3, locked):
    version = s3.put_object(Bucket=locked, Key="it", Body=b"x")["VersionId"]
    it = {"Bucket": locked, "Key": "it", "VersionId": version}
    refused("NoSuchObjectLockConfiguration", s3.get_object_legal_hold, **it)
    s3.put_object_legal_hold(**it, LegalHold={"Status": "ON"})
    assert s3.get_object_legal_hold(**it)["LegalHold"]["Status"] == "ON"
    assert s3.head_object(**it)["ObjectLockLegalHoldStatus"] == "ON"
    refused("AccessDenied", s3.delete_object, **it, BypassGovernanceRetention=True)
    s3.put_object_legal_hold(**it, LegalHold={"Status": "OFF"})
    s3.delete_object(**it)


def test_a_buckets_default(s3, locked):
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 7}}
    s3.put_object_lock_configuration(Bucket=locked, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    assert s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"]["Rule"] == rule
    s3.put_object(Bucket=locked, Key="it", Body=b"x")
    assert s3.head_object(Bucket=locked, Key="it")["ObjectLockMode"] == "GOVERNANCE"


def test_where_there_are_no_locks(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    answer = refused("InvalidRequest", s3.put_object_retention, Bucket=bucket, Key="it", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": in_days(1)})
    assert answer["Error"]["Message"] == "Bucket is missing Object Lock Configuration"
    refused("InvalidRequest", s3.put_object_legal_hold, Bucket=bucket, Key="it", LegalHold={"Status": "ON"})
    answer = refused("InvalidRequest", s3.put_object, Bucket=bucket, Key="it", Body=b"", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=in_days(1))
    assert answer["Error"]["Message"] == "Bucket is missing Object Lock Configuration"


def test_encryption_is_updated_but_not_of_what_is_locked(s3, bucket, locked):
    key = "arn:aws:kms:us-east-1:000000000000:key/0123"
    s3.put_object(Bucket=bucket, Key="it", Body=b"x", Metadata={"a": "1"})
    before = s3.head_object(Bucket=bucket, Key="it")
    wanted = {"SSEKMS": {"KMSKeyArn": key, "BucketKeyEnabled": True}}
    s3.update_object_encryption(Bucket=bucket, Key="it", ObjectEncryption=wanted)
    after = s3.head_object(Bucket=bucket, Key="it")
    assert (after["ServerSideEncryption"], after["SSEKMSKeyId"], after["BucketKeyEnabled"]) == ("aws:kms", key, True)
    assert [after[name] for name in ("ETag", "LastModified", "Metadata")] == [before[name] for name in ("ETag", "LastModified", "Metadata")]
    other = {"SSEKMS": {"KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/0123"}}
    answer = refused("AccessDenied", s3.update_object_encryption, Bucket=bucket, Key="it", ObjectEncryption=other)
    assert answer["Error"]["Message"].startswith("The AWS KMS key in the request must be owned by the same account as the bucket.")
    refused("NoSuchKey", s3.update_object_encryption, Bucket=bucket, Key="missing", ObjectEncryption=wanted)
    s3.put_object(Bucket=locked, Key="it", Body=b"x", ObjectLockLegalHoldStatus="ON")
    answer = refused("AccessDenied", s3.update_object_encryption, Bucket=locked, Key="it", ObjectEncryption=wanted)
    assert "protected by S3 Object Lock" in answer["Error"]["Message"]
