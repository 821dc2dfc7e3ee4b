"""Clients that are not AWS's: MinIO's, and `object_store` of the Rust world, which data tools are built on."""

import io
import urllib.request

import obstore
import pytest
from minio import Minio
from minio.commonconfig import ComposeSource, CopySource, Tags
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from obstore.store import S3Store

from s3 import PART, bytes_of


@pytest.fixture(scope="module")
def minio(server):
    return Minio(f"127.0.0.1:{server.port}", access_key="test", secret_key="test", secure=False, region="us-east-1")


def test_minio(minio, tmp_path):
    minio.make_bucket("minio-bucket")
    assert minio.bucket_exists("minio-bucket") and not minio.bucket_exists("minio-nothing")
    content = bytes_of(2 * PART + 17)
    minio.put_object("minio-bucket", "größe/a b+c", io.BytesIO(content), -1, part_size=PART, metadata={"colour": "blue"})
    stat = minio.stat_object("minio-bucket", "größe/a b+c")
    assert (stat.size, stat.metadata["x-amz-meta-colour"]) == (len(content), "blue")
    answer = minio.get_object("minio-bucket", "größe/a b+c", offset=PART - 1, length=2)
    assert answer.read() == content[PART - 1 : PART + 1]
    answer.release_conn()
    minio.fget_object("minio-bucket", "größe/a b+c", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == content
    minio.copy_object("minio-bucket", "copy", CopySource("minio-bucket", "größe/a b+c"))
    parts = [ComposeSource("minio-bucket", "größe/a b+c"), ComposeSource("minio-bucket", "copy", offset=0, length=10)]
    minio.compose_object("minio-bucket", "both", parts)
    assert minio.stat_object("minio-bucket", "both").size == len(content) + 10
    tags = Tags.new_object_tags()
    tags["a"] = "1"
    minio.set_object_tags("minio-bucket", "copy", tags)
    assert minio.get_object_tags("minio-bucket", "copy") == {"a": "1"}
    url = minio.presigned_get_object("minio-bucket", "copy")
    with urllib.request.urlopen(url) as got:
        assert got.read() == content
    assert [entry.object_name for entry in minio.list_objects("minio-bucket")] == ["both", "copy", "größe/"]
    everything = [DeleteObject(entry.object_name) for entry in minio.list_objects("minio-bucket", recursive=True)]
    assert list(minio.remove_objects("minio-bucket", everything)) == []
    minio.remove_bucket("minio-bucket")
    with pytest.raises(S3Error) as caught:
        minio.get_object("minio-bucket", "copy")
    assert caught.value.code == "NoSuchBucket"


def test_object_store(server, s3, bucket):
    store = S3Store(
        bucket, endpoint=server.url, region="us-east-1", access_key_id="test", secret_access_key="test",
        virtual_hosted_style_request=False, client_options={"allow_http": True}, conditional_put="etag",
    )
    content = bytes_of(12_000_000)
    obstore.put(store, "a b/ü+%.bin", content, use_multipart=True, chunk_size=PART)
    assert bytes(obstore.get(store, "a b/ü+%.bin").bytes()) == content
    assert [bytes(part) for part in obstore.get_ranges(store, "a b/ü+%.bin", starts=[0, 100], ends=[10, 120])] == [content[:10], content[100:120]]
    obstore.put(store, "once", b"1", mode="create")
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        obstore.put(store, "once", b"2", mode="create")
    made = obstore.head(store, "once")
    assert (made["size"], made["path"]) == (1, "once")
    obstore.put(store, "once", b"2", mode={"e_tag": made["e_tag"]})
    with pytest.raises(obstore.exceptions.PreconditionError):
        obstore.put(store, "once", b"3", mode={"e_tag": made["e_tag"]})
    obstore.copy(store, "once", "twice")
    obstore.rename(store, "twice", "thrice")
    listed = [entry["path"] for batch in obstore.list(store) for entry in batch]
    assert listed == ["a b/ü+%.bin", "once", "thrice"]
    folded = obstore.list_with_delimiter(store)
    assert folded["common_prefixes"] == ["a b"] and len(folded["objects"]) == 2
    obstore.delete(store, listed)
    assert list(obstore.list(store)) == []
