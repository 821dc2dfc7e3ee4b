"""Listing: both versions of the call and that of versions, with prefixes, delimiters, pages and names that XML cannot carry."""

import pytest

from s3 import SIGNED, etag, keys, prefixes, put_all, refused

TREE = ["a.txt", "b/1", "b/2", "b/c/3", "d/", "d/4", "e"]


@pytest.fixture(scope="module")
def tree(s3):
    s3.create_bucket(Bucket="tree")
    put_all(s3, "tree", *TREE)
    return "tree"


@pytest.fixture(params=["list_objects", "list_objects_v2"])
def list_it(request, s3):
    return getattr(s3, request.param)


@pytest.mark.parametrize(
    ("asked", "found", "folders"),
    [
        ({}, TREE, []),
        ({"Delimiter": "/"}, ["a.txt", "e"], ["b/", "d/"]),
        ({"Prefix": "b/"}, ["b/1", "b/2", "b/c/3"], []),
        ({"Prefix": "b/", "Delimiter": "/"}, ["b/1", "b/2"], ["b/c/"]),
        ({"Prefix": "b", "Delimiter": "/"}, [], ["b/"]),
        ({"Prefix": "d/", "Delimiter": "/"}, ["d/", "d/4"], []),
        ({"Prefix": "zzz"}, [], []),
        ({"Delimiter": ".t"}, TREE[1:], ["a.t"]),
        ({"Delimiter": "b/"}, ["a.txt", "d/", "d/4", "e"], ["b/"]),
        ({"Delimiter": ""}, TREE, []),
        ({"Prefix": "", "MaxKeys": 0}, [], []),
    ],
    ids=str,
)
def test_prefixes_and_delimiters(list_it, tree, asked, found, folders):
    answer = list_it(Bucket=tree, **asked)
    assert (keys(answer), prefixes(answer)) == (found, folders)
    assert answer["IsTruncated"] is False
    assert answer["Name"] == tree


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("delimiter", ["", "/"])
@pytest.mark.parametrize("call", ["list_objects", "list_objects_v2", "list_object_versions"])
def test_pages_together_are_the_whole(s3, tree, call, delimiter, size):
    pages = list(s3.get_paginator(call).paginate(Bucket=tree, Delimiter=delimiter, PaginationConfig={"PageSize": size}))
    entries = "Versions" if call == "list_object_versions" else "Contents"
    found = [entry["Key"] for page in pages for entry in page.get(entries, [])]
    folders = [folder for page in pages for folder in prefixes(page)]
    assert found == (["a.txt", "e"] if delimiter else TREE)
    assert folders == (["b/", "d/"] if delimiter else [])
    assert all(len(page.get(entries, [])) + len(prefixes(page)) <= size for page in pages)
    assert [page["IsTruncated"] for page in pages] == [True] * (len(pages) - 1) + [False]


def test_where_to_begin(s3, tree):
    assert keys(s3.list_objects_v2(Bucket=tree, StartAfter="b/2")) == ["b/c/3", "d/", "d/4", "e"]
    assert keys(s3.list_objects_v2(Bucket=tree, StartAfter="b/15")) == ["b/2", "b/c/3", "d/", "d/4", "e"]
    assert keys(s3.list_objects(Bucket=tree, Marker="d/")) == ["d/4", "e"]
    # A common prefix that the marker lies within is told once more; one that is the marker is not.
    assert prefixes(s3.list_objects_v2(Bucket=tree, Delimiter="/", StartAfter="b/1")) == ["b/", "d/"]
    assert prefixes(s3.list_objects(Bucket=tree, Delimiter="/", Marker="b/")) == ["d/"]


def test_what_a_page_says_of_itself(s3, tree):
    first = s3.list_objects_v2(Bucket=tree, MaxKeys=2, Prefix="b/", StartAfter="a")
    assert (first["KeyCount"], first["MaxKeys"], first["Prefix"], first["StartAfter"]) == (2, 2, "b/", "a")
    assert first["IsTruncated"] and first["NextContinuationToken"]
    second = s3.list_objects_v2(Bucket=tree, MaxKeys=2, Prefix="b/", ContinuationToken=first["NextContinuationToken"])
    assert (keys(second), second["IsTruncated"], second["KeyCount"]) == (["b/c/3"], False, 1)
    assert second["ContinuationToken"] == first["NextContinuationToken"]
    assert "NextContinuationToken" not in second
    old = s3.list_objects(Bucket=tree, MaxKeys=2)
    # Without a delimiter the old call has no NextMarker: the last key is it.
    assert old["IsTruncated"] and "NextMarker" not in old and old["Marker"] == ""
    assert s3.list_objects(Bucket=tree, MaxKeys=2, Delimiter="/")["NextMarker"] == "b/"


def test_what_an_entry_says(s3, tree):
    (entry,) = s3.list_objects_v2(Bucket=tree, Prefix="a.txt")["Contents"]
    assert (entry["Size"], entry["StorageClass"], entry["ETag"]) == (5, "STANDARD", etag(b"a.txt"))
    assert "Owner" not in entry
    assert (entry["ChecksumAlgorithm"], entry["ChecksumType"]) == (["CRC32"], "FULL_OBJECT")
    owned = s3.list_objects_v2(Bucket=tree, Prefix="a.txt", FetchOwner=True)["Contents"][0]
    assert len(owned["Owner"]["ID"]) == 64
    assert s3.list_objects(Bucket=tree, Prefix="a.txt")["Contents"][0]["Owner"]["ID"] == owned["Owner"]["ID"]


def test_names_that_xml_cannot_carry(server, s3, bucket):
    put_all(s3, bucket, "a\x01b", "a b+c%", "ü/x")
    plain = server.request("GET", f"/{bucket}?list-type=2&encoding-type=url", headers=SIGNED)
    assert "<EncodingType>url</EncodingType>" in plain.text
    assert "<Key>a%01b</Key>" in plain.text and "<Key>a+b%2Bc%25</Key>" in plain.text and "<Key>%C3%BC/x</Key>" in plain.text
    raw = server.request("GET", f"/{bucket}?list-type=2&prefix=a%20b", headers=SIGNED)
    assert "<Key>a b+c%</Key>" in raw.text and "EncodingType" not in raw.text
    folders = server.request("GET", f"/{bucket}?list-type=2&encoding-type=url&delimiter=/&prefix=%C3%BC", headers=SIGNED)
    assert "<Prefix>%C3%BC/</Prefix>" in folders.text and "<Delimiter>/</Delimiter>" in folders.text
    other = server.request("GET", f"/{bucket}?list-type=2&encoding-type=html", headers=SIGNED)
    assert other.status == 400 and "<Code>InvalidArgument</Code><Message>Invalid Encoding Method specified in Request</Message>" in other.text


def test_order_is_that_of_bytes(s3, bucket):
    names = ["A", "Z", "a", "z", "~", "é", "日", "\U0001f980", "﷐", "0", "00", "0/"]
    put_all(s3, bucket, *names)
    assert keys(s3.list_objects_v2(Bucket=bucket)) == sorted(names, key=lambda name: name.encode())


def test_what_is_not_a_page(s3, tree):
    answer = refused("InvalidArgument", s3.list_objects_v2, Bucket=tree, ContinuationToken="nonsense")
    assert answer["Error"]["Message"] == "The continuation token provided is incorrect"
    answer = refused("InvalidArgument", s3.list_objects_v2, Bucket=tree, MaxKeys=-1)
    assert answer["Error"]["Message"] == "Argument maxKeys must be an integer between 0 and 2147483647"
    assert len(keys(s3.list_objects_v2(Bucket=tree, MaxKeys=100_000))) == len(TREE)


def test_a_page_has_a_thousand_at_most(s3, bucket):
    put_all(s3, bucket, *(f"{n:04}" for n in range(1100)))
    first = s3.list_objects_v2(Bucket=bucket, MaxKeys=5000)
    assert (first["KeyCount"], first["IsTruncated"], first["MaxKeys"]) == (1000, True, 1000)
    assert len([1 for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket) for _ in page["Contents"]]) == 1100
