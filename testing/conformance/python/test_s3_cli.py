"""The AWS CLI's `s3` commands, as people type them, and rclone, which signs and asks in ways of its own."""

import filecmp
import subprocess
import sys
from pathlib import Path

import pytest

from s3 import bytes_of, etag, keys

BIN = Path(sys.executable).parent
LARGE = 105 * 1024 * 1024


@pytest.fixture(scope="module")
def run(server, cli_environment):
    """Runs a program of the test environment with the server in its environment; answers what it prints."""
    environment = cli_environment | {
        "RCLONE_CONFIG_T_TYPE": "s3",
        "RCLONE_CONFIG_T_PROVIDER": "AWS",
        "RCLONE_CONFIG_T_ENV_AUTH": "true",
        "RCLONE_CONFIG_T_ENDPOINT": server.url,
        "RCLONE_CONFIG_T_REGION": "us-east-1",
        "RCLONE_CONFIG_T_FORCE_PATH_STYLE": "true",
        # Without TLS its SDK would read each body twice, which rclone's bodies cannot be.
        "RCLONE_CONFIG_T_USE_PRESIGNED_REQUEST": "true",
    }

    def run(*arguments: str, fails: bool = False, stdin: bytes | None = None) -> str:
        command = [BIN / arguments[0], *arguments[1:]]
        done = subprocess.run(command, env=environment, capture_output=True, input=stdin, timeout=300)
        assert (done.returncode != 0) is fails, done
        return (done.stderr if fails else done.stdout).decode()

    return run


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with names that are a nuisance."""
    for name in ("a.txt", "b/c d.txt", "b/é+%.csv", "b/empty", "deep/er/and/deeper.log"):
        path = tmp_path / "local" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name.endswith("empty") else name.encode() * 50)
    return tmp_path / "local"


def same(left: Path, right: Path) -> bool:
    names = [sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()) for root in (left, right)]
    return names[0] == names[1] and filecmp.cmpfiles(left, right, names[0], shallow=False)[0] == names[0]


def test_buckets(run, s3):
    assert run("aws", "s3", "mb", "s3://cli-bucket").strip() == "make_bucket: cli-bucket"
    assert "cli-bucket" in run("aws", "s3", "ls")
    assert run("aws", "s3", "rb", "s3://cli-bucket").strip() == "remove_bucket: cli-bucket"
    run("aws", "s3", "mb", "s3://cli-full")
    run("aws", "s3", "cp", "-", "s3://cli-full/it", stdin=b"x")
    assert "BucketNotEmpty" in run("aws", "s3", "rb", "s3://cli-full", fails=True)
    run("aws", "s3", "rb", "--force", "s3://cli-full")
    assert "NoSuchBucket" in run("aws", "s3", "ls", "s3://cli-full", fails=True)


def test_one_file_there_and_back(run, s3, bucket, folder, tmp_path):
    run("aws", "s3", "cp", str(folder / "b/é+%.csv"), f"s3://{bucket}/x/")
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["x/é+%.csv"]
    assert s3.head_object(Bucket=bucket, Key="x/é+%.csv")["ContentType"] == "text/csv"
    run("aws", "s3", "cp", f"s3://{bucket}/x/é+%.csv", str(tmp_path / "back"))
    assert filecmp.cmp(folder / "b/é+%.csv", tmp_path / "back", shallow=False)
    assert run("aws", "s3", "cp", f"s3://{bucket}/x/é+%.csv", "-") == "b/é+%.csv" * 50
    assert "404" in run("aws", "s3", "cp", f"s3://{bucket}/missing", str(tmp_path), fails=True)


def test_more_than_a_hundred_megabytes(run, s3, bucket, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(bytes_of(LARGE))
    run("aws", "s3", "cp", str(large), f"s3://{bucket}/large")
    told = s3.head_object(Bucket=bucket, Key="large")
    assert told["ContentLength"] == LARGE and told["ETag"].endswith('-14"')
    run("aws", "s3", "cp", f"s3://{bucket}/large", f"s3://{bucket}/copy")
    run("aws", "s3", "cp", f"s3://{bucket}/copy", str(tmp_path / "back"))
    assert filecmp.cmp(large, tmp_path / "back", shallow=False)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_sync(run, s3, bucket, folder, tmp_path):
    here, there = str(folder), f"s3://{bucket}/tree"
    assert run("aws", "s3", "sync", here, there).count("upload:") == 5
    assert run("aws", "s3", "sync", here, there) == ""
    run("aws", "s3", "sync", there, str(tmp_path / "back"))
    assert same(folder, tmp_path / "back")
    (folder / "a.txt").unlink()
    (folder / "b/new").write_text("new")
    changed = run("aws", "s3", "sync", "--delete", here, there)
    assert changed.count("upload:") == 1 and changed.count("delete:") == 1
    run("aws", "s3", "sync", there, f"s3://{bucket}/other", "--exclude", "*", "--include", "b/*")
    assert len(keys(s3.list_objects_v2(Bucket=bucket, Prefix="other/"))) == 4


def test_listing_moving_and_removing(run, s3, bucket, folder):
    run("aws", "s3", "cp", "--recursive", str(folder), f"s3://{bucket}/")
    top = run("aws", "s3", "ls", f"s3://{bucket}/")
    assert "PRE b/" in top and "PRE deep/" in top and "a.txt" in top
    whole = run("aws", "s3", "ls", "--recursive", "--summarize", f"s3://{bucket}")
    assert "b/c d.txt" in whole and "Total Objects: 5" in whole
    run("aws", "s3", "mv", f"s3://{bucket}/a.txt", f"s3://{bucket}/moved.txt")
    run("aws", "s3", "mv", "--recursive", f"s3://{bucket}/b", f"s3://{bucket}/c")
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["c/c d.txt", "c/empty", "c/é+%.csv", "deep/er/and/deeper.log", "moved.txt"]
    run("aws", "s3", "rm", f"s3://{bucket}/moved.txt")
    run("aws", "s3", "rm", "--recursive", f"s3://{bucket}/c/", "--exclude", "*.csv")
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["c/é+%.csv", "deep/er/and/deeper.log"]
    run("aws", "s3", "rm", "--recursive", f"s3://{bucket}")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_presign_and_website(run, server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="a b", Body=b"signed")
    url = run("aws", "s3", "presign", f"s3://{bucket}/a b").strip()
    assert server.request("GET", url.removeprefix(server.url)).text == "signed"
    run("aws", "s3", "website", f"s3://{bucket}", "--index-document", "index.html")
    assert s3.get_bucket_website(Bucket=bucket)["IndexDocument"] == {"Suffix": "index.html"}


def test_the_api_itself(run, s3, bucket, tmp_path):
    file = tmp_path / "it"
    file.write_bytes(b"hello")
    answer = run("aws", "s3api", "put-object", "--bucket", bucket, "--key", "it", "--body", str(file), "--query", "ETag", "--output", "text")
    assert answer.strip() == etag(b"hello")
    run("aws", "s3api", "wait", "object-exists", "--bucket", bucket, "--key", "it")
    run("aws", "s3api", "get-object", "--bucket", bucket, "--key", "it", "--range", "bytes=1-3", str(tmp_path / "part"))
    assert (tmp_path / "part").read_bytes() == b"ell"


def test_rclone(run, s3, folder, tmp_path):
    run("rclone", "mkdir", "T:rclone-bucket")
    large = folder / "large"
    large.write_bytes(bytes_of(20_000_000))
    upload = ["--s3-upload-cutoff", "6M", "--s3-chunk-size", "5M"]
    run("rclone", "copy", *upload, str(folder), "T:rclone-bucket/tree")
    run("rclone", "check", "--download", str(folder), "T:rclone-bucket/tree")
    assert sorted(run("rclone", "lsf", "-R", "--files-only", "T:rclone-bucket/tree").split("\n")[:-1]) == sorted(
        str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()
    )
    run("rclone", "sync", "T:rclone-bucket/tree", str(tmp_path / "back"))
    assert same(folder, tmp_path / "back")
    run("rclone", "moveto", "T:rclone-bucket/tree/a.txt", "T:rclone-bucket/é b.txt")
    assert run("rclone", "cat", "T:rclone-bucket/é b.txt") == "a.txt" * 50
    run("rclone", "purge", "T:rclone-bucket")
    assert "rclone-bucket" not in run("rclone", "lsd", "T:")
