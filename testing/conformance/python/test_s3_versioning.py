"""Versions: kept, marked as deleted, found, brought back, listed."""

import pytest

from s3 import body, headers, put_all, refused, status


@pytest.fixture
def versioned(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def listed(s3, bucket, **parameters):
    """(key, version, is latest, is marker), in the order of the answer's two lists."""
    answer = s3.list_object_versions(Bucket=bucket, **parameters)
    entries = [(entry, False) for entry in answer.get("Versions", [])] + [(entry, True) for entry in answer.get("DeleteMarkers", [])]
    return [(entry["Key"], entry["VersionId"], entry["IsLatest"], marker) for entry, marker in entries]


def test_versioning_is_off_until_it_is_on(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    assert listed(s3, bucket) == [("it", "null", True, False)]
    for state in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": state})
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == state
    refused("IllegalVersioningConfigurationException", s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={})


def test_every_version_is_kept(s3, versioned):
    made = [s3.put_object(Bucket=versioned, Key="it", Body=text)["VersionId"] for text in (b"one", b"two", b"three")]
    assert len(set(made)) == 3 and all(len(version) == 32 for version in made)
    assert body(s3, versioned, "it") == b"three"
    assert [body(s3, versioned, "it", VersionId=version) for version in made] == [b"one", b"two", b"three"]
    assert s3.head_object(Bucket=versioned, Key="it")["VersionId"] == made[2]
    assert listed(s3, versioned) == [("it", version, version == made[2], False) for version in reversed(made)]


def test_a_marker_hides_and_its_removal_brings_back(s3, versioned):
    version = s3.put_object(Bucket=versioned, Key="it", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket=versioned, Key="it")
    assert marker["DeleteMarker"] is True and marker["VersionId"] != version
    gone = refused("NoSuchKey", s3.get_object, Bucket=versioned, Key="it")
    assert (headers(gone)["x-amz-delete-marker"], headers(gone)["x-amz-version-id"]) == ("true", marker["VersionId"])
    asked = refused("MethodNotAllowed", s3.get_object, Bucket=versioned, Key="it", VersionId=marker["VersionId"])
    assert (status(asked), headers(asked)["x-amz-delete-marker"]) == (405, "true")
    assert asked["Error"]["Message"] == "The specified method is not allowed against this resource."
    assert s3.list_objects_v2(Bucket=versioned)["KeyCount"] == 0
    assert listed(s3, versioned) == [("it", version, False, False), ("it", marker["VersionId"], True, True)]
    assert body(s3, versioned, "it", VersionId=version) == b"x"
    removed = s3.delete_object(Bucket=versioned, Key="it", VersionId=marker["VersionId"])
    assert (removed["DeleteMarker"], removed["VersionId"]) == (True, marker["VersionId"])
    assert body(s3, versioned, "it") == b"x"


def test_removing_a_version_for_good(s3, versioned):
    first, second = (s3.put_object(Bucket=versioned, Key="it", Body=text)["VersionId"] for text in (b"1", b"2"))
    removed = s3.delete_object(Bucket=versioned, Key="it", VersionId=second)
    assert removed["VersionId"] == second and "DeleteMarker" not in removed
    assert body(s3, versioned, "it") == b"1"
    answer = refused("NoSuchVersion", s3.get_object, Bucket=versioned, Key="it", VersionId=second)
    assert (status(answer), answer["Error"]["Message"]) == (404, "The specified version does not exist.")
    assert (answer["Error"]["Key"], answer["Error"]["VersionId"]) == ("it", second)
    bad = refused("InvalidArgument", s3.get_object, Bucket=versioned, Key="it", VersionId="no version")
    assert bad["Error"]["Message"] == "Invalid version id specified"
    s3.delete_object(Bucket=versioned, Key="it", VersionId=first)
    assert listed(s3, versioned) == []
    s3.delete_bucket(Bucket=versioned)


def test_many_are_deleted_at_once(s3, versioned):
    kept = s3.put_object(Bucket=versioned, Key="a", Body=b"1")["VersionId"]
    other = s3.put_object(Bucket=versioned, Key="b", Body=b"2")["VersionId"]
    answer = s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": other}]})
    by_key = {entry["Key"]: entry for entry in answer["Deleted"]}
    assert by_key["a"]["DeleteMarker"] is True and by_key["a"]["DeleteMarkerVersionId"] != kept
    assert by_key["b"] == {"Key": "b", "VersionId": other}
    again = s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "a", "VersionId": by_key["a"]["DeleteMarkerVersionId"]}]})
    assert again["Deleted"][0] == {
        "Key": "a", "VersionId": by_key["a"]["DeleteMarkerVersionId"], "DeleteMarker": True, "DeleteMarkerVersionId": by_key["a"]["DeleteMarkerVersionId"],
    }
    assert body(s3, versioned, "a") == b"1"


def test_what_was_there_before_is_the_null_version(s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    newer = s3.put_object(Bucket=bucket, Key="it", Body=b"after")["VersionId"]
    assert body(s3, bucket, "it", VersionId="null") == b"before"
    assert listed(s3, bucket) == [("it", newer, True, False), ("it", "null", False, False)]


def test_while_suspended_there_is_one_null_version(s3, versioned):
    kept = s3.put_object(Bucket=versioned, Key="it", Body=b"kept")["VersionId"]
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": "Suspended"})
    for text in (b"one", b"two"):
        assert s3.put_object(Bucket=versioned, Key="it", Body=text).get("VersionId") in (None, "null")
    assert listed(s3, versioned) == [("it", "null", True, False), ("it", kept, False, False)]
    marker = s3.delete_object(Bucket=versioned, Key="it")
    assert (marker["DeleteMarker"], marker["VersionId"]) == (True, "null")
    assert listed(s3, versioned) == [("it", kept, False, False), ("it", "null", True, True)]


def test_listing_versions_page_by_page(s3, versioned):
    for key in ("a", "b", "c/d"):
        for text in (b"1", b"2"):
            s3.put_object(Bucket=versioned, Key=key, Body=text)
    s3.delete_object(Bucket=versioned, Key="b")
    everything = s3.list_object_versions(Bucket=versioned)
    whole = [(entry["Key"], entry["VersionId"]) for entry in everything["Versions"] + everything["DeleteMarkers"]]
    for size in (1, 2, 3):
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=versioned, PaginationConfig={"PageSize": size})
        found = [(entry["Key"], entry["VersionId"]) for page in pages for entry in page.get("Versions", []) + page.get("DeleteMarkers", [])]
        assert sorted(found) == sorted(whole)
    folded = s3.list_object_versions(Bucket=versioned, Delimiter="/")
    assert [entry["Prefix"] for entry in folded["CommonPrefixes"]] == ["c/"]
    after = s3.list_object_versions(Bucket=versioned, KeyMarker="a")
    assert {entry["Key"] for entry in after["Versions"]} == {"b", "c/d"}
    answer = refused("InvalidArgument", s3.list_object_versions, Bucket=versioned, VersionIdMarker="x")
    assert answer["Error"]["Message"] == "A version-id marker cannot be specified without a key marker."


def test_versions_that_are_copied_and_tagged(s3, versioned):
    old = s3.put_object(Bucket=versioned, Key="it", Body=b"old")["VersionId"]
    new = s3.put_object(Bucket=versioned, Key="it", Body=b"new")["VersionId"]
    back = s3.copy_object(Bucket=versioned, Key="it", CopySource={"Bucket": versioned, "Key": "it", "VersionId": old})
    assert back["CopySourceVersionId"] == old and back["VersionId"] not in (old, new)
    assert body(s3, versioned, "it") == b"old"
    tagged = s3.put_object_tagging(Bucket=versioned, Key="it", VersionId=new, Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    assert tagged["VersionId"] == new
    assert s3.get_object_tagging(Bucket=versioned, Key="it", VersionId=new)["TagSet"] == [{"Key": "a", "Value": "1"}]
    assert s3.get_object_tagging(Bucket=versioned, Key="it")["TagSet"] == []


def test_a_bucket_of_markers_is_not_empty(s3, versioned):
    put_all(s3, versioned, "it")
    s3.delete_object(Bucket=versioned, Key="it")
    answer = refused("BucketNotEmpty", s3.delete_bucket, Bucket=versioned)
    assert answer["Error"]["Message"] == "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
